"""What happened and what to do: state with its evidence, advice with proof and mend, checkpoints, events."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from console import format as fmt
from console.fleet.cells import Advice, WorkerRow
from console.fleet.model import Run
from console.fleet.points import points
from console.fleet.records import reported
from console.glyphs import LEVELS, glyph
from console.plain import plain
from console.screens.commands import key_hint
from console.widgets.lines import BLANK, Line, cut, padded
from console.widgets.scrolled import Scrolled

_EVENTS = 500
_CHECKPOINTS = 4
_OWN = ("t", "event", "schema")


class FactsPane(Scrolled):
    """Evidence, advice and events of one worker, newest event first."""

    def __init__(self, *, id: str | None = None, notes: bool = True) -> None:
        super().__init__(id=id)
        self._notes = notes  # also advice that only explains
        self._shown: tuple[WorkerRow | None, int, float] = (None, 0, 0.0)
        self._run: Run | None = None
        self._now = 0.0

    def show(self, row: WorkerRow | None, run: Run | None, now: float) -> None:
        """The worker to speak of."""
        mark = (row, len(run.events) if run else 0, 0.0)
        self._now = now
        if mark != self._shown or run is None:
            self._shown, self._run = mark, run
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        row = self._shown[0]
        if row is None:
            return []
        saved = checkpoint_lines(row, self._run, self._now)
        facts = fact_lines(row, self._now, width - 1, notes=self._notes, checkpoints=saved)
        lines = [*facts, *event_lines(self._run)]
        return [padded(((" ", "text"), *cut(line, width - 1)), width) for line in lines]


def fact_lines(
    row: WorkerRow, now: float, width: int = 80, *, notes: bool = True, checkpoints: Sequence[Line] = ()
) -> list[Line]:
    """State and its evidence, advice, checkpoint, figures."""
    sign, tone = glyph(row.state)
    lines: list[Line] = [((f"{sign} {row.state.name}  ", tone), (plain(row.state.evidence), "text"))]
    if row.lineage is not None:
        lines += [(("  " + part, "quiet"),) for part in folded(plain(row.lineage.words), width - 2)]
    if row.pulled:
        lines += [(("  " + part, "good"),) for part in folded(f"pulled, verified: {plain(row.pulled)}", width - 2)]
    if row.state.detail and row.state.detail != row.state.evidence:
        lines += [
            (("  " + part, "bad" if tone == "bad" else "text"),) for part in folded(plain(row.state.detail), width - 2)
        ]
    if row.state.unreachable_for is not None:
        lines.append(
            ((f"  unreachable for {fmt.span(row.state.unreachable_for)}: this is the last known state", "warn"),)
        )
    if row.state.stalled_for is not None:
        lines.append(((f"  stalled: no progress for {fmt.span(row.state.stalled_for)}", "warn"),))
    for item in row.advice:
        if notes or item.level != "note":
            lines += advice_lines(item, width)
    for item in row.host_advice:
        lines += advice_lines(item, width, of=f"{row.host}: ")
    if row.checkpoint is not None and not checkpoints:
        since = f", {fmt.span(now - row.checkpoint.time)} ago" if row.checkpoint.time is not None else ""
        at = (
            f"epoch {row.checkpoint.epoch}"
            if row.checkpoint.epoch is not None
            else f"step {fmt.count(row.checkpoint.step)}"
        )
        lines.append(
            (("  checkpoint ", "quiet"), (f"{at}{since}", "text"), (f"  {plain(row.checkpoint.file)}", "quiet"))
        )
    lines += checkpoints
    lines += [(("  picture ", "quiet"), (plain(path), "text")) for path in row.figures]
    if row.key is not None:
        elapsed = f", running {fmt.span(row.elapsed_s)}" if row.elapsed_s is not None and row.state.live else ""
        lines.append((("  run ", "quiet"), (f"{plain(str(row.key))}{elapsed}", "quiet")))
    return lines


def advice_lines(item: Advice, width: int, *, of: str = "") -> list[Line]:
    """What and proof under a sign, then the mend."""
    mark, colour = LEVELS.get(item.level, LEVELS["warning"])
    text = f"{of}{item.what} ({item.proof})" if item.proof else f"{of}{item.what}"
    lines: list[Line] = []
    for place, part in enumerate(folded(plain(text), width - 2)):
        sign = f"{mark} " if not place else "  "
        lines.append(((sign, colour), (part, colour if not place or colour == "quiet" else "text")))
    key = f"   {key_hint(item.action)}" if item.action else ""
    return lines + [(("  " + part, "text"),) for part in folded(plain(item.mend) + key, width - 2)]


def checkpoint_lines(row: WorkerRow, run: Run | None, now: float) -> list[Line]:
    """The newest checkpoints: epoch, the decisive metric there, size, age; ★ marks the best."""
    if run is None:
        return []
    saved = [item for item in run.events[-_EVENTS:] if item.get("event") == "checkpoint"][-_CHECKPOINTS:]
    metric = row.criteria[0].metric if row.criteria else "val_loss"
    values = dict(zip(*points(run, metric, "epoch"), strict=True))
    status = reported(run)
    best = status.best.get(metric) if status else None
    lines: list[Line] = []
    for item in reversed(saved):
        epoch, size, when = item.get("epoch"), item.get("bytes"), item.get("t")
        value = values.get(epoch) if isinstance(epoch, int) else None
        since = f", {fmt.span(now - when)} ago" if isinstance(when, int | float) else ""
        told = f"  {plain(metric)} {fmt.number(value)}" if value is not None else ""
        star = "★" if best is not None and isinstance(epoch, int) and epoch == best.epoch else " "
        lines.append(
            (
                (f"{star} ", "good"),
                ("checkpoint " if not lines else " " * 11, "quiet"),
                (f"epoch {epoch if isinstance(epoch, int) else '?'}{since}{told}", "text"),
                (f"  {fmt.size(size)}" if isinstance(size, int) and size >= 0 else "", "quiet"),
                (f"  {plain(str(item.get('file', '')))}", "quiet"),
            )
        )
    return lines


def event_lines(run: Run | None) -> list[Line]:
    """The newest events, newest first."""
    if run is None or not len(run.events):
        return []
    newest = reversed(run.events[-_EVENTS:])
    return [BLANK, *(event_line(item) for item in newest)]


def event_line(event: Mapping[str, Any]) -> Line:
    """One event: when, what, and everything else that it says."""
    when = event.get("t")
    moment = fmt.clock(float(when)) if isinstance(when, int | float) and 0 <= when < 1e11 else "--:--:--"
    name = event.get("event", "?")
    return ((f"{moment}  ", "quiet"), (plain(str(name)), "text"), (f"  {plain(details(event))}", "quiet"))


def details(event: Mapping[str, Any]) -> str:
    """Everything else that an event says."""
    return "  ".join(f"{key} {_value(value)}".strip() for key, value in event.items() if key not in _OWN)


def folded(text: str, width: int) -> list[str]:
    """Text in lines of at most so many cells, broken between words where there are any."""
    lines: list[str] = []
    rest = text.strip()
    while fmt.cell_len(rest) > width > 0:
        end = len(fmt.set_cell_size(rest, width).rstrip()) or 1
        space = rest.rfind(" ", 0, end + 1)
        end = space if space > width // 3 else end
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*lines, rest] if rest else lines


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return fmt.number(value)
    return json.dumps(value, default=str, ensure_ascii=False)
