"""`trainer run --trial`: everything that a long run will do, done once in a few minutes, on a few samples.

One step, an end, a resume in the first epoch, two epochs with validations, checkpoints and pictures, and an
evaluation of the last checkpoint, which must find what the run itself found.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer import launching
from trainer.record import RunReader
from trainer.say import figures, say

SETTINGS = ("run.trial=true", "run.epochs=2", "run.validate_every=1", "run.log_every=1", 'race.folder=""')
_NEAR = 1e-3  # relative: another device or another order of sums may round otherwise


def trial(spec: str, overrides: Sequence[str], folder: Path, *, since: float) -> int:
    """Try it out in `folder`. Returns the exit code: 0 only when everything went as it will have to."""
    given = [*overrides, *SETTINGS]
    say("trial 1/3: one step, and an end")
    code = launching.train(spec, [*given, "run.steps=1"], folder, resume=False, since=since)
    if code:
        return code
    say("trial 2/3: resumed in the middle of the epoch, to the end of the second")
    code = launching.train(spec, [*given, "run.steps=0"], folder, resume=True, since=since)
    if code:
        return code
    say("trial 3/3: the last checkpoint evaluated")
    wrong = difference(folder)
    say(f"trial failed: {wrong}" if wrong else f"the trial went well; its run is in {folder}")
    return 1 if wrong else 0


def difference(folder: Path) -> str:
    """What an evaluation of the last checkpoint finds otherwise than the run did; empty: nothing."""
    from trainer.revival import revive  # noqa: PLC0415  torch takes seconds: only now

    rows = [row for row in RunReader(folder).metrics() if row.get("phase") == "val"]
    if not rows:
        return "the run has no validation"
    revived = revive(folder, "last", _quiet)
    found = revived.evaluate("val", _quiet).metrics
    say(f"{revived.saved.file}: {figures(dict(found))}")
    return unequal(rows[-1], found)


def unequal(row: Mapping[str, object], found: Mapping[str, float]) -> str:
    """The first figure that differs, in words."""
    for name, value in found.items():
        before = row.get(name)
        if not isinstance(before, int | float) or math.isnan(value):
            continue
        if not math.isclose(before, value, rel_tol=_NEAR, abs_tol=1e-6):
            return f"{name} was {before:.6g} in the run and is {value:.6g} from its checkpoint"
    return ""


def _quiet(what: str, done: float, total: float | None) -> None:
    """A trial takes seconds."""
