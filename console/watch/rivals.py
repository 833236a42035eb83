"""Which rivals should have ended by now. Pure."""

from collections.abc import Iterable

from console.fleet.cells import RaceView
from console.fleet.model import Fleet, RunKey

GRACE_S = 120.0  # a rival sees the winner's mark at its next step, and saves a checkpoint


def overdue(fleet: Fleet, races: Iterable[RaceView], now: float) -> tuple[RunKey, ...]:
    """Rivals that go on although somebody has won, with the proof at hand: the mark stands on their own host, and the
    winner's own run says that all its criteria are met."""
    found = []
    for race in races:
        winner = fleet.winners.get(race.id)
        first = next((item for item in race.standings if item.won), None)
        if winner is None or first is None or not first.total or first.passed < first.total:
            continue
        for item in race.standings:
            key = item.row.key
            if key is None or item.won or not item.row.state.live or item.row.state.unreachable_for is not None:
                continue
            if (key.host, race.id) in fleet.marks and now - winner.time > GRACE_S:
                found.append(key)
    return tuple(found)
