"""What charts keep between repaints and, as far as a person chose it, between two evenings.

Digests of series; how charts are looked at; which metrics are shown. Whoever made it writes down what was chosen.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from console.charts.digest import Digests
from console.charts.look import AXES, Look
from console.charts.smooth import WEIGHTS

T = TypeVar("T")
_DRAWN = 64


class ChartMemory:
    """One for the whole screen. `kept` is called with a small JSON object when a choice was made."""

    def __init__(
        self, chosen: Mapping[str, Any] | None = None, kept: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        chosen = chosen or {}
        self.digests = Digests()
        self.drawn: dict[Hashable, Any] = {}  # what was drawn last, by all that it depends on
        axis, weight, log = chosen.get("axis"), chosen.get("smoothing"), _words(chosen.get("log"))
        self.look = Look(
            axis=next((one for one in AXES if one == axis), AXES[0]),
            smoothing=weight if isinstance(weight, float) and weight in WEIGHTS else 0.0,
            log=frozenset(log or ()),
        )
        self._shown = {str(name): bool(shown) for name, shown in _table(chosen.get("metrics")).items()}
        self._kept = kept or (lambda chosen: None)

    def drawing(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made of this before, or now: moving a cursor draws no curve again."""
        found = self.drawn.get(key)
        if found is None:
            if len(self.drawn) >= _DRAWN:
                self.drawn.clear()
            found = self.drawn[key] = make()
        made: T = found
        return made

    def chose(self, look: Look) -> None:
        """Axis, smoothing and logarithms are for all charts from now on."""
        new = Look(look.axis, look.smoothing, look.log)
        if new != self.look:
            self.look = new
            self._tell()

    def shown(self, name: str) -> bool:
        """Whether a quantity has a chart: all have, until somebody takes one away."""
        return self._shown.get(name, True)

    def show_only(self, shown: Mapping[str, bool]) -> None:
        """Of these quantities; what is not named stays as it is."""
        self._shown |= shown
        self._tell()

    def _tell(self) -> None:
        look = self.look
        hidden = {name: shown for name, shown in self._shown.items() if not shown}
        self._kept({"axis": look.axis, "smoothing": look.smoothing, "log": sorted(look.log), "metrics": hidden})


def _words(value: Any) -> list[str] | None:
    return [str(item) for item in value] if isinstance(value, list) else None


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
