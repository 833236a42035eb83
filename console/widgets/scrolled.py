"""Lines that are only read: the keys that scroll them."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from console.widgets.lines import Lines


class Scrolled(Lines):
    """What stands in it is a subclass's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "down", show=False),
        Binding("k,up", "scroll_up", "up", show=False),
        Binding("g,home", "scroll_home", "first", show=False),
        Binding("G,end", "scroll_end", "last", show=False),
    ]
