"""Who is to be stopped, by which rule, with which proof. Pure: whoever has the same rows decides the same.

wall time  the race is over so long after its start, for everybody who still runs
patience   a rival has not been better than its own best for so many epochs
behind     rivals are compared at the same epoch, epoch by epoch of the rule: those that are behind are out, and are
           not compared with at later ones. So it does not matter whether somebody watched all the time or looks only
           in the morning

`behind` compares only those that run and can be reached: the best of them always goes on, so somebody does. Values
that are no numbers lose; as good as another one is not behind; who has not come to the epoch is not judged.

Someone who resumes a run that a rule had stopped has overruled that rule for this run.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from console.fleet.cells import RaceView, Ruling, Standing
from console.fleet.model import Fleet, RunKey
from console.fleet.records import launched
from console.fleet.rows import Rows
from console.fleet.rulings import rulings
from console.fleet.view import race_began
from console.fleet.words import duration
from console.format import number
from console.races.epochs import by_epoch
from console.races.settings import Behind, Patience, Rules

WALL, PATIENCE, LOST = "wall time", "patience", "lost the race"


@dataclass(frozen=True, slots=True)
class Rival:
    """What the rules look at of a worker in a race."""

    key: RunKey
    worker: str
    rows: Rows = field(default_factory=Rows)
    runs: bool = True  # it runs, can be reached, and is not on its way out
    ruled: Ruling | None = None  # a rule has decided against this attempt, and it is still there
    overruled: frozenset[str] = frozenset()  # rules that had stopped it, and somebody let it go on


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of a rival now."""

    key: RunKey
    worker: str
    rule: str
    stop: bool
    proof: str
    again: bool = False  # it stands in the run's events already; what is left to do is to end it


def rivals_of(fleet: Fleet, race: RaceView) -> tuple[Rival, ...]:
    """The rivals of a race that was started."""
    return tuple(rival for item in race.standings if (rival := _rival(fleet, item)) is not None)


def _rival(fleet: Fleet, item: Standing) -> Rival | None:
    run = fleet.runs.get(item.row.key) if item.row.key is not None else None
    if run is None:
        return None
    state, start = item.row.state, launched(run)
    attempt = (start.attempt if start else None) or 1
    here = state.live and state.unreachable_for is None and not run.adopted
    made = rulings(run)
    ruled = next((one for one in made if one.attempt == attempt), None) if here else None
    over = frozenset(one.rule for one in made if one.attempt < attempt)
    return Rival(run.key, run.worker, run.rows, here and state.name != "stopping" and ruled is None, ruled, over)


def judge(race: RaceView, rivals: Sequence[Rival], rules: Rules, now: float) -> tuple[Verdict, ...]:
    """What every rule says of everybody who runs, and what was decided and is not done yet. Nothing of a race that is
    not running, or that somebody has won: that is not decided here."""
    found = [Verdict(one.key, one.worker, one.ruled.rule, True, one.ruled.proof, True) for one in rivals if one.ruled]
    if not race.id or race.winner or race.over:
        return tuple(found)
    running = [one for one in rivals if one.runs]
    began = race_began(race.id)
    if rules.wall_s is not None and began is not None:
        found += [_wall(one, now - began, rules.wall_s) for one in running]
    if rules.patience is not None:
        found += [_patience(one, rules.patience) for one in running]
    if rules.behind is not None:
        found += _behind(running, len(race.standings), rules.behind)
    return tuple(found)


