"""A run's configuration: all of it, or only what differs from another run's, side by side."""

import json
from collections.abc import Mapping
from typing import Any

from console import format as fmt
from console.fleet.model import Run
from console.plain import plain
from console.widgets.lines import BLANK, Line, cut, padded
from console.widgets.scrolled import Scrolled
from trainer.outcomes import settings


class SettingsPane(Scrolled):
    """Keys down, values beside them."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Run | None, Run | None] = (None, None)

    def show(self, run: Run | None, other: Run | None) -> None:
        """The run, and the one that it is compared with."""
        before = tuple(one.config if one else None for one in self._shown)
        self._shown = (run, other)
        if before != (run.config if run else None, other.config if other else None) or not self._lines:
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        run, other = self._shown
        if run is None or not run.config:
            lines: list[Line] = [(("no configuration is known: it was never started from a console", "quiet"),)]
        elif other is None:
            lines = setting_lines(run.config, width - 2)
        else:
            lines = difference_lines(run, other, width - 2)
        return [padded(((" ", "text"), *cut(line, width - 1)), width) for line in lines]


def setting_lines(config: Mapping[str, Any], width: int) -> list[Line]:
    """Every setting."""
    flat = settings.flat(config)
    wide = min(width // 2, max((fmt.cell_len(plain(key)) for key in flat), default=0))
    lines: list[Line] = [(("d compares it with another run", "quiet"),), BLANK]
    return lines + [((fmt.fit(plain(key), wide), "quiet"), (f"  {value_text(flat[key])}", "text")) for key in flat]


def difference_lines(run: Run, other: Run, width: int) -> list[Line]:
    """Only what differs: ~ another value, + only here, - only there."""
    found = settings.differing([run.config, other.config])
    flats = [settings.flat(one.config) for one in (run, other)]
    same = len(flats[0].keys() | flats[1].keys()) - len(found)
    wide = min(width // 3, max((fmt.cell_len(plain(key)) for key in found), default=0))
    each = max(8, (width - wide - 6) // 2)
    heads = ((" " * (wide + 4), "quiet"), (fmt.fit(plain(run.key.run), each), "strong"), ("  ", "text"))
    lines: list[Line] = [(*heads, (fmt.fit(plain(other.key.run), each), "strong"))]
    for key in found:
        here, there = (value_text(flat[key]) if key in flat else None for flat in flats)
        sign, tone = ("+", "good") if there is None else ("-", "warn") if here is None else ("~", "accent")
        lines.append(
            (
                (f"{sign} ", tone),
                (fmt.fit(plain(key), wide), "quiet"),
                ("  ", "text"),
                (fmt.fit(here if here is not None else fmt.UNKNOWN, each), "text"),
                ("  ", "text"),
                (fmt.fit(there if there is not None else fmt.UNKNOWN, each), "text"),
            )
        )
    told = f"{fmt.plural(same, 'setting')} the same" if found else f"all {fmt.plural(same, 'setting')} are the same"
    return [*lines, BLANK, ((f"{told}   ~ differs  + only here  - only there", "quiet"),)]


def value_text(value: Any) -> str:
    """A value as TOML would have it, in one line."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, float):
        return f"{value:g}"
    return plain(json.dumps(value, default=str, ensure_ascii=False))
