"""What budget rules have done to a run, read from its own events: everybody who watches knows the same of it. Pure."""

from collections.abc import Mapping
from typing import Any

from console.fleet.cells import Ruling
from console.fleet.model import Run, RunKey
from console.fleet.series import Shared

RULED, GONE = "race rule", "race rule done"  # names of the events
_MOST = 4096
_KNOWN: dict[RunKey, tuple[Shared[Mapping[str, Any]], tuple[Ruling, ...]]] = {}  # read once: every repaint asks


def rulings(run: Run) -> tuple[Ruling, ...]:
    """One for each rule and attempt, oldest first. Written twice it is one: the first counts."""
    known = _KNOWN.get(run.key)
    if known is not None and known[0] is run.events:
        return known[1]
    if len(_KNOWN) > _MOST:
        _KNOWN.clear()
    found = _read(run)
    _KNOWN[run.key] = run.events, found
    return found


def _read(run: Run) -> tuple[Ruling, ...]:
    made: dict[tuple[int, str], Ruling] = {}
    gone: dict[tuple[int, str], bool] = {}
    for event in run.events:
        name, rule, attempt = event.get("event"), event.get("rule"), event.get("attempt")
        if name not in (RULED, GONE) or not isinstance(rule, str):
            continue
        key = (attempt if isinstance(attempt, int) else 1, rule)
        if name == GONE:
            gone[key] = event.get("gone") is True
        elif key not in made:
            when, proof, by = event.get("t"), event.get("proof"), event.get("by")
            made[key] = Ruling(
                run.key, run.worker, rule, str(proof or ""), key[0], str(by or ""),
                float(when) if isinstance(when, int | float) else None,
            )  # fmt: skip
    return tuple(
        Ruling(it.key, it.worker, it.rule, it.proof, it.attempt, it.by, it.time, gone.get(key))
        for key, it in made.items()
    )
