"""A race: how near each rival is to all criteria, over time and now; who won, since when; what became of the others."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console import format as fmt
from console.charts.digest import Points
from console.charts.nearness import missing, passed, way
from console.charts.overlay import criteria_of, metrics_of, overlay
from console.charts.panel import Panel, Series
from console.fleet.cells import RaceView, Standing, WorkerRow
from console.fleet.model import Run
from console.fleet.points import Axis
from console.fleet.words import duration
from console.glyphs import GLYPHS, glyph, marks
from console.plain import plain
from console.races.showing import ruling_words
from console.screens.charted import ChartedScreen
from console.screens.picture import Picture
from console.widgets.block import Block
from console.widgets.chart import ChartPane
from console.widgets.chart_lines import FEW, mark_of, tone_of
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line, Lines, cut
from trainer.record.status import Criterion

WAY, COUNT = "way to all criteria", "criteria passed"


class Rivals(Lines):
    """The standings; the cursor chooses the rival that actions are for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next rival", show=False),
        Binding("k,up", "move(-1)", "previous rival", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._made: list[tuple[str, list[Line]]] = []
        self.at = ""

    def show(self, made: list[tuple[str, list[Line]]]) -> None:
        """Each rival with its lines."""
        if made != self._made:
            self._made = made
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        mine = self._mine().start
        lines = [line for _, lines in self._made for line in lines]
        return [cut(pointed(line) if at == mine else line, width) for at, line in enumerate(lines)]

    def line_tone(self, index: int) -> str:
        return ("cursor" if self.has_focus else "cursor-away") if index in self._mine() else ""

    def action_move(self, by: int) -> None:
        names = [name for name, _ in self._made]
        if names:
            now = names.index(self.at) if self.at in names else 0
            self.at = names[max(0, min(now + by, len(names) - 1))]
            self.look_changed()
            self.scroll_to(y=self._mine().start, animate=False)

    def _mine(self) -> range:
        start = 0
        for place, (name, lines) in enumerate(self._made):
            if name == self.at or (not place and self.at not in [one for one, _ in self._made]):
                return range(start, start + max(1, len(lines) - (not lines[-1])))
            start += len(lines)
        return range(0)


def pointed(line: Line) -> Line:
    """With the cursor's sign in its first cell."""
    if not line:
        return line
    (text, tone), *rest = line
    return (("›", "accent"), (text[1:], tone), *rest)


class StandingsScreen(ChartedScreen):
    """Follows one race of the configuration; [ and ] lead to the others."""

    def __init__(self, picture: Picture, name: str = "") -> None:
        super().__init__()
        self.picture = picture
        newest = picture.race or next(iter(picture.races), None)
        self._race = name or (newest.name if newest else "")

    def compose(self) -> ComposeResult:
        yield Block(id="title")
        yield Block(id="race-words", tall=True)
        yield ChartPane(self.console.charts, id="way")
        yield Block(id="rivals-rule")
        yield Rivals(id="rivals")
        yield Block(id="notes", tall=True)
        yield Block(id="keys")

    def on_mount(self) -> None:
        self.query_one(Rivals).focus()
        self.show(self.picture)
        self.show_hints()

    def on_resize(self) -> None:
        self.show(self.picture)
        self.show_hints()

    def on_descendant_focus(self) -> None:
        self.show_hints()

    @property
    def view(self) -> RaceView | None:
        """The race as it stands."""
        return next((race for race in self.picture.races if race.name == self._race), None)

    @property
    def marked(self) -> tuple[WorkerRow, ...]:
        rows = [item.row for item in self.view.standings] if self.view else []
        at = self.query_one(Rivals).at
        return tuple([row for row in rows if row.worker == at] or rows[:1])

    def chart_runs(self) -> Sequence[Run]:
        return [run for item in (self.view.standings if self.view else ()) if (run := self.picture.run(item.row))]

    def show(self, picture: Picture) -> None:
        self.picture = picture
        view = self.view
        self.query_one("#title", Block).show(lambda width: [title_line(picture, view, self._race, width)])
        self.query_one("#race-words", Block).show(lambda width: words(picture, view, width))
        if view is not None:
            chosen = self.chart_runs() if view.id else []
            self.chart_pane.show(race_panels(chosen), absent="No rival has been validated yet.")
            wide = self.size.width - 2
            order = {run.worker: place for place, run in enumerate(_placed(chosen))}
            made = [(item.row.worker, rival_lines(picture, view, item, order.get(item.row.worker), wide))
                    for item in view.standings]  # fmt: skip
            self.query_one(Rivals).show(made)
            lines = sum(len(found) for _, found in made)
            self.query_one(Rivals).styles.height = max(3, min(lines, self.size.height * 2 // 5))
        self.query_one("#rivals-rule", Block).show(lambda width: [(("─" * width, "line"),)])
        self.show_notes()

    def action_back(self) -> None:
        if not self.chart_pane.clear_look() and self.is_current:
            self.dismiss()

    def action_tab(self, by: int) -> None:
        names = [race.name for race in self.picture.races]
        if len(names) > 1:
            self._race = names[(names.index(self._race) + by) % len(names)]
            self.show(self.picture)


def _placed(runs: Sequence[Run]) -> list[Run]:
    """In the order of their names: a rival keeps its letter when the standings change."""
    return sorted(runs, key=lambda run: run.worker)


def race_panels(runs: Sequence[Run]) -> list[Panel]:
    """The way to all criteria, how many hold, then each criterion's metric with its threshold."""
    runs = _placed(runs)
    criteria = criteria_of(runs)
    if not criteria:
        names = [run.worker for run in runs]
        return [overlay(runs, names, metric, (), None) for metric in metrics_of(runs)]

    def made(title: str, of: Callable[[Run, Sequence[Criterion], Axis], Points], limit: float) -> Panel:
        series = tuple(
            Series((run.key, title), run.worker, partial(of, run, own), place=place)
            for place, run in enumerate(runs)
            if (own := criteria_of([run]))
        )
        return Panel(title, series, ((">=", limit),))

    panels = [made(WAY, way, 1.0), made(COUNT, passed, float(len(criteria)))]
    names = [run.worker for run in runs]
    metrics = dict.fromkeys(item.metric for item in criteria)
    return panels + [overlay(runs, names, metric, criteria, None) for metric in metrics]


def title_line(picture: Picture, view: RaceView | None, name: str, width: int) -> Line:
    """Which race, how long, who leads or won."""
    if view is None:
        return ((f" no race {plain(name)} in the configuration", "warn"),)
    if not view.id:
        return cut(((f" race {plain(view.name)}", "accent strong"), ("   never started   R starts it", "text")), width)
    begun = max((item.row.elapsed_s or 0.0 for item in view.standings), default=0.0)
    state = "over" if view.over else "running"
    return cut(
        (
            (f" race {plain(view.name)}", "accent strong"),
            (f"   {state}, {fmt.span(begun)}", "text"),
            (f"   {plain(view.id)}", "quiet"),
        ),
        width,
    )


def words(picture: Picture, view: RaceView | None, width: int) -> list[Line]:
    """The rule before the start, the leader while it runs, the winner and since when."""
    if view is None:
        return []
    if not view.id or not view.standings:
        return [BLANK, *(((f" {part}", "text"),) for part in folded(rule_words(view), width - 2)), BLANK]
    winner = picture.fleet.winners.get(view.id)
    if view.winner:
        since = f", {duration(picture.now - winner.time)} ago" if winner and winner.time else ""
        clock = f" at {fmt.clock(winner.time)}" if winner and winner.time else ""
        at = next((item.row for item in view.standings if item.won), None)
        epoch = f" after epoch {at.checked_epoch or at.epoch}" if at and (at.checked_epoch or at.epoch) else ""
        text = f"{GLYPHS['criteria met'][0]} {plain(view.winner)} wins{epoch}{clock}{since}"
        return [cut(((f" {text}", "good strong"),), width)]
    if view.over:
        return [cut((((f" {GLYPHS['lost the race'][0]} nobody has won: every rival has ended"), "warn"),), width)]
    best = view.standings[0]
    leads = f"leads with {best.passed} of {best.total} criteria" if best.passed else "is nearest, no criterion holds"
    text = f"{plain(best.row.worker)} {leads}"
    return [cut(((f" {text}", "text"),), width)]


def rule_words(view: RaceView) -> str:
    """What a race is."""
    rivals = ", ".join(plain(item.row.worker) for item in view.standings) or "no workers"
    known = next((item.row.criteria for item in view.standings if item.row.criteria), ())
    wanted = ", ".join(f"{plain(item.metric)} {item.op} {fmt.number(item.threshold, 2)}" for item in known)
    criteria = f"all of {wanted}" if wanted else "all criteria of its configuration ([stop] all)"
    return (
        f"{rivals} start together. Each decides at its checks whether {criteria} hold; the first for which they do "
        "creates winner.json in the race's folder, exactly once. The others look for it before every step, save a "
        "checkpoint and end as lost the race. It goes on when this console is closed."
    )


def rival_lines(picture: Picture, view: RaceView, item: Standing, place: int | None, width: int) -> list[Line]:
    """One rival: state, epoch, criteria; the distance of each; what became of it."""
    row = item.row
    sign, tone = glyph(row.state)
    known = place is not None and place < FEW
    mark, mark_tone = (mark_of(place), tone_of(place)) if known and place is not None else ("   ", "text")
    epoch = f"epoch {row.epoch}/{row.epochs}" if row.epoch is not None else ""
    lines: list[Line] = [
        (
            (f" {mark} ", mark_tone),
            (f"{sign} ", tone),
            (fmt.fit(plain(row.worker), 20), "strong"),
            (f" {row.state.name}  {epoch}  {marks(row.criteria)} {item.passed}/{item.total}", "text"),
            (f"  on {plain(row.host)}", "quiet"),
        )
    ]
    told = [distance_words(one.metric, one.op, missing(one), one.threshold) for one in row.criteria]
    if told:
        lines += [((f"       {part}", "quiet"),) for part in folded(" · ".join(told), width - 8)]
    fate = fate_words(picture, view, item)
    if fate:
        lines += [((f"       {part}", "text"),) for part in folded(fate, width - 8)]
    return lines


def distance_words(metric: str, op: str, left: float | None, threshold: float) -> str:
    """consistency 0.055 below 0.70."""
    name = plain(metric)
    if left is None:
        return f"{name} not known yet"
    if left == 0:
        return f"{name} holds"
    side = "below" if op.startswith(">") else "above"
    return f"{name} {fmt.number(left)} {side} {fmt.number(threshold, 2)}"


def fate_words(picture: Picture, view: RaceView, item: Standing) -> str:
    """How it ended, at which epoch, and whether its process is known to be gone."""
    row = item.row
    if row.state.live:
        if view.winner and not item.won:
            return f"{plain(view.winner)} has won: it ends at its next step"
        if row.state.name == "stopping" and (own := [one for one in view.rulings if one.key == row.key]):
            return plain(ruling_words(own[-1]))
        return f"next check after epoch {row.next_check_epoch}" if row.next_check_epoch is not None else ""
    run = picture.run(row)
    if run is None:
        return ""
    alive = [process.alive for process in run.processes.values()]
    gone = "" if not alive else "its process is still there" if any(alive) else "its process is gone, verified"
    at = f"ended in epoch {row.epoch}" if row.epoch is not None else "ended"
    ruled = next((one for one in reversed(view.rulings) if one.key == row.key and row.state.name == "stopped"), None)
    why = plain(ruling_words(ruled) if ruled else row.state.detail or row.state.evidence)
    return "; ".join(part for part in (f"{at}: {why}", gone) if part)
