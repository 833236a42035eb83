"""Choosing the colours: each theme is tried on while the cursor is on it."""

from typing import TYPE_CHECKING

from console.screens.pick import Pick
from console.themes import WORDS
from console.widgets.pick_list import Item

if TYPE_CHECKING:
    from console.shell import Shell


def choose_theme(app: "Shell") -> None:
    """Ask; what was chosen is kept."""
    before = app.theme

    def wear(name: str) -> None:
        app.theme = name

    def take(names: tuple[str, ...] | None) -> None:
        wear(names[0] if names else before)
        if names:
            app.settings.change(theme=names[0])

    items = [Item(name, words) for name, words in WORDS.items()]
    app.push_screen(Pick("Theme", items, (before,), moved=wear), take)
