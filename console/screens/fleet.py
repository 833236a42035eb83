"""The fleet: hosts, workers, and the selected worker's log, criteria, chart and events."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from console.fleet.beats import watching
from console.fleet.cells import WorkerRow
from console.fleet.holders import gpus_of
from console.fleet.model import RunKey
from console.format import plural
from console.plain import plain
from console.screens.base import WorkersScreen
from console.screens.commands import FLEET_COMMANDS, bindings
from console.screens.completing import Completing
from console.screens.filter import parse, problem
from console.screens.layout import TOO_SMALL, heights, too_small
from console.screens.pick import Pick
from console.screens.picture import Picture
from console.widgets.block import Block
from console.widgets.detail import Detail
from console.widgets.heading import banner, guide, header
from console.widgets.hosts import HostsTable
from console.widgets.lines import Line, Lines, cut
from console.widgets.pick_list import Item
from console.widgets.typed import Typed
from console.widgets.worker_columns import all_metrics, catalogue, told
from console.widgets.workers import WorkersTable

_MOST_LINES = 60  # of a terminal: more than that is never given to the tables, or taken from them
_ENTRY = 3  # a column that is chosen anew comes behind name, host and state


class FleetScreen(WorkersScreen):
    """Everything at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(FLEET_COMMANDS),
        *(Binding(str(n), f"pane({n})", f"pane {n}", show=False) for n in range(1, 10)),
    ]

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture
        self._filter = ""
        self._keep = parse("")

    def compose(self) -> ComposeResult:
        yield Block(id="small")
        with Vertical(id="all"):
            yield Block(id="header")
            yield Block(id="banner", tall=True)
            yield HostsTable(id="hosts")
            yield WorkersTable(id="workers")
            yield Detail(self.console.charts, id="detail")
            yield Block(id="notes", tall=True)
            hint = "filter: text  !text  state=failed  acc>0.8   →: complete"
            yield Typed(id="filter", compact=True, placeholder=hint, suggester=Completing(lambda: self.picture.workers))
            yield Block(id="keys")

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        settings = self.console.settings.value
        self.detail.listen(lambda: self.console.diary.newest(self.picture.fleet), settings.tab)
        pane = self.detail.log_pane
        if pane.wrapping != settings.wrap:
            pane.action_wrap()
        if pane.stamps != settings.stamps:
            pane.action_stamps()
        self._arrange()
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
        rows = tuple(row for row in picture.workers if self._keep(row)) if self._filter else picture.workers
        readonly = self.console.source.readonly
        self.query_one("#header", Block).show(
            lambda width: [
                header(
                    picture.hosts,
                    picture.workers,
                    picture.race,
                    picture.now,
                    width,
                    readonly=readonly,
                    watches=[name for name, _ in watching(picture.fleet, picture.now)],
                )
            ]
        )
        self.query_one("#banner", Block).show(self._top)
        self.query_one("#hosts", HostsTable).show(picture.hosts)
        self.table.show(rows, picture.workers, empty=self._why_empty(), gpus=self._gpus())
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
            return [
                ("→", "complete"),
                ("Enter", "keep"),
                ("Esc", "show all"),
                ("text !text state=failed host~gpu acc>0.8", ""),
            ]
        return super().hints()

    def show_hints(self) -> None:
        wrong = problem(self._filter, self.picture.workers) if isinstance(self.focused, Input) else ""
        if wrong:
            self.query_one("#keys", Block).show(lambda width: [cut(((f" ! {plain(wrong)}", "warn"),), width)])
        else:
            super().show_hints()

    def on_workers_table_selected(self) -> None:
        self._show_selected()

    def on_workers_table_opened(self) -> None:
        self.action_open()

    def on_workers_table_headed(self, event: WorkersTable.Headed) -> None:
        if event.column == self.console.settings.value.sort:
            self.action_turn()
        elif event.column:
            self.action_sort_by(event.column)

    def on_hosts_table_opened(self) -> None:
        self.action_open()

    def on_descendant_focus(self) -> None:
        self.show_hints()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._filter, self._keep = event.value, parse(event.value)
        self.show(self.picture)
        self.show_hints()

    def on_input_submitted(self) -> None:
        self.query_one("#filter").display = bool(self._filter)
        self.table.focus()

    def action_filter(self) -> None:
        box = self.query_one("#filter", Input)
        box.display = True
        self.set_focus(box)

    def action_back(self) -> None:
        box = self.query_one("#filter", Input)
        if self._filter or box.display:
            box.value = ""
            box.display = False
            self.set_focus(self.table)
        elif self.table.tags:
            self.table.untag()
        elif not self.console.notes.clear():
            self.set_focus(self.table)
        self.show_notes()

    def action_leave(self) -> None:
        self.console.leave()

    def action_open(self) -> None:
        hosts = self.query_one("#hosts", HostsTable)
        row = self.table.selected
        if self.focused is hosts:
            if hosts.selected is not None:
                self.console.ways.host(hosts.selected.name)
            else:
                self.action_fold()
        elif row is not None:
            self.console.ways.worker(row)

    def action_tag(self) -> None:
        self.table.action_tag()

    def action_columns(self) -> None:
        rows, chosen = self.picture.workers, self.console.settings.value.columns
        now = [*(chosen or self.table.shown)]
        names = [*now, *(name for name in catalogue(rows) if name not in now)]
        metrics = set(all_metrics(rows))
        items = [Item(name, "a metric: now, and where it goes" if name in metrics else told(name)) for name in names]
        self.console.push_screen(
            Pick("Columns of the workers", items, now, ticks="order", entry=_ENTRY), self._take_columns
        )

    def action_sort_next(self) -> None:
        names, now = self.table.shown, self.console.settings.value.sort
        self.action_sort_by(names[names.index(now) + 1] if now in names[:-1] else "" if now else names[0])

    def action_sort_by(self, column: str) -> None:
        """Order the workers by a column; an empty name is the order of the configuration."""
        if column == "loss" and "loss" not in all_metrics(self.picture.workers):
            column = next((name for name in all_metrics(self.picture.workers) if "loss" in name), column)
        found = catalogue(self.picture.workers).get(column)
        if column and found is None:
            self.console.say(f"no worker has {column}")
            return
        self.console.settings.change(sort=column, downward=found.downward if found else False)
        self._arrange()
        self.console.say(
            f"sorted by {column}   O: the other way round" if column else "in the order of the configuration"
        )

    def action_turn(self) -> None:
        settings = self.console.settings
        if settings.value.sort:
            settings.change(downward=not settings.value.downward)
            self._arrange()
        else:
            self.console.say("nothing is sorted: o sorts by the next column")

    def action_fold(self) -> None:
        if not self.query_one("#hosts", HostsTable).fold():
            self.console.say("so few hosts are always all shown")
        self._share_height()

    def action_taller(self, by: int) -> None:
        now = self.console.settings.value.taller
        wanted = range(now + by, now + by * _MOST_LINES, by)
        taller = next((number for number in wanted if self._heights(number) != self._heights(now)), None)
        if taller is None:
            self.console.say("the tables show everything already" if by > 0 else "the tables cannot be smaller")
            return
        self.console.settings.change(taller=taller)
        self._share_height()

    def action_log(self) -> None:
        self.detail.pick("log")
        self.set_focus(self.detail.log_pane)

    def action_tab(self, by: int) -> None:
        self.detail.turn(by)
        self.console.settings.change(tab=self.detail.active)

    def action_follow(self) -> None:
        self.detail.log_pane.action_follow()

    def action_wrap(self) -> None:
        self.detail.log_pane.action_wrap()
        self.console.settings.change(wrap=self.detail.log_pane.wrapping)

    def action_stamps(self) -> None:
        self.detail.log_pane.action_stamps()
        self.console.settings.change(stamps=self.detail.log_pane.stamps)

    def action_pane(self, number: int) -> None:
        panes: list[Lines] = [self.query_one("#hosts", HostsTable), self.table, *self.detail.panes()]
        if number <= len(panes):
            self.set_focus(panes[number - 1])

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

    def _take_columns(self, names: tuple[str, ...] | None) -> None:
        if names is not None:
            self.console.settings.change(columns=names)
            self._arrange()

    def _arrange(self) -> None:
        chosen = self.console.settings.value
        self.table.put_in_order(chosen.columns, chosen.sort, downward=chosen.downward)

    def _gpus(self) -> dict[RunKey, tuple[int, ...]]:
        """Asked for only where it is shown."""
        chosen = self.console.settings.value
        return gpus_of(self.picture.fleet) if "gpu" in (*chosen.columns, chosen.sort) else {}

    def _heights(self, taller: int) -> tuple[int, int]:
        top = self.query_one("#banner", Block)
        foot = self.query_one("#notes", Block)
        fixed = 2 + sum(block.tall for block in (top, foot)) + self.query_one("#filter").display
        hosts = self.query_one("#hosts", HostsTable).lines
        return heights(self.size.height - fixed, hosts, max(1, len(self.picture.workers)), taller)

    def _share_height(self) -> None:
        hosts, workers = self._heights(self.console.settings.value.taller)
        self.query_one("#hosts").styles.height = hosts
        self.table.styles.height = workers
