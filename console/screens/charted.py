"""What every screen with charts shares: the keys of charts work wherever the cursor is, and metrics can be chosen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from console.charts.panel import quantities
from console.fleet.model import Run
from console.fleet.points import metric_names
from console.format import plural
from console.screens.base import WorkersScreen
from console.screens.commands import CHART_COMMANDS, bindings
from console.screens.pick import Pick
from console.widgets.chart import ChartPane
from console.widgets.pick_list import Item

if TYPE_CHECKING:
    from collections.abc import Iterable


class ChartedScreen(WorkersScreen):
    """A screen with one `ChartPane`."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(CHART_COMMANDS)]

    @property
    def chart_pane(self) -> ChartPane:
        """The charts."""
        return self.query_one(ChartPane)

    def chart_runs(self) -> Sequence[Run]:
        """The runs whose metrics can be chosen."""
        raise NotImplementedError

    def on_chart_pane_asked(self) -> None:
        self.action_chart_metrics()

    def action_leave(self) -> None:
        if self.is_current:
            self.dismiss()

    def action_open(self) -> None:
        self.console.ways.worker(next(iter(self.marked), None))

    def action_log(self) -> None:
        self.console.ways.worker(next(iter(self.marked), None), "log")

    def action_chart_cursor(self, by: int) -> None:
        self.chart_pane.action_chart_cursor(by)

    def action_chart_zoom(self, into: bool) -> None:
        self.chart_pane.action_chart_zoom(into)

    def action_chart_pan(self, by: int) -> None:
        self.chart_pane.action_chart_pan(by)

    def action_chart_all(self) -> None:
        self.chart_pane.action_chart_all()

    def action_chart_log(self) -> None:
        self.chart_pane.action_chart_log()

    def action_chart_smooth(self) -> None:
        self.chart_pane.action_chart_smooth()

    def action_chart_axis(self) -> None:
        self.chart_pane.action_chart_axis()
        self.show(self.picture)  # points stand elsewhere now

    def action_chart_metrics(self) -> None:
        known = metrics_of(self.chart_runs())
        if not known:
            self.console.say("there are no metrics to choose from yet")
            return
        memory = self.console.charts
        ticked = [name for name in known if memory.shown(name)]

        def take(chosen: tuple[str, ...] | None) -> None:
            if chosen is not None:
                memory.show_only({name: name in chosen for name in known})
                self.show(self.picture)

        items = [Item(name, "" if metrics == (name,) else ", ".join(metrics)) for name, metrics in known.items()]
        title = f"{plural(len(items), 'metric')}: which have a chart"
        self.app.push_screen(Pick(title, items, ticked, ticks="some"), take)


def metrics_of(runs: "Iterable[Run]") -> dict[str, tuple[str, ...]]:
    """Quantity → metrics of any of the runs."""
    return quantities(dict.fromkeys(name for run in runs for name in metric_names(run)))
