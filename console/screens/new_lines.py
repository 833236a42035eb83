"""How the form of a new worker stands on its page: title, rows, what is said below them."""

from typing import Any

from console import format as fmt
from console.editing import room
from console.editing.form import Form
from console.editing.text import value_text
from console.editing.wish import preview
from console.plain import plain
from console.screens.page import said
from console.widgets.lines import BLANK, Line
from console.widgets.listing import Row

COMMAND_KEYS = ("command", "folder", "code", "branch")
_LABEL = 20


def title(form: Form, *, once: bool) -> Line:
    """`once`: a worker of this name was started, and stands in no file."""
    known = form.wish.name in form.config.workers
    words = "is in config.toml already: saving changes it" if known else "will be new in config.toml"
    if once:
        words = "was started once: saving writes it into config.toml"
    return (
        (" new worker  ", "accent strong"),
        (plain(form.wish.name), "strong"),
        (f"  {words}", "quiet"),
    )


def rows(form: Form) -> list[Row]:
    """Where it begins, where it goes, and all of its settings."""
    wish = form.wish
    found = [
        _field("from", wish.base.label, f"one of {len(form.bases)}: ← → or Enter"),
        _field("name", wish.name, ""),
        _field("host", wish.host, room.host_words(form.hosts.get(wish.host))),
        _field("gpus", wish.gpus, _gpu_words(form)),
        _field("trial first", "yes" if form.trial else "no", "two epochs on a few samples before the start"),
        Row(None, BLANK),
    ]
    if wish.base.is_command:
        return [*found, *(_field(key, value_text(form.table.get(key, "")), "") for key in COMMAND_KEYS)]
    settings = form.settings
    shown = [key for key in settings if form.word in key]
    changed = f", {len(wish.changes)} changed" if wish.changes else ""
    only = f", only with “{plain(form.word)}”" if form.word else ""
    head = f"  {fmt.plural(len(shown), 'setting')}{changed}{only}" if settings else "  asking the trainer …"
    return [*found, Row(None, ((head, "quiet"),)), *(_setting(form, key, settings[key]) for key in shown)]


def foot(form: Form, width: int) -> list[Line]:
    """What is wrong; else the exact command, and where it goes."""
    lines: list[Line] = [((" " + "─" * max(0, width - 2), "line"),)]
    if form.problems:
        for text in form.problems[:4]:
            lines += said(plain(text), "bad", width, "✗")
        return lines
    if form.resolved is None and not form.wish.base.is_command:
        return [*lines, *said("asking the trainer …", "quiet", width)]
    where, command = preview(form.config, form.wish.name, form.table)
    lines += said(plain(where), "quiet", width)
    lines += said(plain(command), "text", width, "$")
    if form.wish.base.is_command:
        return lines
    return [
        *lines,
        *said("the trainer of this machine accepts it; the host's is asked at the start", "good", width, "✓"),
    ]


def _field(key: str, value: str, note: str) -> Row:
    return Row(
        key,
        ((f" {fmt.fit(key, _LABEL)}", "quiet"), (plain(value), "strong"), (f"   {note}" if note else "", "quiet")),
    )


def _setting(form: Form, key: str, value: Any) -> Row:
    changed = key in form.wish.changes
    note = f"   was {value_text(form.plain[key])}" if changed and key in form.plain else ""
    problem = form.resolved.problem_of(key) if form.resolved else ""
    line: Line = (
        (f" {fmt.fit(key, 30)}", "text" if changed else "quiet"),
        (plain(value_text(value)), "bad" if problem else "strong" if changed else "text"),
        (note, "quiet"),
        (f"   ✗ {plain(problem)}" if problem else "", "bad"),
    )
    return Row(f"set {key}", line)


def _gpu_words(form: Form) -> str:
    found = {item.index: item for item in form.rooms}
    if form.wish.gpus == room.ANY:
        return "the worker decides" if found else ""
    chosen = [int(part) for part in form.wish.gpus.split(",") if part.strip().isdecimal()]
    return "; ".join(found[number].words for number in chosen if number in found)
