"""One worker on the whole screen: charts and why it goes on, log, what happened, configuration, pictures."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from console import format as fmt
from console.charts.panel import panels
from console.fleet.cells import WorkerRow
from console.fleet.model import Log, Run, RunKey
from console.glyphs import glyph
from console.plain import plain
from console.screens.charted import ChartedScreen
from console.screens.pick import Pick
from console.screens.picture import Picture
from console.screens.pictures import Fetched, Pictures
from console.widgets.block import Block
from console.widgets.chart import ChartPane
from console.widgets.criteria import CriteriaPane, criteria_lines
from console.widgets.detail import no_log
from console.widgets.facts import FactsPane, fact_lines
from console.widgets.heading import rule
from console.widgets.lines import Line, cut, width_of
from console.widgets.log import LogPane
from console.widgets.pick_list import Item
from console.widgets.picture import PictureView
from console.widgets.settings import SettingsPane
from console.widgets.workers import Worker

TABS = ("overview", "log", "events", "settings", "pictures")
FIRST = {"overview": "#big-chart", "log": "#log", "events": "#events", "settings": "#settings", "pictures": "#view"}
_SIDE_BY_SIDE = 110
_WORTH = 30  # cells from which on the evidence is worth a place in the title


class WorkerScreen(ChartedScreen):
    """Follows one worker; another run of it takes the old one's place."""

    def __init__(self, worker: Worker, picture: Picture, tab: str = TABS[0]) -> None:
        super().__init__()
        self._worker, self.picture, self._tab = worker, picture, tab
        self._other: RunKey | None = None  # the run that its configuration is compared with
        self._figure = 0

    def compose(self) -> ComposeResult:
        yield Block(id="title")
        yield Block(id="tabs")
        with Vertical(id="overview"):
            yield ChartPane(self.console.charts, id="big-chart")
            with Horizontal(id="below"):
                yield CriteriaPane(id="big-criteria")
                yield FactsPane(id="big-facts", notes=False)
        yield LogPane(id="log")
        yield FactsPane(id="events")
        yield SettingsPane(id="settings")
        with Vertical(id="pictures"):
            yield Block(id="picture-name")
            yield PictureView(id="view")
        yield Block(id="notes", tall=True)
        yield Block(id="keys")

    def on_mount(self) -> None:
        self._pictures = Pictures(self.console.actions, self)
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
            shown = panels(run, row.criteria, self.console.charts.shown) if row and run else []
            self.chart_pane.show(shown, absent="No metrics yet.")
            self.query_one("#big-criteria", CriteriaPane).show(row, run)
            self.query_one("#big-facts", FactsPane).show(row, run, picture.now)
            self._share(row, run)
        elif self._tab == "log":
            self.log_pane.show(row.key if row else None, run.log if run else Log(), no_log(row))
        elif self._tab == "events":
            self.query_one("#events", FactsPane).show(row, run, picture.now)
        elif self._tab == "settings":
            self.query_one("#settings", SettingsPane).show(run, picture.fleet.runs.get(self._other or RunKey("", "")))
        else:
            self._show_picture()
        self.show_notes()

    def chart_runs(self) -> tuple[Run, ...]:
        run = self.picture.run(self.row)
        return (run,) if run is not None else ()

    @property
    def log_pane(self) -> LogPane:
        """The log."""
        return self.query_one("#log", LogPane)

    def on_log_pane_changed(self) -> None:
        self.show(self.picture)

    def on_descendant_focus(self) -> None:
        self.show_hints()

    def on_fetched(self, message: Fetched) -> None:
        message.stop()
        if self._tab == "pictures":
            self._show_picture()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action.startswith("chart_") and self._tab != "overview":
            return False
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        if self._tab == "overview" and self.chart_pane.clear_look():
            return
        if self.is_current:  # a second key may have been typed before the first was heard
            self.dismiss()

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

    def action_pictures(self) -> None:
        """The pictures; there already, the next one."""
        if self._tab == "pictures":
            self._figure += 1
            self.show(self.picture)
        else:
            self._pick("pictures")

    def action_difference(self) -> None:
        """Which run to compare the configuration with; earlier runs of this worker first."""
        run = self.picture.run(self.row)
        self._pick("settings")
        if run is None:
            return
        others = [one for one in self.picture.fleet.runs.values() if one.key != run.key and one.config]
        others.sort(key=lambda one: (one.worker == run.worker, one.key.run.rpartition("-")[0][-15:]), reverse=True)
        items = [Item("none", "all settings of this run", "")]
        items += [Item(one.key.run, f"on {one.key.host}", str(one.key)) for one in others]
        keys = {str(one.key): one.key for one in others}

        def take(chosen: tuple[str, ...] | None) -> None:
            if chosen is not None:
                self._other = keys.get(chosen[0])
                self.show(self.picture)

        now = "" if self._other is None else str(self._other)
        self.app.push_screen(Pick("Compare with which run?", items, (now,)), take)

    def _pick(self, tab: str) -> None:
        self._tab = tab
        for name in TABS:
            self.query_one(f"#{name}").display = name == tab
        self.query_one(FIRST[tab], Widget).focus()
        self.show(self.picture)
        self.show_hints()

    def _note(self) -> str:
        if self._tab != "log":
            return ""
        log = self.log_pane
        return "following" if log.following else f"paused, {fmt.count(log.unseen)} new" if log.unseen else "paused"

    def _share(self, row: WorkerRow | None, run: Run | None) -> None:
        """Criteria and facts side by side where there is room, else one above the other."""
        beside = self.size.width >= _SIDE_BY_SIDE
        self.query_one("#below").set_class(not beside, "stacked")
        width = self.size.width // (2 if beside else 1) - 2
        criteria = len(criteria_lines(row, width, run)) if row else 1
        facts = len(fact_lines(row, self.picture.now)) + 4 if row else 1
        most = max(4, self.size.height * 2 // 5)
        below = min(max(criteria, facts) if beside else criteria + min(facts, 4), most)
        self.query_one("#below").styles.height = below
        self.query_one("#big-criteria").styles.height = below if beside else min(criteria, below - 1)

    def _show_picture(self) -> None:
        row, view = self.row, self.query_one("#view", PictureView)
        figures = row.figures if row else ()
        if row is None or row.key is None or not figures:
            self.query_one("#picture-name", Block).show(lambda width: [])
            view.say("This run has no pictures yet: they are drawn at its end.")
            return
        path = figures[self._figure % len(figures)]
        data = self._pictures.get(row.key, path) if not self._pictures.failed(row.key, path) else None
        coming, failed = self._pictures.coming(row.key, path), self._pictures.failed(row.key, path)
        place = f"{self._figure % len(figures) + 1} of {len(figures)}   i: the next   " if len(figures) > 1 else ""
        words = f"{place}+ - zoom, arrows move"
        name: Line = ((f" {plain(path)}   ", "strong"), (words, "quiet"))
        self.query_one("#picture-name", Block).show(lambda width: [cut(name, width)])
        if self.app.has_class("ascii"):
            view.say("pictures need colours and half blocks, and --ascii is on   p: pull the run")
        elif data is not None:
            view.show(data, (row.key, path))
        else:
            view.say(failed or f"fetching {fmt.size(coming or 0)} …")


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
