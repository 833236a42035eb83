"""The fleet as plain text: a frame for `status`, lines of a race, steps of an action. Words and signs as on screen."""

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from console.fleet.cells import Advice, HostRow, RaceView, WorkerRow
from console.fleet.findings.criteria import verdict
from console.fleet.findings.money import money
from console.fleet.words import duration
from console.format import age, number, percent, plural, size_of, span, timer
from console.glyphs import GLYPHS, arrow, ascii_twin, glyph, link, marks
from console.plain import plain
from console.races.showing import ruling_words
from console.source import Step

if TYPE_CHECKING:
    from console.history import Entry

METRICS = 5  # in a line of text
_COLOURS = {"good": "32", "bad": "31", "warn": "33", "accent": "36", "quiet": "2"}


class Paper:
    """Where text goes: with colour only on a terminal that wants it, with plain characters where others cannot be."""

    def __init__(self, out: TextIO, *, ascii: bool = False) -> None:
        self._out = out
        self.is_terminal = out.isatty() and os.environ.get("TERM") != "dumb"
        self._colour = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._ascii = ascii or "utf" not in (out.encoding or "utf-8").lower()

    def line(self, text: str = "", tone: str = "") -> None:
        """One line; whatever it was made of, it cannot steer the terminal."""
        text = plain(text)
        if self._ascii:
            text = ascii_twin(text)
        code = _COLOURS.get(tone) if self._colour else None
        self._out.write(f"\x1b[{code}m{text}\x1b[0m\n" if code else f"{text}\n")
        self._out.flush()

    def up(self, lines: int) -> None:
        """Back over the last lines, which are wiped: they are drawn anew."""
        if lines:
            self._out.write(f"\x1b[{lines}F\x1b[J")

    def clear(self) -> None:
        """An empty terminal, for a frame that replaces the last one."""
        self._out.write("\x1b[H\x1b[J")


def stdout(ascii: bool = False) -> Paper:
    return Paper(sys.stdout, ascii=ascii)


def stderr(ascii: bool = False) -> Paper:
    return Paper(sys.stderr, ascii=ascii)


Line = tuple[str, str]  # text and tone


def status_lines(
    hosts: Sequence[HostRow],
    workers: Sequence[WorkerRow],
    races: Sequence[RaceView],
    now: float,
    config: str,
    *,
    watches: Sequence[str] = (),
) -> list[Line]:
    """The whole frame. `watches`: hosts on which a watch lives."""
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    lines = [(f"trajconsole  {plural(len(hosts), 'host')}  {plural(len(workers), 'worker')}  {config}  {clock}", "")]
    lines += [(f"watched from {', '.join(watches)}", "quiet")] if watches else []
    lines += [("HOSTS", "quiet"), *(line for row in hosts for line in host_lines(row))]
    lines += [("WORKERS", "quiet"), *worker_table(workers)]
    begun = [view for view in races if view.id]
    if begun:
        lines += [("RACES", "quiet"), *(line for view in begun for line in race_lines(view))]
    return lines


def host_lines(row: HostRow) -> list[Line]:
    sign, tone = link(row.phase)
    facts = [row.name]
    if row.phase != "connected":
        since = f", last heard {span(row.unheard_for)} ago" if row.unheard_for is not None else ""
        facts.append(f"{row.phase}{since}")
    if row.cpu is not None:
        facts.append(f"cpu {percent(row.cpu)}")
    if row.memory_total:
        facts.append(f"mem {size_of(row.memory_used, row.memory_total)}")
    if row.disk_total and row.disk_used is not None:
        filling = f" full in {duration(row.disk_full_in_s)}" if row.disk_full_in_s is not None else ""
        facts.append(f"{row.disk_mount} {percent(row.disk_used / row.disk_total)}{filling}")
    if row.cost is not None and row.cost.spent is not None:
        facts.append(f"cost {money(row.cost.spent, row.cost.currency)}")
    facts += [f"{gpu.name} {percent(gpu.utilisation)} {size_of(gpu.memory_used, gpu.memory_total)}" for gpu in row.gpus]
    return [(f"{sign} {'  '.join(facts)}", tone), *advice_lines(row.advice)]


