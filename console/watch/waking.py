"""Has this laptop been away, or is a host back? Then there may be much to fetch, and now is the time. Pure.

Asleep, a laptop's monotonic clock stands still and its wall clock does not; stopped, both go on and nothing looks.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from console.fleet.words import duration

AWAY_S = 5.0  # looks that are so far apart were not meant to be
SYNCS_S = (2.0, 20.0)  # from then to the syncs: at once what is known already, then what hosts have told meanwhile


@dataclass(slots=True)
class Waking:
    """What the last look saw, and when to sync because of it, by the monotonic clock."""

    rests: float | None = None  # since when nothing but the next look is waited for
    offset: float | None = None  # wall clock minus monotonic clock
    up: frozenset[str] | None = None  # hosts that have told everything
    syncs: tuple[float, ...] = ()

    def look(self, wall: float, mono: float, up: Iterable[str]) -> str:
        """Why there is to be a sync soon; nothing as long as all is as it was."""
        known, offset, self.up = self.up, self.offset, frozenset(up)
        self.offset = wall - mono
        away = max(
            0.0 if self.rests is None else mono - self.rests,
            0.0 if offset is None else self.offset - offset,
        )
        back = sorted(self.up - known) if known is not None else []
        if away > AWAY_S or back:
            self.syncs = tuple(mono + pause for pause in SYNCS_S)
        if away > AWAY_S:
            return f"this laptop was away for {duration(away)}"
        return f"{', '.join(back)} can be reached again" if back else ""

    def due(self, due: float, mono: float) -> float:
        """When the next sync is, which would be at `due`."""
        found = min((due, *self.syncs))
        if found <= mono:  # it comes right now
            self.syncs = tuple(when for when in self.syncs if when > mono)
        return found
