"""`trajconsole sweep`: one worker with many values, written as [sweeps.NAME]; and what came of it."""

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.commands import common

if TYPE_CHECKING:
    from console.config import Config
    from console.editing.draft import Draft

MANY = 200  # workers that nobody wants by accident


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("of", metavar="WORKER", help="the worker that is varied; or a sweep, to see what came of it")
    parser.add_argument("values", metavar="KEY=V1,V2", nargs="*", help="values of a setting; all combinations are made")
    parser.add_argument("--list", type=Path, metavar="FILE", help="combinations one by one, in a .csv or .toml file")
    parser.add_argument("--name", metavar="NAME", help="what the sweep is called; else WORKER-sweep")
    parser.add_argument("--host", metavar="HOST,HOST", default="", help="hosts that take turns; else the worker's own")
    parser.add_argument("--gpus", type=float, default=0.0, metavar="N", help="GPUs that each waits for, or a share")
    parser.add_argument("--at-once", type=int, default=0, metavar="N", help="most that run at the same time on a host")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be made")
    parser.add_argument("--start", action="store_true", help="start them, too")
    parser.add_argument("--no-check", action="store_true", help="start at once, without trying them out")
    parser.add_argument("--yes", action="store_true", help=f"also more than {MANY} of them")
    parser.add_argument("--results", action="store_true", help="what came of a sweep; the same as without values")
    parser.add_argument("--by", metavar="METRIC", default="", help="what decides; else what the runs judge by")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def run(arguments: argparse.Namespace) -> int:
    from trainer.schema import ConfigError, Problem

    config = common.load_config(arguments)
    common.require_known([arguments.of], [*config.workers, *config.sweeps], "worker or sweep")
    new = bool(arguments.values or arguments.list)
    sweep = arguments.of in config.sweeps
    if not new and sweep:
        return asyncio.run(_results(arguments))
    if arguments.results or sweep or not new:
        what = "is a worker" if not sweep else "is a sweep already"
        mend = "name values, as in optim.lr=0.1,0.01" if not sweep else "name a worker, or change it in config.toml"
        raise ConfigError([Problem("trajconsole", None, arguments.of, what, mend)])
    return _make(arguments, config)


# ---- what came of it ---------------------------------------------------------------------------------------------


async def _results(arguments: argparse.Namespace) -> int:
    from console import frame, swept
    from console.engine import open_engine
    from trainer.outcomes.table import text

    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, frame.stderr(arguments.ascii))
        try:
            found = swept.results(engine.config, engine.pump.fleet, arguments.of, time.time(), arguments.by)
        except ValueError as error:
            print(f"trajconsole: {error}", file=sys.stderr)
            return 2
    if arguments.json:
        common.print_json(found.document)
        return 0
    out = frame.stdout(arguments.ascii)
    for line in text(found.table, _width()):
        out.line(line)
    if found.best is not None:
        out.line(f"best: {found.best.worker}; trajconsole clone {found.best.worker} NEW makes a worker of it")
    return 0


# ---- making one --------------------------------------------------------------------------------------------------


def _make(arguments: argparse.Namespace, config: "Config") -> int:
    from console import frame, sweeping
    from console.commands import writing
    from console.config import Config, SweepConfig
    from console.editing.wish import free_name
    from trainer.outcomes.table import text
    from trainer.schema import ConfigError, Problem

    table = _table(arguments)
    name = arguments.name or free_name(f"{arguments.of}-sweep", [*config.sweeps, *config.workers, *config.races])
    draft = writing.draft(arguments)
    count = sweeping.size(SweepConfig(arguments.of, table.get("grid", {}), tuple(table.get("list", ()))))
    if count > MANY and not arguments.yes:
        what = f"makes {count} workers"
        raise ConfigError([Problem("trajconsole", None, name, what, f"fewer values; --yes for more than {MANY}")])
    changed = writing.with_new(draft, ("sweeps", name), table)
    made: Config = changed.config()
    members = made.members(name)
    out = frame.stderr(arguments.ascii) if arguments.json else frame.stdout(arguments.ascii)
    for line in text(_shown(made, name), _width()):
        out.line(line)
    writing.judge(changed.path, zip(members, _refused(made, members, changed), strict=True))
    if arguments.json:
        rows = [{"worker": item, "host": made.workers[item].host, "values": made.origins[item]["sweep"]["values"]}
                for item in members]  # fmt: skip
        common.print_json({"schema": 1, "sweep": name, "written": not arguments.dry_run, "workers": rows})
    else:
        writing.show(arguments, changed)
    if arguments.dry_run:
        return 0
    writing.save(changed)
    if not arguments.start:
        print(f"trajconsole: trajconsole start {name} starts them", file=sys.stderr)
        return 0
    return writing.start(arguments, changed.path, members)


def _table(arguments: argparse.Namespace) -> dict[str, Any]:
    """[sweeps.NAME]."""
    from console.editing.listed import grid_of, rows_of
    from trainer.schema import ConfigError, Problem

    try:
        if arguments.list and arguments.values:
            raise ValueError("either values, or --list FILE")
        own = {"list": rows_of(arguments.list)} if arguments.list else {"grid": grid_of(arguments.values)}
    except (ValueError, OSError) as error:
        raise ConfigError([Problem("trajconsole", None, "sweep", str(error))]) from None
    hosts = [host.strip() for host in arguments.host.split(",") if host.strip()]
    rest = {"hosts": hosts, "gpus": arguments.gpus, "at_once": arguments.at_once}
    return {"worker": arguments.of, **own, **{key: value for key, value in rest.items() if value}}


def _shown(config: "Config", name: str) -> Any:
    """The table of what will be made."""
    from console.fleet.lineage import value_word
    from console.format import plural
    from trainer.outcomes.table import Table

    members, sweep = config.members(name), config.sweeps[name]
    values = {item: config.origins[item]["sweep"]["values"] for item in members}
    keys = list(dict.fromkeys(key for row in values.values() for key in row))
    rows = [
        (item, (*(value_word(values[item][key]) if key in values[item] else "" for key in keys),
                config.workers[item].host))
        for item in members
    ]  # fmt: skip
    hosts = len({config.workers[item].host for item in members})
    most = f", {sweep.at_once} at once on each host" if sweep.at_once else ""
    title = f"{name}: {plural(len(members), 'worker')} of {sweep.worker} on {plural(hosts, 'host')}{most}"
    return Table(title, (*keys, "host"), tuple(rows))


def _refused(config: "Config", members: Sequence[str], draft: "Draft") -> "list[tuple[str, ...]]":
    """What the trainer of this laptop says of each; of a command nothing."""
    from console.config import trainer_spec
    from console.editing.resolving import refusals
    from console.sweeping import flat

    if not members or config.workers[members[0]].command:
        return [() for _ in members]
    folder = draft.path.absolute().parent
    sets = [flat(config.workers[item].set) for item in members]
    return refusals(trainer_spec(config, members[0]), sets, folder if folder.is_dir() else None)


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
