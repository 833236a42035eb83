"""What can be done now on a screen, by a key that works here or by its name alone: help and palette are made of it."""

from dataclasses import dataclass, replace
from typing import Any

from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

from console.screens.commands import COMMANDS, LOG_COMMANDS, method

# What keys of the library's own do, in our words.
_LIBRARY = {
    "app.focus_next": "next pane",
    "app.focus_previous": "previous pane",
    "scroll_left": "to the left",
    "scroll_right": "to the right",
    "page_left": "far to the left",
    "page_right": "far to the right",
    "screen.copy_text": "copy what is selected with the mouse",
}
_TELL = {item.action: item.tell for item in COMMANDS}
_ORDER = {item.tell: place for place, item in enumerate((*LOG_COMMANDS, *COMMANDS))}  # the log has words of its own


@dataclass(frozen=True, slots=True)
class Offer:
    """An action and what it is done on; `keys` are those that work now, if any."""

    action: str
    name: str
    tell: str
    on: DOMNode
    keys: tuple[str, ...] = ()

    async def do(self) -> None:
        """As if its key were pressed."""
        app, screen = self.on.app, self.on.screen if self.on is not self.on.app else None
        scope, dot, action = self.action.partition(".")
        named = {"app": app, "screen": screen}.get(scope) if dot and "(" not in scope else None
        await app.run_action(action if named is not None else self.action, named or self.on)


def offers(screen: Screen[Any]) -> list[Offer]:
    """All of them: what is known by name in the order of the commands, then what is the screen's or the pane's own."""
    found: dict[tuple[str, DOMNode], Offer] = {}
    for active in screen.active_bindings.values():
        item = active.binding
        if item.system or not item.description or not active.enabled or isinstance(active.node, Input):
            continue
        known = found.get((item.action, active.node))
        if known is not None:
            found[item.action, active.node] = replace(known, keys=(*known.keys, item.key))
            continue
        name = _LIBRARY.get(item.action, item.description)
        tell = str(item.tooltip or _TELL.get(item.action, ""))
        found[item.action, active.node] = Offer(item.action, name, tell, active.node, (item.key,))
    keyed = {offer.action for offer in found.values()}
    by_name = [offer for offer in _by_name(screen) if offer.action not in keyed]
    return sorted((*found.values(), *by_name), key=lambda offer: _ORDER.get(offer.tell, len(_ORDER)))


def _by_name(screen: Screen[Any]) -> list[Offer]:
    """Commands that this screen or the app knows how to do."""
    known: list[Offer] = []
    for item in COMMANDS:
        name = method(item.action)
        for node in (screen.app, *(() if item.action.startswith("app.") else (screen,))):
            if hasattr(node, f"action_{name}") and node.check_action(name, ()):
                known.append(Offer(item.action, item.name, item.tell, node))
                break
    return known
