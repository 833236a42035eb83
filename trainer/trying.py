"""`trainer run --trial`: everything that a long run will do, done once in a few minutes, on a few samples.

One step, an end, a resume in the first epoch, two epochs with validations, checkpoints and pictures, and an
evaluation of the last checkpoint, which must find what the run itself found. Then all data are made ready, and what the
long run would cost is told.
"""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from trainer import launching
from trainer.config import load
from trainer.record import RunReader
from trainer.say import figures, say

SETTINGS = ("run.trial=true", "run.epochs=2", "run.validate_every=1", "run.log_every=1", 'race.folder=""')
_NEAR = 1e-3  # relative: another device or another order of sums may round otherwise


def trial(spec: str, overrides: Sequence[str], folder: Path, *, since: float) -> int:
    """Try it out in `folder`. Returns the exit code: 0 only when everything went as it will have to."""
    from trainer import predicting  # noqa: PLC0415 - with torch, which `trainer run --help` does without

    code, wrong = _train(spec, [*overrides, *SETTINGS], folder, since)
    if code:
        status = RunReader(folder).status()
        reason = status.reason if status is not None and status.reason else f"it ended with code {code}"
        predicting.write(folder, wrong=reason, seconds=time.time() - since, prediction=None, words="")
        return code
    if not wrong:
        say("trial 3/4: the last checkpoint evaluated")
        wrong = difference(folder)
    prediction, words = None, ""
    if not wrong:
        say("trial 4/4: all data made ready, as the long run will")
        config = load(spec, overrides)
        prediction = predicting.predict(folder, config)
        words = prediction.words(config.run.epochs)
        say(f"the long run: {words}")
    predicting.write(folder, wrong=wrong, seconds=time.time() - since, prediction=prediction, words=words)
    say(f"trial failed: {wrong}" if wrong else f"the trial went well; its run is in {folder}")
    return 1 if wrong else 0


def _train(spec: str, given: Sequence[str], folder: Path, since: float) -> tuple[int, str]:
    """The exit code of the first part that failed, and what went otherwise than it should have."""
    say("trial 1/4: one step, and an end")
    code = launching.train(spec, [*given, "run.steps=1"], folder, resume=False, since=since)
    if code:
        return code, ""
    if _stopped(folder):
        return 0, "it was stopped"
    say("trial 2/4: resumed in the middle of the epoch, to the end of the second")
    code = launching.train(spec, [*given, "run.steps=0"], folder, resume=True, since=since)
    return code, "it was stopped" if not code and _stopped(folder) else ""


def _stopped(folder: Path) -> bool:
    """Somebody asked the trial to end: it shows nothing then."""
    status = RunReader(folder).status()
    return status is not None and status.state == "stopped"


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
