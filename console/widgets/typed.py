"""A line to type into."""

from textual.reactive import var
from textual.widgets import Input


class Typed(Input):
    """Its cursor stands still: a screen at rest paints nothing, and looks the same whenever one looks."""

    cursor_blink = var(False, init=False)
