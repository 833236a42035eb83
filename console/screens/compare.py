"""Runs beside each other: their curves over one another, and a table of figures, of settings that differ, of words."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from console import compare, compared
from console.charts.overlay import End, criteria_of, end_of, metrics_of, overlay
from console.fleet.cells import WorkerRow
from console.fleet.model import Run, RunKey
from console.fleet.view import run_row
from console.format import plural
from console.glyphs import GLYPHS
from console.plain import plain
from console.screens.charted import ChartedScreen
from console.screens.pick import Pick
from console.screens.picture import Picture
from console.widgets.block import Block
from console.widgets.chart import ChartPane
from console.widgets.chart_lines import FEW, mark_of, tone_of
from console.widgets.facts import folded
from console.widgets.heading import keys, rule
from console.widgets.lines import Line, Span, cut, width_of
from console.widgets.pick_list import Item
from console.widgets.runs import RunsTable
from console.widgets.scrolled import Scrolled
from console.widgets.typed import Typed
from trainer.outcomes.outcome import Outcome
from trainer.outcomes.standing import heads

TABS = ("figures", "settings that differ", "in words")
_LEAST_TABLE = 5
_HINTS = (("←→", "metric"), ("o O", "sort"), ("A", "earlier runs"), ("[ ]", "figures, settings, words"))


class Words(Scrolled):
    """What is said of the runs in sentences."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told: tuple[str, ...] = ()

    def show(self, told: Sequence[str]) -> None:
        if tuple(told) != self._told or not self._lines:
            self._told = tuple(told)
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        said = self._told or ("nothing can be said of these runs yet: none of them was validated",)
        return [((f" {part}", "text"),) for text in said for part in folded(plain(text), width - 2)]


