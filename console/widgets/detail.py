"""The selected worker: log, criteria, chart, events, as tabs; on a wide screen some of them stand side by side."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from console.charts.memory import ChartMemory
from console.charts.panel import panels
from console.fleet.cells import WorkerRow
from console.fleet.model import Log, Run
from console.format import count
from console.happened import Happened
from console.widgets.block import Block
from console.widgets.chart import ChartPane
from console.widgets.criteria import CriteriaPane, criteria_lines
from console.widgets.facts import FactsPane
from console.widgets.happened import HappenedPane
from console.widgets.heading import rule
from console.widgets.lines import Lines
from console.widgets.log import LogPane

TABS = ("log", "criteria", "chart", "events", "fleet")
SIDE_CRITERIA, SIDE_CHART = 120, 160  # from these widths on they have a place of their own
TALL = 18  # … the chart from this height on, too: it stands below the criteria


class Detail(Widget):
    """One worker's panes."""

    def __init__(self, charts: ChartMemory, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._charts = charts
        self._tab = TABS[0]
        self._happened: Callable[[], Sequence[Happened]] = tuple
        self._row: WorkerRow | None = None
        self._run: Run | None = None
        self._now = 0.0

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="left"):
                yield Block(id="left-rule")
                yield LogPane(id="log")
                yield CriteriaPane(id="criteria")
                yield ChartPane(self._charts, id="chart")
                yield FactsPane(id="events")
                yield HappenedPane(id="fleet")
            with Vertical(id="side"):
                yield Block(id="side-criteria-rule")
                yield CriteriaPane(id="side-criteria")
                yield Block(id="side-chart-rule")
                yield ChartPane(self._charts, id="side-chart")

    def on_mount(self) -> None:
        self._arrange()

    def on_resize(self) -> None:
        self._arrange()

    def show(self, row: WorkerRow | None, run: Run | None, now: float) -> None:
        """The worker as it is now."""
        self._row, self._run, self._now = row, run, now
        self._fill()

    def listen(self, happened: Callable[[], Sequence[Happened]], tab: str) -> None:
        """Where to learn what happened in the fleet, asked only while that is in sight; the tab to begin with."""
        self._happened = happened
        self._tab = tab if tab in TABS else self._tab

    @property
    def tabs(self) -> tuple[str, ...]:
        """Tabs on the left: what has no place of its own."""
        places = {"criteria": self.size.width >= SIDE_CRITERIA, "chart": self.charted}
        return tuple(tab for tab in TABS if not places.get(tab, False))

    @property
    def charted(self) -> bool:
        """The chart has a place of its own."""
        width, height = self.size
        return width >= SIDE_CHART or (width >= SIDE_CRITERIA and height >= TALL)

    @property
    def active(self) -> str:
        """The tab in sight."""
        return self._tab if self._tab in self.tabs else self.tabs[0]

    @property
    def log_pane(self) -> LogPane:
        """The log's pane."""
        return self.query_one("#log", LogPane)

    def panes(self) -> list[Lines]:
        """The panes in sight, for the keyboard."""
        names = [f"#{self.active}", "#side-criteria", "#side-chart"]
        return [pane for name in names if (pane := self.query_one(name, Lines)).visible_now]

    def turn(self, by: int) -> None:
        """Another tab."""
        self.pick(self.tabs[(self.tabs.index(self.active) + by) % len(self.tabs)])

    def pick(self, tab: str) -> None:
        """This tab."""
        held = self.has_focus_within
        self._tab = tab
        self._arrange()
        if held:
            self.query_one(f"#{self.active}", Lines).focus()

    def rules(self) -> None:
        """The titles of the panes."""
        name = self._row.worker if self._row and self.active != "fleet" else ""
        inside = self.query_one("#left").has_focus_within
        note = self._log_note() if self.active == "log" else ""
        self.query_one("#left-rule", Block).show(
            lambda width: [rule(name, self.tabs, self.active, note, width, focus=inside)]
        )
        self._side_rule("criteria")
        self._side_rule("chart")

    def _side_rule(self, title: str) -> None:
        focus = self.query_one(f"#side-{title}").has_focus
        block = self.query_one(f"#side-{title}-rule", Block)
        block.show(lambda width: [rule("", (title,), title if focus else "", "", width, focus=focus)])

    def on_descendant_focus(self) -> None:
        self.rules()

    def on_descendant_blur(self) -> None:
        self.rules()

    def on_log_pane_changed(self) -> None:
        self.rules()

    def _log_note(self) -> str:
        log = self.log_pane
        following = "following" if log.following else f"paused, {count(log.unseen)} new" if log.unseen else "paused"
        return " · ".join([following, *(["wrapped"] if log.wrapping else []), *([] if log.stamps else ["no times"])])

    def _arrange(self) -> None:
        width = self.size.width
        side = self.query_one("#side")
        side.display = width >= SIDE_CRITERIA
        side.styles.width = min(96, width * 9 // 20) if width >= SIDE_CHART else 56
        for name in ("#side-chart", "#side-chart-rule"):
            self.query_one(name).display = self.charted
        for tab in TABS:
            self.query_one(f"#{tab}").display = tab == self.active
        self._fill()

    def _fill(self) -> None:
        row, run = self._row, self._run
        charted, tabs = self.charted, self.tabs
        if self.active == "log":
            self.log_pane.show(row.key if row else None, run.log if run else Log(), no_log(row))
        if self.active == "events":
            self.query_one("#events", FactsPane).show(row, run, self._now)
        if self.active == "fleet":
            self.query_one("#fleet", HappenedPane).show(self._happened())
        where = "#criteria" if "criteria" in tabs else "#side-criteria"
        self.query_one(where, CriteriaPane).show(row)
        if self.active == "chart" or charted:
            shown = panels(run, row.criteria, self._charts.shown) if row and run else []
            chart = self.query_one("#chart" if "chart" in tabs else "#side-chart", ChartPane)
            chart.show(shown, absent="No metrics yet.")
        if charted and row is not None:
            lines = len(criteria_lines(row, 60))
            self.query_one("#side-criteria").styles.height = max(3, min(lines, self.size.height // 2))
        self.rules()


def no_log(row: WorkerRow | None) -> str:
    """What stands in the place of a log."""
    if row is None:
        return ""
    return "Never started: there is no log.   s: start" if row.key is None else "Nothing in the log yet."
