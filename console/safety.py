"""May this machine be destroyed? Only when everything that its runs came to is on this laptop, and the bytes here are
what they should be: looked at now, not believed.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from console.fleet.cells import WorkerRow
from console.fleet.model import Fleet, Run
from console.fleet.view import run_row
from console.pulling import ledger

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one run. `problem`: why the machine must not go yet; nothing when it may, as far as this run is concerned."""

    run: str
    worker: str
    problem: str = ""
    mend: str = ""
    files: int = 0
    bytes: int = 0


def verdicts(
    fleet: Fleet, host: str, now: float, progress: Callable[[str, int], None] = lambda run, done: None
) -> Iterator[Verdict]:
    """Every run of the host, the newest last. Reads every file of the copies."""
    runs = [run for key, run in fleet.runs.items() if key.host == host and not run.gone]
    for run in sorted(runs, key=lambda run: run.seen):
        row = run_row(fleet, run, now)
        problem, mend = of_row(row)
        yield Verdict(run.key.run, run.worker, problem, mend) if problem else _copied(run, row, progress)


def of_row(row: WorkerRow) -> tuple[str, str]:
    """What already the row says against it: the problem and its mend. Pure."""
    if row.adopted:
        return "it was adopted: what it wrote, and where, is not known here", "look on the host"
    if row.state.live:
        return f"it is {row.state.name}", f"trajconsole stop {row.worker}, then trajconsole pull {row.worker}"
    if not row.pulled:
        return "not all that it came to is on this laptop", f"trajconsole pull {row.key.run if row.key else row.worker}"
    return "", ""


def _copied(run: Run, row: WorkerRow, progress: Callable[[str, int], None]) -> Verdict:
    """Are the bytes of the copy what was hashed on the host?"""
    folder = Path(row.pulled)
    kept = ledger.read(folder, run.key.host)
    again = f"trajconsole pull {run.key.run} --verify"
    done = 0
    for path, item in kept.items():
        try:
            found = _sha256(folder / path)
        except OSError as error:
            return Verdict(run.key.run, run.worker, f"{path} of its copy cannot be read: {error.strerror}", again)
        if found != item.sha256:
            return Verdict(run.key.run, run.worker, f"{path} of its copy in {folder} was changed", again)
        done += item.size
        progress(run.key.run, done)
    if not kept:
        return Verdict(run.key.run, run.worker, f"its copy in {folder} has no list of its files", again)
    return Verdict(run.key.run, run.worker, files=len(kept), bytes=done)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
