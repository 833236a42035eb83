"""A check of a host as a list: what was found, and what it comes to."""

from console.format import clock, plural
from console.screens.asked import Examined
from console.widgets.items import Entry
from console.widgets.machine import found_entry


def check_title(examined: Examined) -> str:
    """On its tab."""
    bad = _bad(examined)
    return f"check {'…' if not examined.done else f'✗{bad}' if bad else '✓'}"


def check_entries(examined: Examined) -> list[Entry]:
    """Line by line, with what it comes to at the end."""
    entries = [found_entry(item) for item in examined.found]
    if examined.problem:
        entries.append(Entry(((" ✗ ", "bad"), (examined.problem, "bad"))))
    if not examined.done:
        return [*entries, Entry(((" ⟳ ", "accent"), ("looking …", "quiet")))]
    bad, warned = _bad(examined), any(item.ok and item.warn for item in examined.found)
    words = "nothing would fail" + ("; see what is marked !" if warned else "")
    tone = "bad" if bad else "warn" if warned else "good"
    words = f"{plural(bad, 'thing')} to mend" if bad else words
    return [*entries, Entry((("   ", "text"), (f"{clock(examined.began)} {words}", tone)))]


def _bad(examined: Examined) -> int:
    return sum(not item.ok for item in examined.found)
