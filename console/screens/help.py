"""The keys that work here, made from the bindings in force: it cannot name a key that does nothing."""

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from console import format as fmt
from console.glyphs import GLYPHS, STALLED, UNREACHABLE
from console.screens.commands import (
    APP_COMMANDS,
    CHART_COMMANDS,
    FLEET_COMMANDS,
    HOST_COMMANDS,
    LOG_COMMANDS,
    VIEW_COMMANDS,
    WORKER_COMMANDS,
    method,
)
from console.screens.keys import key_name
from console.screens.offers import Offer, offers
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line, cut, padded
from console.widgets.scrolled import Scrolled

_GROUPS = (
    ("on workers", {item.tell for item in WORKER_COMMANDS}),
    ("on the host", {item.tell for item in HOST_COMMANDS}),
    ("looking", {item.tell for item in (*VIEW_COMMANDS, *LOG_COMMANDS)}),
    ("charts", {item.tell for item in CHART_COMMANDS}),
    ("the tables", {item.tell for item in FLEET_COMMANDS}),
    ("the console", {item.tell for item in APP_COMMANDS}),
)
_MOVES = frozenset((
    "move", "page", "head", "tail", "sideways", "extend", "pane", "back", "leave", "close", "chart_next", "metric",
    "scroll_up", "scroll_down", "scroll_home", "scroll_end", "scroll_left", "scroll_right",
    "page_up", "page_down", "page_left", "page_right", "copy_text",
))  # fmt: skip
_HERE, _MOVING = "on this screen", "moving"
_ALIKE = {"pane": ("1…9", "pane", "go to a pane, counted from above")}
_INDENT = 29  # cells before the explanation
Entry = tuple[str, str, str]  # keys, name, tell


def entries(found: Iterable[Offer]) -> dict[str, list[Entry]]:
    """Groups of keys with what they do."""
    lines: dict[str, tuple[str, Entry]] = {}  # by action and name; those that are alike in one
    for item in found:
        if item.keys:
            entry = (" ".join(key_name(key) for key in item.keys), item.name, item.tell)
            name = method(item.action)
            lines[name if name in _ALIKE else f"{item.action} {item.name}"] = (name, _ALIKE.get(name, entry))
    groups: dict[str, list[Entry]] = {name: [] for name in (_HERE, *(name for name, _ in _GROUPS), _MOVING)}
    for name, entry in lines.values():
        other = _MOVING if name in _MOVES else _HERE
        groups[next((group for group, tells in _GROUPS if entry[2] in tells), other)].append(entry)
    return {name: items for name, items in groups.items() if items}


class HelpText(Scrolled):
    """The list."""

    def __init__(self, groups: dict[str, list[Entry]]) -> None:
        super().__init__(id="help-text")
        self._groups = groups

    def build(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for name, items in self._groups.items():
            lines += [BLANK, ((f"  {name}", "strong"),)]
            for keys, what, tell in items:
                text = tell or what
                parts = folded(text, width - _INDENT - 1) or [""]
                lines.append(
                    ((f"  {fmt.fit(keys, 10)} ", "accent"), (fmt.fit(what, 15), "text"), (f" {parts[0]}", "quiet"))
                )
                lines += [((" " * _INDENT + part, "quiet"),) for part in parts[1:]]
        lines += [BLANK, (("  signs", "strong"),)]
        signs = [(sign, name) for name, (sign, _) in GLYPHS.items()]
        signs += [(UNREACHABLE, "unreachable: last known state"), (STALLED, "stalled: alive, no progress")]
        each = 22
        per_line = max(1, (width - 2) // each)
        for start in range(0, len(signs), per_line):
            row = signs[start : start + per_line]
            lines.append(
                (
                    ("  ", "text"),
                    *(
                        (fmt.fit(f"{sign} {name}", each if n < len(row) - 1 else 34), "text")
                        for n, (sign, name) in enumerate(row)
                    ),
                )
            )
        return [padded(cut(line, width), width) for line in lines]


class HelpScreen(ModalScreen[None]):
    """Above the screen whose keys it names."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "close", "close", show=False)]

    def __init__(self, groups: dict[str, list[Entry]]) -> None:
        super().__init__()
        self._groups = groups

    def action_close(self) -> None:
        if self.is_current:
            self.dismiss()

    def compose(self) -> ComposeResult:
        with Vertical(id="help") as frame:
            frame.border_title = "Keys that work here"
            frame.border_subtitle = "Esc closes"
            yield HelpText(self._groups)


def groups_of(screen: Screen[Any]) -> dict[str, list[Entry]]:
    """What works on a screen now."""
    return entries(offers(screen))
