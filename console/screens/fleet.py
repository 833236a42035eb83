"""The fleet: hosts, workers, and the selected worker's log, criteria, chart and events."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from console.fleet.cells import WorkerRow
from console.fleet.model import RunKey
from console.format import plural
from console.screens.base import WorkersScreen
from console.screens.filter import parse
from console.screens.layout import TOO_SMALL, heights, too_small
from console.screens.picture import Picture
from console.screens.worker import WorkerScreen
from console.widgets.block import Block
from console.widgets.detail import Detail
from console.widgets.heading import banner, guide, header
from console.widgets.hosts import HostsTable
from console.widgets.lines import Line, Lines
from console.widgets.workers import WorkersTable, identity


class FleetScreen(WorkersScreen):
    """Everything at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"pane({n})", f"pane {n}", show=False) for n in range(1, 10)),
    ]

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture
        self._filter = ""

    def compose(self) -> ComposeResult:
        yield Block(id="small")
        with Vertical(id="all"):
            yield Block(id="header")
            yield Block(id="banner", tall=True)
            yield HostsTable(id="hosts")
            yield WorkersTable(id="workers")
            yield Detail(self.console.charts, id="detail")
            yield Block(id="notes", tall=True)
            yield Input(id="filter", compact=True, placeholder="filter: text  !text  state=failed  acc>0.8")
            yield Block(id="keys")

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        self.table.focus()
        self.show(self.picture)

    @property
    def table(self) -> WorkersTable:
        """The workers."""
        return self.query_one("#workers", WorkersTable)

    @property
    def detail(self) -> Detail:
        """The selected worker."""
        return self.query_one("#detail", Detail)

    @property
    def marked(self) -> tuple[WorkerRow, ...]:
        return self.table.marked

    @property
    def follows(self) -> tuple[RunKey, ...]:
        row = self.table.selected
        return (row.key,) if row is not None and row.key is not None else ()

    def show(self, picture: Picture) -> None:
        self.picture = picture
        rows = tuple(row for row in picture.workers if parse(self._filter)(row))
        readonly = self.console.source.readonly
        self.query_one("#header", Block).show(
            lambda width: [header(picture.hosts, picture.workers, picture.race, picture.now, width, readonly=readonly)]
        )
        self.query_one("#banner", Block).show(self._top)
        self.query_one("#hosts", HostsTable).show(picture.hosts)
        self.table.show(rows, picture.workers, empty=self._why_empty())
        self._show_selected()
        self._share_height()

    def on_resize(self, event: events.Resize) -> None:
        small = too_small(event.size.width, event.size.height)
        self.set_class(small, "too-small")
        self.query_one("#small", Block).show(lambda width: [((TOO_SMALL, "warn"),)])
        if not small:
            self._share_height()
            self.show_hints()

    def hints(self) -> list[tuple[str, str]]:
        if isinstance(self.focused, Input):
            return [("Enter", "keep"), ("Esc", "show all"), ("text !text state=failed host~gpu acc>0.8", "")]
        return super().hints()

    def on_workers_table_selected(self) -> None:
        self._show_selected()

    def on_workers_table_opened(self) -> None:
        self.action_open()

    def on_descendant_focus(self) -> None:
        self.show_hints()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._filter = event.value
        self.show(self.picture)

    def on_input_submitted(self) -> None:
        self.query_one("#filter").display = bool(self._filter)
        self.table.focus()

    def action_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.display = True
        box.focus()

    def action_back(self) -> None:
        box = self.query_one("#filter", Input)
        if self._filter or box.display:
            box.value = ""
            box.display = False
            self.table.focus()
        elif self.table.tags:
            self.table.untag()
        elif not self.console.notes.clear():
            self.table.focus()
        self.show_notes()

    def action_leave(self) -> None:
        self.console.leave()

    def action_open(self) -> None:
        row = self.table.selected
        if row is not None:
            self.console.push_screen(WorkerScreen(identity(row), self.picture))

    def action_log(self) -> None:
        self.detail.pick("log")
        self.detail.log_pane.focus()

    def action_tab(self, by: int) -> None:
        self.detail.turn(by)

    def action_follow(self) -> None:
        self.detail.log_pane.action_follow()

    def action_wrap(self) -> None:
        self.detail.log_pane.action_wrap()

    def action_stamps(self) -> None:
        self.detail.log_pane.action_stamps()

    def action_pane(self, number: int) -> None:
        panes: list[Lines] = [self.query_one("#hosts", HostsTable), self.table, *self.detail.panes()]
        if number <= len(panes):
            panes[number - 1].focus()

    def _raced(self, worker: str | None) -> None:
        if worker:
            self.table.select(worker)

    def _top(self, width: int) -> list[Line]:
        picture = self.picture
        if picture.untouched and not self.console.source.readonly:
            return guide(picture.races, picture.guide, width)
        return banner(picture.race, width)

    def _show_selected(self) -> None:
        row = self.table.selected
        self.detail.show(row, self.picture.run(row), self.picture.now)
        self.show_notes()

    def _why_empty(self) -> str:
        if self._filter and self.picture.workers:
            return f"none of {plural(len(self.picture.workers), 'worker')} matches {self._filter}   esc: show all"
        return "no workers: add [workers.NAME] to config.toml"

    def _share_height(self) -> None:
        top = self.query_one("#banner", Block)
        foot = self.query_one("#notes", Block)
        fixed = 2 + sum(block.tall for block in (top, foot)) + self.query_one("#filter").display
        hosts, workers = heights(self.size.height - fixed, len(self.picture.hosts), max(1, len(self.picture.workers)))
        self.query_one("#hosts").styles.height = hosts
        self.table.styles.height = workers