class ComparedTable(RunsTable):
    """Left and right choose the metric."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.metric(-1)", "previous metric", tooltip="the metric before", show=False),
        Binding("right", "screen.metric(1)", "next metric", tooltip="the next metric", show=False),
    ]


class CompareScreen(ChartedScreen):
    """Follows the runs that were chosen; live ones go on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "all_runs", "all runs", tooltip="earlier runs of these workers too, or the newest only"),
    ]

    def __init__(self, picture: Picture, keys: Sequence[RunKey]) -> None:
        super().__init__()
        self.picture = picture
        self._keys = tuple(keys)
        self._every = False
        self._tab = TABS[0]
        self._filter = ""
        self._outcomes: dict[RunKey, tuple[tuple[object, ...], Outcome]] = {}
        self._ends: dict[tuple[RunKey, str], tuple[tuple[int, bool], End]] = {}
        self._shown: list[Run] = []
        self._placed = False

    def compose(self) -> ComposeResult:
        yield Block(id="title")
        yield ChartPane(self.console.charts, id="overlay")
        yield Block(id="compare-tabs")
        yield ComparedTable(id="compared")
        yield Words(id="compare-words")
        yield Block(id="notes", tall=True)
        yield Typed(id="filter", compact=True, placeholder="only runs with these letters in their name")
        yield Block(id="keys")

    def on_mount(self) -> None:
        self.chart_pane.marked = True
        self.query_one("#filter").display = False
        self._pick(TABS[0])

    def on_resize(self) -> None:
        self.show(self.picture)
        self.show_hints()

    def on_descendant_focus(self) -> None:
        self.show_hints()

    @property
    def table(self) -> ComparedTable:
        """The runs."""
        return self.query_one(ComparedTable)

    @property
    def marked(self) -> tuple[WorkerRow, ...]:
        run = next((run for run in self._shown if str(run.key) == self.table.selected), None)
        return (run_row(self.picture.fleet, run, self.picture.now),) if run is not None else ()

    def chart_runs(self) -> Sequence[Run]:
        return self._shown

    def runs(self) -> list[Run]:
        """The runs in question that the fleet knows."""
        fleet = self.picture.fleet
        found = [fleet.runs[key] for key in self._keys if key in fleet.runs]
        if self._every:
            workers = {(run.key.host, run.worker) for run in found}
            others = [run for run in fleet.runs.values() if (run.key.host, run.worker) in workers]
            found += sorted((run for run in others if run not in found), key=lambda run: run.key.run)
        return found

    def show(self, picture: Picture) -> None:
        self.picture = picture
        runs = self.runs()
        told = [self._outcome(run) for run in runs]
        names = heads(told)
        kept = [at for at, name in enumerate(names) if self._filter.lower() in name.lower()]
        self._shown = [runs[at] for at in kept]
        told, names = [told[at] for at in kept], tuple(names[at] for at in kept)
        criteria = criteria_of(self._shown)
        metrics = metrics_of(self._shown, criteria)
        at = [str(run.key) for run in self._shown]
        chosen = names[at.index(self.table.selected)] if self.table.selected in at else None
        panels = [overlay(self._shown, names, metric, criteria, chosen) for metric in metrics]
        self.chart_pane.show(panels, absent="None of these runs has metrics yet.")
        self._show_table(told, names)
        self.query_one("#title", Block).show(lambda width: [self._title(len(runs), width)])
        note = f"{plural(len(kept), 'run')}{' of ' + str(len(runs)) if len(kept) < len(runs) else ''}"
        self.query_one("#compare-tabs", Block).show(lambda width: [rule("", TABS, self._tab, note, width, focus=False)])
        self._share(len(kept))
        self.show_notes()

    @property
    def metric(self) -> str:
        """The metric in question."""
        pane = self.chart_pane
        return pane.panels[pane.look.at].title if pane.panels else ""

    def on_chart_pane_moved(self) -> None:
        self.show(self.picture)

    def on_runs_table_selected(self) -> None:
        self.show(self.picture)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._filter = event.value
        self.show(self.picture)

    def on_input_submitted(self) -> None:
        self.query_one("#filter").display = bool(self._filter)
        self.table.focus()

    def action_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.display = True
        self.set_focus(box)

    def action_back(self) -> None:
        box = self.query_one("#filter", Input)
        if box.display or self._filter:
            box.value, box.display = "", False
            self.set_focus(self.table)
        elif not self.chart_pane.clear_look() and self.is_current:
            self.dismiss()

    def action_tab(self, by: int) -> None:
        self._pick(TABS[(TABS.index(self._tab) + by) % len(TABS)])

    def action_metric(self, by: int) -> None:
        self.chart_pane.action_chart_next(by)

    def action_all_runs(self) -> None:
        self._every = not self._every
        self.show(self.picture)
        self.console.say("earlier runs of these workers too   A: the newest only" if self._every else "the newest only")

    def action_chart_metrics(self) -> None:
        """One metric, by its name."""
        titles = [panel.title for panel in self.chart_pane.panels]
        items = [Item(panel.title, plural(len(panel.series), "run")) for panel in self.chart_pane.panels]

        def take(chosen: tuple[str, ...] | None) -> None:
            if chosen and chosen[0] in titles:
                self.action_metric(titles.index(chosen[0]) - self.chart_pane.look.at)

        self.app.push_screen(Pick("Which metric?", items, (self.metric,)), take)

    def _outcome(self, run: Run) -> Outcome:
        """Made again only when something of the run changed."""
        mark = (len(run.rows), run.status, run.results, run.config, run.exit, run.gone)
        known = self._outcomes.get(run.key)
        if known is None or known[0] != mark:
            (found,) = compare.outcomes(self.picture.fleet, [run], self.picture.now)
            known = self._outcomes[run.key] = (mark, found)
        return known[1]

    def _end(self, run: Run, smaller: frozenset[str]) -> End:
        """The same for what a metric came to."""
        mark = (len(run.rows), self.metric in smaller)
        known = self._ends.get((run.key, self.metric))
        if known is None or known[0] != mark:
            known = self._ends[run.key, self.metric] = (mark, end_of(run, self.metric, smaller))
        return known[1]

    def _show_table(self, told: Sequence[Outcome], names: Sequence[str]) -> None:
        few = len(self._shown) <= FEW
        marks: list[Span] = [(mark_of(at), tone_of(at)) if few else ("   ", "text") for at in range(len(names))]
        keys = [str(run.key) for run in self._shown]
        if self._tab == TABS[2]:
            self.query_one("#compare-words", Words).show(compared.told(told))
            return
        if self._tab == TABS[0]:
            smaller = frozenset(name for item in told for name in item.smaller)
            ends = [self._end(run, smaller) for run in self._shown]
            columns = compared.figure_columns(told, self.metric, ends)
        else:
            columns = compared.setting_columns(told)
        self.table.show(keys, marks, columns, empty=f"no run matches {self._filter}   esc: show all")
        if not self._placed and keys:
            self._placed = True
            self.show(self.picture)  # the first row has the cursor now: its curve stands in front

    def _title(self, runs: int, width: int) -> Line:
        live = sum(1 for run in self._shown if run.exit is None)
        going = f"   {GLYPHS['training'][0]} {live} still going" if live else ""
        left: Line = (
            (" compare ", "accent strong"),
            (f"{plural(runs, 'run')}", "text"),
            (going, "text"),
            (f"   {plain(self.metric)}  ", "strong"),
        )
        return cut((*left, *keys(_HINTS, max(1, width - width_of(left)))), width)

    def _pick(self, tab: str) -> None:
        self._tab = tab
        self.table.display = tab != TABS[2]
        self.query_one("#compare-words").display = tab == TABS[2]
        (self.query_one("#compare-words", Words) if tab == TABS[2] else self.table).focus()
        self.show(self.picture)
        self.show_hints()

    def _share(self, rows: int) -> None:
        room = self.size.height - 3
        wanted = room // 3 if self._tab == TABS[2] else min(rows + 1, room * 2 // 5)
        table = max(_LEAST_TABLE, wanted)
        for name in ("#compared", "#compare-words"):
            self.query_one(name).styles.height = table


def keys_to_compare(picture: Picture, rows: Sequence[WorkerRow]) -> tuple[RunKey, ...]:
    """The runs of these workers; of one worker alone: of the race that it belongs to, else all that were validated."""
    if len(rows) > 1:
        return tuple(row.key for row in rows if row.key is not None)
    for race in picture.races:
        rivals = [item.row for item in race.standings]
        if rows and any(row.worker == rows[0].worker for row in rivals):
            return tuple(row.key for row in rivals if row.key is not None)
    return tuple(run.key for run in compare.chosen(picture.fleet, ())[0])
