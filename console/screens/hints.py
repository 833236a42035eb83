"""Keys for the foot of a screen, from the bindings in force."""

from collections.abc import Sequence
from typing import Any

from textual.screen import Screen

from console.screens.keys import key_name


def hints_of(screen: Screen[Any], order: Sequence[str]) -> list[tuple[str, str]]:
    """Key and name of what can be done now and is worth showing, in this order of actions."""
    shown: dict[str, tuple[str, str]] = {}
    for active in screen.active_bindings.values():
        item = active.binding
        if item.show and active.enabled and item.action not in shown:
            shown[item.action] = (key_name(item.key), item.description)
    known = {action: place for place, action in enumerate(order)}
    return [shown[action] for action in sorted(shown, key=lambda action: known.get(action, len(known)))]
