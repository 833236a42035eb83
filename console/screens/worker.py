"""One worker on the whole screen: charts, criteria and what happened; its log."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from console import format as fmt
from console.fleet.cells import WorkerRow
from console.fleet.model import Log
from console.glyphs import glyph
from console.plain import plain
from console.screens.base import WorkersScreen
from console.screens.picture import Picture
from console.widgets.block import Block
from console.widgets.chart import ChartPane
from console.widgets.criteria import CriteriaPane, criteria_lines
from console.widgets.detail import no_log
from console.widgets.facts import FactsPane, fact_lines
from console.widgets.heading import rule
from console.widgets.lines import Line, Lines, cut, width_of
from console.widgets.log import LogPane
from console.widgets.workers import Worker

TABS = ("overview", "log", "events")
_SIDE_BY_SIDE = 110
_WORTH = 30  # cells from which on the evidence is worth a place in the title


class WorkerScreen(WorkersScreen):
    """Follows one worker; another run of it takes the old one's place."""

    def __init__(self, worker: Worker, picture: Picture, tab: str = TABS[0]) -> None:
        super().__init__()
        self._worker, self.picture, self._tab = worker, picture, tab

    def compose(self) -> ComposeResult:
        yield Block(id="title")
        yield Block(id="tabs")
        with Vertical(id="overview"):
            yield ChartPane(id="big-chart")
            with Horizontal(id="below"):
                yield CriteriaPane(id="big-criteria")
                yield FactsPane(id="big-facts", notes=False)
        yield LogPane(id="log")
        yield FactsPane(id="events")
        yield Block(id="notes", tall=True)
        yield Block(id="keys")

    def on_mount(self) -> None:
        self._pick(self._tab)

    def on_resize(self) -> None:
        self.show(self.picture)
        self.show_hints()

    @property
    def row(self) -> WorkerRow | None:
        """The worker as it is now; None when it left the configuration and the host."""
        return self.picture.worker(self._worker)

    @property
    def marked(self) -> tuple[WorkerRow, ...]:
        return (self.row,) if self.row else ()

    def show(self, picture: Picture) -> None:
        self.picture = picture
        row, run = self.row, picture.run(self.row)
        self.query_one("#title", Block).show(lambda width: [title_line(row, self._worker, width)])
        self.query_one("#tabs", Block).show(lambda width: [rule("", TABS, self._tab, self._note(), width, focus=False)])
        if self._tab == "overview":
            plots = self.console.curves.plots(row, run) if row else []
            self.query_one("#big-chart", ChartPane).show(plots, absent="No metrics yet.")
            self.query_one("#big-criteria", CriteriaPane).show(row)
            self.query_one("#big-facts", FactsPane).show(row, run, picture.now)
            self._share(row)
        elif self._tab == "log":
            self.log_pane.show(row.key if row else None, run.log if run else Log(), no_log(row))
        else:
            self.query_one("#events", FactsPane).show(row, run, picture.now)
        self.show_notes()

    @property
    def log_pane(self) -> LogPane:
        """The log."""
        return self.query_one("#log", LogPane)

    def on_log_pane_changed(self) -> None:
        self.show(self.picture)

    def on_descendant_focus(self) -> None:
        self.show_hints()

    def action_back(self) -> None:
        if self.is_current:  # a second key may have been typed before the first was heard
            self.dismiss()

    def action_leave(self) -> None:
        self.action_back()

    def action_open(self) -> None:
        self.action_tab(1)

    def action_log(self) -> None:
        self.action_full_log()

    def action_tab(self, by: int) -> None:
        self._pick(TABS[(TABS.index(self._tab) + by) % len(TABS)])

    def action_filter(self) -> None:
        self.console.say("the filter is for the list of workers: esc, then /")

    def action_follow(self) -> None:
        self.log_pane.action_follow()

    def action_wrap(self) -> None:
        self.log_pane.action_wrap()

    def action_stamps(self) -> None:
        self.log_pane.action_stamps()

    def _pick(self, tab: str) -> None:
        self._tab = tab
        for name in TABS:
            self.query_one(f"#{name}").display = name == tab
        self.query_one({"overview": "#big-criteria", "log": "#log", "events": "#events"}[tab], Lines).focus()
        self.show(self.picture)

    def _note(self) -> str:
        if self._tab != "log":
            return ""
        log = self.log_pane
        return "following" if log.following else f"paused, {fmt.count(log.unseen)} new" if log.unseen else "paused"

    def _share(self, row: WorkerRow | None) -> None:
        """Criteria and facts side by side where there is room, else one above the other."""
        beside = self.size.width >= _SIDE_BY_SIDE
        self.query_one("#below").set_class(not beside, "stacked")
        criteria = len(criteria_lines(row, 60)) if row else 1
        facts = len(fact_lines(row, self.picture.now)) + 4 if row else 1
        most = max(4, self.size.height * 2 // 5)
        below = min(max(criteria, facts) if beside else criteria + min(facts, 4), most)
        self.query_one("#below").styles.height = below
        self.query_one("#big-criteria").styles.height = below if beside else min(criteria, below - 1)


def title_line(row: WorkerRow | None, worker: Worker, width: int) -> Line:
    """State, evidence, its age; where, how far, how long."""
    if row is None:
        return cut(((f" {plain(worker[0])} on {plain(worker[1])}: nothing is known of it any more", "warn"),), width)
    sign, tone = glyph(row.state)
    epoch = f"   epoch {row.epoch}/{row.epochs}" if row.epoch is not None and row.epochs else ""
    eta = f"   {fmt.timer(row.eta_s)} to go" if row.eta_s is not None and row.state.live else ""
    took = f"   {fmt.span(row.elapsed_s)}" if row.elapsed_s is not None else ""
    age = f", {fmt.span(row.state.age)} ago" if row.state.age is not None and row.state.age > 10 else ""
    line: Line = (
        (f" {plain(row.worker)}", "accent strong"),
        (f" on {plain(row.host)}   ", "quiet"),
        (f"{sign} {row.state.name}", tone),
        (f"{epoch}{took}{eta}", "text"),
    )
    evidence: Line = ((f"   {plain(row.state.evidence)}{age}", "quiet"),)
    return cut((*line, *evidence) if width - width_of(line) >= _WORTH else line, width)
