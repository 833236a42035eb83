"""What workers' newest runs came to, beside each other: from what has been mirrored, and from the hosts' trainers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from console.config import Config
from console.fleet.model import Fleet, Run
from console.fleet.records import reported
from console.fleet.view import newest_runs, run_row
from console.hosts import Hosts
from console.preflight import Refused
from console.shipping.kit import Shipping
from remote.errors import RemoteError
from trainer.outcomes import standing
from trainer.outcomes.outcome import Outcome, outcome
from trainer.outcomes.table import Table, from_json


@dataclass(frozen=True, slots=True)
class Asked:
    """What a host's trainer says of its runs: tables and sentences, or why it says nothing."""

    host: str
    document: Mapping[str, Any] | None = None
    problem: str = ""

    @property
    def tables(self) -> list[Table]:
        found = self.document.get("tables") if self.document else None
        return [from_json(item) for item in found] if isinstance(found, list) else []

    @property
    def sentences(self) -> list[str]:
        found = self.document.get("sentences") if self.document else None
        return [str(item) for item in found] if isinstance(found, list) else []


def workers_of(config: Config, words: Sequence[str]) -> list[str]:
    """Names of workers; a race's name stands for its workers."""
    names: list[str] = []
    for word in words:
        names += config.races[word].workers if word in config.races else [word]
    return list(dict.fromkeys(names))


def chosen(fleet: Fleet, workers: Sequence[str]) -> tuple[list[Run], list[str]]:
    """The newest run of each worker on each host, and which workers have none. Without names: all that ended well or
    have been validated; in the order of the configuration."""
    newest = newest_runs(fleet)
    order = list(dict.fromkeys([*(workers or fleet.planned), *sorted(name for _host, name in newest)]))
    found = [newest[key] for name in order for key in sorted(newest) if key[1] == name]
    if not workers:
        return [run for run in found if run.results is not None or _validated(run)], []
    found = [run for run in found if run.worker in workers]
    return found, [name for name in workers if name not in {run.worker for run in found}]


def outcomes(fleet: Fleet, runs: Sequence[Run], now: float) -> list[Outcome]:
    """Each run's figures, with the state that the evidence shows."""
    made = []
    for run in runs:
        found = outcome(
            run.key.run,
            config=run.config,
            status=reported(run),
            results=run.results,
            rows=run.rows.of("val"),
            host=run.key.host,
            paces=run.rows.whole().column("samples_per_s").values,
        )
        made.append(replace(found, worker=run.worker, state=run_row(fleet, run, now).state.name))
    return made


def tables(found: Sequence[Outcome]) -> list[Table]:
    """One for each task and kind of data."""
    return [standing.table(title, members) for title, members in standing.apart(found)]


def document(found: Sequence[Outcome], asked: Sequence[Asked], missing: Sequence[str]) -> dict[str, Any]:
    """For programs."""
    return {
        "schema": 1,
        "blocks": [{"title": title, **standing.document(members)} for title, members in standing.apart(found)],
        "seeds": standing.seeds(found),
        "without_a_run": list(missing),
        "hosts": [{"host": item.host, "problem": item.problem or None, "compared": item.document} for item in asked],
    }


def ask(hosts: Hosts, shipping: Shipping, runs: Sequence[Run]) -> Iterator[Asked]:
    """Each host's trainer about its runs, sample by sample. Runs on different hosts are not compared that closely."""
    for name in dict.fromkeys(run.key.host for run in runs):
        try:
            root = hosts.root(name)
            folders = [f"{root}/runs/{run.key.run}" for run in runs if run.key.host == name]
            yield Asked(name, shipping.trainer_on(name).compare(folders))
        except Refused as error:
            yield Asked(name, problem=f"{error.what} — {error.mend}" if error.mend else error.what)
        except RemoteError as error:
            yield Asked(name, problem=str(error))


def _validated(run: Run) -> bool:
    return any(row.get("phase") == "val" and row.get("epoch") for row in run.rows)