def worker_table(rows: Sequence[WorkerRow]) -> list[Line]:
    """Aligned columns; under each worker what a person should know of it."""
    cells = [_cells(row) for row in rows]
    widths = [max((len(line[n]) for line in cells), default=0) for n in range(4)]
    lines: list[Line] = []
    for row, line in zip(rows, cells, strict=True):
        text = "  ".join(part.ljust(width) for part, width in zip(line, widths, strict=False))
        lines.append((f"{text}  {line[4]}".rstrip(), glyph(row.state)[1]))
        lines += [(f"    {text}", "quiet") for text in _below(row)]
        lines += advice_lines(row.advice)
    return lines


def _cells(row: WorkerRow) -> list[str]:
    sign, _tone = glyph(row.state)
    epoch = f"{row.epoch}/{row.epochs}" if row.epoch is not None and row.epochs else ""
    return [f"{sign} {row.worker}", row.host, row.state.name, epoch, figures(row)]


def figures(row: WorkerRow) -> str:
    """Metrics, criteria, rate and time to go, in one line."""
    parts = [f"{name} {number(trend.value)}{arrow(trend.direction).strip()}" for name, trend in row.metrics[:METRICS]]
    if row.criteria:
        passed = sum(item.passed is True for item in row.criteria)
        parts.append(f"{marks(row.criteria)} {passed}/{len(row.criteria)}")
    if row.progress is not None and row.progress.what:
        total = f"/{row.progress.total:,.0f}" if row.progress.total else ""
        parts.append(f"{row.progress.what} {row.progress.done:,.0f}{total}")
        if row.progress.eta_s is not None and row.eta_s is None:
            parts.append(f"eta {timer(row.progress.eta_s)}")
    if row.state.live and row.samples_per_s is not None:
        parts.append(f"{row.samples_per_s:,.0f}/s")
    if row.eta_s is not None:
        parts.append(f"eta {timer(row.eta_s)}")
    return "  ".join(parts)


def _below(row: WorkerRow) -> list[str]:
    state, lines = row.state, []
    if state.unreachable_for is not None:
        lines.append(f"unreachable since {span(state.unreachable_for)}: this is the last known state")
    if not state.live and row.key is not None:
        when = f", {age(state.age)} ago" if state.age is not None else ""
        lines.append(f"{state.detail or state.evidence}{when}")
    if row.pulled:
        lines.append(f"pulled, verified: {row.pulled}")
    lines += row.notes
    return lines


def advice_lines(advice: Sequence[Advice]) -> list[Line]:
    tones = {"note": "quiet", "warning": "warn", "error": "bad"}
    return [
        (f"    {'·' if item.level == 'note' else '!'} {advice_text(item)}", tones.get(item.level, ""))
        for item in advice
    ]


def advice_text(item: Advice) -> str:
    text = f"{item.what}: {item.proof}" if item.proof else item.what
    return f"{text} → {item.mend}" if item.mend else text


def race_lines(view: RaceView) -> list[Line]:
    """The standings, then the winner and its picture."""
    head = f"{view.name}  {view.id}  {'over' if view.over else 'running'}"
    lines: list[Line] = [(head, "")]
    for place, item in enumerate(view.standings, 1):
        sign, tone = glyph(item.row.state)
        criteria = "  ".join(verdict(found) for found in item.row.criteria)
        epoch = f"epoch {item.row.epoch}" if item.row.epoch is not None else ""
        passed = f"{item.passed}/{item.total}"
        lines.append(
            (f"  {place}. {sign} {item.row.worker}  {item.row.state.name}  {epoch}  {passed}  {criteria}", tone)
        )
    lines += [(f"  {item.worker}: {ruling_words(item)}", "warn") for item in view.rulings]
    if view.winner:
        lines.append((f"  winner: {view.winner}", "good"))
    if view.picture:
        lines.append((f"  picture: {view.picture}", ""))
    return lines


def step_line(step: Step) -> Line:
    """A step of an action."""
    sign, tone = {True: ("✓", "good"), False: ("✗", "bad"), None: ("…", "")}[step.ok]
    when = f" (next in {step.countdown:.0f} s)" if step.countdown is not None else ""
    mend = f" — {step.mend}" if step.mend else ""
    return f"{sign} {step.worker}: {step.text}{when}{mend}", tone


def history_line(entry: "Entry") -> Line:
    """A run of the history."""
    sign, tone = GLYPHS.get(entry.state, ("?", "warn"))
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.started)) if entry.started else "–"
    best = "  ".join(f"{name} {number(value)}" for name, value in list(entry.best.items())[:METRICS])
    facts = [began, entry.run, entry.host, entry.state, entry.detail, best]
    return f"{sign} {'  '.join(fact for fact in facts if fact)}", tone