def stops(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Who is to be stopped: one verdict each, the first."""
    found: dict[RunKey, Verdict] = {}
    for one in verdicts:
        if one.stop:
            found.setdefault(one.key, one)
    return tuple(found.values())


def _verdict(rival: Rival, rule: str, stop: bool, proof: str) -> Verdict:
    if stop and rule in rival.overruled:
        return Verdict(rival.key, rival.worker, rule, False, f"{proof}; it was let go on after that: left alone")
    return Verdict(rival.key, rival.worker, rule, stop, proof)


def _wall(rival: Rival, ran: float, wall_s: float) -> Verdict:
    proof = f"the race was started {duration(ran)} ago, of at most {duration(wall_s)}"
    return _verdict(rival, WALL, ran >= wall_s, proof)


def _patience(rival: Rival, rule: Patience) -> Verdict:
    values = by_epoch(rival.rows, rule.metric)
    if not values:
        return Verdict(rival.key, rival.worker, PATIENCE, False, f"{rule.metric} is not known of any epoch yet")
    best, newest = min(values), max(values)
    for epoch in sorted(values):
        if _worth(values[epoch], rule.mode) > _worth(values[best], rule.mode):
            best = epoch
    without = newest - best
    proof = f"{rule.metric} was best at epoch {best}, {number(values[best])}: {without} of {rule.epochs} epochs ago"
    return _verdict(rival, PATIENCE, without >= rule.epochs, proof)


def _behind(running: Sequence[Rival], started: int, rule: Behind) -> list[Verdict]:
    found: list[Verdict] = []
    left, said = list(running), dict[RunKey, Verdict]()
    for place, epoch in enumerate(rule.after, 1):
        name = f"behind at epoch {epoch}"
        known = {one.key: by_epoch(one.rows, rule.metric) for one in left}
        there = [one for one in left if epoch in known[one.key]]
        values = {one.key: known[one.key][epoch] for one in there}
        for one in left:
            if one.key not in values:
                said.setdefault(
                    one.key, Verdict(one.key, one.worker, name, False, _why_not(known[one.key], rule, epoch))
                )
                continue
            out, proof = (
                _too_far(one, values, there, rule, epoch)
                if rule.margin is not None
                else _not_among(one, values, _quota(started, place, rule.keep or 1.0), rule, epoch)
            )
            said[one.key] = _verdict(one, name, out, proof)
        out_now = {key for key, verdict in said.items() if verdict.stop}
        left = [one for one in left if one.key not in out_now]
    found.extend(said.values())
    return found


def _why_not(values: Mapping[int, float], rule: Behind, epoch: int) -> str:
    later = [one for one in values if one > epoch]
    if later:
        return f"{rule.metric} was not measured at epoch {epoch}, but at epoch {min(later)}: not judged"
    return f"has no {rule.metric} of epoch {epoch} yet"


def _too_far(
    one: Rival, values: Mapping[RunKey, float], there: Sequence[Rival], rule: Behind, epoch: int
) -> tuple[bool, str]:
    assert rule.margin is not None
    leader = max(there, key=lambda it: _worth(values[it.key], rule.mode))
    mine, best = values[one.key], values[leader.key]
    words = f"{rule.metric} {number(mine)} at epoch {epoch}"
    if _worth(mine, rule.mode) >= _worth(best, rule.mode):
        return False, f"{words}: nobody is better"
    gap = abs(mine - best) if math.isfinite(mine) and math.isfinite(best) else math.inf
    far = f"{number(gap)} behind {leader.worker}'s {number(best)}" if gap < math.inf else (
        f"{leader.worker} has {number(best)}"
    )  # fmt: skip
    return gap > rule.margin, f"{words}, {far}; at most {rule.margin:g}"


def _quota(started: int, place: int, keep: float) -> int:
    """How many go on after the nth comparison: never less than one."""
    return max(1, math.ceil(started * keep**place - 1e-9))


def _not_among(one: Rival, values: Mapping[RunKey, float], quota: int, rule: Behind, epoch: int) -> tuple[bool, str]:
    better = sum(_worth(value, rule.mode) > _worth(values[one.key], rule.mode) for value in values.values())
    proof = f"{rule.metric} {number(values[one.key])} at epoch {epoch}: {better} are better, the best {quota} go on"
    return better >= quota, proof


def _worth(value: float, mode: str) -> float:
    """More is better; what is no number is the worst."""
    if math.isnan(value):
        return -math.inf
    return value if mode == "max" else -value
