"""What charts keep between repaints and, as far as a person chose it, between two evenings.

Digests of series; how charts are looked at; which metrics are shown. Whoever made it writes down what was chosen.
Axis and smoothing are for all charts; a logarithm, or no chart at all, is for every metric of that name: what is
chosen for one task's runs touches another's only where they have a metric of the same name.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

from console.charts.digest import Digests
from console.charts.look import AXES, Look
from console.charts.smooth import WEIGHTS
from console.settings import ChartChoices

T = TypeVar("T")
_DRAWN = 64


class ChartMemory:
    """One for the whole screen. `kept` hears what was chosen, whenever something else was."""

    def __init__(
        self, chosen: ChartChoices | None = None, kept: Callable[[ChartChoices], None] = lambda chosen: None
    ) -> None:
        chosen = chosen or ChartChoices()
        self.digests = Digests()
        self.drawn: dict[Hashable, Any] = {}  # what was drawn last, by all that it depends on
        self.look = Look(
            axis=next((one for one in AXES if one == chosen.axis), AXES[0]),
            smoothing=chosen.smoothing if chosen.smoothing in WEIGHTS else 0.0,
            log=frozenset(chosen.log),
        )
        self._hidden, self._kept = set(chosen.hidden), kept

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
        return name not in self._hidden

    def show_only(self, shown: Mapping[str, bool]) -> None:
        """Of these quantities; what is not named stays as it is."""
        self._hidden -= shown.keys()
        self._hidden |= {name for name, wanted in shown.items() if not wanted}
        self._tell()

    def _tell(self) -> None:
        look = self.look
        self._kept(ChartChoices(look.axis, look.smoothing, tuple(sorted(look.log)), tuple(sorted(self._hidden))))
