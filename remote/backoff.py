"""How long to wait before the next try: doubling from `first` to `longest`, with jitter, so that many links do not come
back in one moment.
"""

from dataclasses import dataclass, field
from random import Random


@dataclass
class Backoff:
    """`next()` after a failure, `reset()` after a success."""

    first: float = 0.1
    longest: float = 30.0
    chance: Random = field(default_factory=Random)
    _failures: int = 0
    _was_good: bool = False

    def next(self) -> float:
        """Seconds to wait: between half and the whole of the doubled bound; nothing right after a success."""
        if self._was_good:
            self._was_good = False
            return 0.0
        bound = min(self.longest, self.first * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return bound * self.chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._failures, self._was_good = 0, True
