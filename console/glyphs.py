"""State → glyph, word and tone; and the ASCII twin of every sign the screen draws.

A tone is the name of a style (see app.tcss) and never carries a meaning alone: glyph and word stand beside it.
"""

from rich.cells import get_character_cell_size

from console.fleet.cells import STATES, State, WorkerRow
from trainer.record.status import Criterion

QUIET, TEXT, STRONG, ACCENT, GOOD, WARN, BAD = "quiet", "text", "strong", "accent", "good", "warn", "bad"

GLYPHS: dict[str, tuple[str, str]] = {
    "planned": ("○", QUIET),
    "queued": ("◷", QUIET),
    "starting": ("◌", ACCENT),
    "preparing": ("◔", ACCENT),
    "training": ("▶", ACCENT),
    "validating": ("◇", ACCENT),
    "stopping": ("▽", WARN),
    "finished": ("✓", QUIET),
    "criteria met": ("★", GOOD),
    "lost the race": ("⚑", QUIET),
    "stopped": ("■", QUIET),
    "failed": ("✗", BAD),
    "killed": ("☠", BAD),
    "out of memory": ("▣", BAD),
    "vanished": ("⌁", BAD),
}
UNREACHABLE, STALLED = "◐", "‖"
FORGOTTEN_S = 900.0  # a plan that nobody has started for so long is as loud as a failure
LINKS: dict[str, tuple[str, str]] = {
    "connecting": ("○", QUIET),
    "connected": ("●", TEXT),
    "stale": (UNREACHABLE, WARN),
    "unreachable": (UNREACHABLE, WARN),
    "auth failed": ("✗", BAD),
    "host key": ("✗", BAD),
    "broken": ("✗", BAD),
    "closed": ("○", QUIET),
}
LEVELS: dict[str, tuple[str, str]] = {"note": ("·", QUIET), "warning": ("!", WARN), "error": ("✗", BAD)}
_TWINS = {
    **dict(zip("○◷◌◔▶◇▽✓★⚑■✗☠▣⌁◐‖", "oqsp>vV+*L#XKM?(=", strict=True)),
    **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
    **dict(zip("●·…–—×≥≤°", "*.~--x><'", strict=True)),
    **dict(zip("↑↓→←‹›▴▾▸", "^v><<>^v>", strict=True)),
    **dict(zip("│┤├┬┴┼─━╸┄╌╭╮╰╯▌▐", "|][+++-=---++++||", strict=True)),
    **dict(zip("╍┈▸▾", "-.>v", strict=True)),
    **dict(zip("⟳“”’", '@""\'', strict=True)),
}


def glyph(state: State) -> tuple[str, str]:
    """The sign of a state and its tone. An overlay replaces the sign and never the word."""
    if state.unreachable_for is not None:
        return UNREACHABLE, WARN
    if state.stalled_for is not None:
        return STALLED, WARN
    if forgotten(state):
        return GLYPHS["planned"][0], WARN
    return GLYPHS.get(state.name, ("?", WARN))


def forgotten(state: State) -> bool:
    """Planned long ago, and never started."""
    return state.name == "planned" and state.age is not None and state.age >= FORGOTTEN_S


def link(phase: str) -> tuple[str, str]:
    """The sign of a link and its tone."""
    return LINKS.get(phase, ("?", WARN))


def arrow(direction: int) -> str:
    """Where a metric is going."""
    return "↑" if direction > 0 else "↓" if direction < 0 else " "


def marks(criteria: tuple[Criterion, ...]) -> str:
    """●○· : passed, not passed, not yet checked."""
    return "".join("·" if item.passed is None else "●" if item.passed else "○" for item in criteria)


def tally(rows: list[WorkerRow] | tuple[WorkerRow, ...]) -> list[tuple[str, str, int]]:
    """How many workers show which sign: sign, tone, number, in the order of a worker's life."""
    order = {UNREACHABLE: len(STATES), STALLED: len(STATES) + 1}
    order |= {GLYPHS[name][0]: place for place, name in enumerate(STATES)}
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        sign = glyph(row.state)
        counts[sign] = counts.get(sign, 0) + 1
    return [(sign, tone, n) for (sign, tone), n in sorted(counts.items(), key=lambda item: order.get(item[0][0], 99))]


def ascii_twin(text: str) -> str:
    """The text with a plain character for every cell that is not ASCII."""
    return text if text.isascii() else "".join(_twin(character) for character in text)


def _twin(character: str) -> str:
    if character.isascii():
        return character
    if "⠀" <= character <= "⣿":
        dots = ord(character) - 0x2800
        upper, lower = dots & 0b00011011, dots & 0b11100100
        return ":" if upper and lower else "'" if upper else "." if lower else " "
    return _TWINS.get(character) or "?" * get_character_cell_size(character)
