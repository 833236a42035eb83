"""One host on the whole screen: its GPUs and who is on them, its disks, what to mend; its runs; a check; its link."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from console.deeds.adopting import Wish, name_for
from console.fleet.cells import Advice, HostRow, WorkerRow
from console.fleet.holders import holder, holders
from console.fleet.model import Host
from console.screens.asked import Examined, Known, ask_sessions, examine, measure
from console.screens.base import WorkersScreen
from console.screens.commands import HOST_COMMANDS, WORKER_COMMANDS, bindings, method
from console.screens.empty import EmptyDialog
from console.screens.host_check import check_entries, check_title
from console.screens.picture import Picture
from console.screens.worker import WorkerScreen
from console.widgets.block import Block
from console.widgets.gpus import GpusPane, GpuView
from console.widgets.heading import rule
from console.widgets.items import ItemsPane
from console.widgets.lines import Lines, cut
from console.widgets.machine import disk_lines, link_lines, mend_entries, session_entry, title_line
from console.widgets.told import ToldPane
from console.widgets.workers import WorkersTable, identity
from remote.adoption import Foreign
from remote.events import Cache

TABS = ("overview", "runs", "check", "sessions", "link")
_BESIDE = 160  # from this width on what is to mend stands beside the machine
TRIP_EVERY_S = 5.0
_OF_WORKERS = {method(item.action) for item in WORKER_COMMANDS} | {
    "full_log",
    "compare",
    "standings",
    "pictures",
    "difference",
}


class HostScreen(WorkersScreen):
    """Follows one host."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(HOST_COMMANDS),
        Binding("q", "leave", "leave", tooltip="back to the fleet"),
        *(Binding(str(n), f"pane({n})", f"pane {n}", show=False) for n in range(1, 10)),
    ]

    def __init__(self, host: str, picture: Picture, tab: str = TABS[0]) -> None:
        super().__init__()
        self._host, self.picture, self._tab = host, picture, tab
        self._tripping = False

    def compose(self) -> ComposeResult:
        yield Block(id="title")
        yield Block(id="tabs")
        with Vertical(id="overview"):
            with Vertical(id="machine"):
                yield GpusPane(id="gpus")
                yield Block(id="disks", tall=True)
            with Vertical(id="mending"):
                yield Block(id="mends-rule")
                yield ItemsPane(id="mends")
        yield WorkersTable(id="runs")
        yield ItemsPane(id="check")
        yield ItemsPane(id="sessions")
        yield ToldPane(id="link")
        yield Block(id="notes", tall=True)
        yield Block(id="keys")

    def on_mount(self) -> None:
        self._pick(self._tab)
        self.set_interval(TRIP_EVERY_S, self._measure)

    def on_resize(self, event: events.Resize) -> None:
        self.show(self.picture)
        self.show_hints()

    @property
    def row(self) -> HostRow | None:
        """The host as it is now; None when it left the configuration."""
        return next((row for row in self.picture.hosts if row.name == self._host), None)

    @property
    def known(self) -> Known:
        """What was learned by asking."""
        return self.console.known_hosts.setdefault(self._host, Known())

    @property
    def table(self) -> WorkersTable:
        """What runs here."""
        return self.query_one("#runs", WorkersTable)

    @property
    def marked(self) -> tuple[WorkerRow, ...]:
        return self.table.marked if self._tab == "runs" else ()

    @property
    def items(self) -> ItemsPane | None:
        """The list in sight."""
        name = {"overview": "#mends", "check": "#check", "sessions": "#sessions"}.get(self._tab)
        return self.query_one(name, ItemsPane) if name else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _OF_WORKERS and self._tab != "runs":
            return False
        return super().check_action(action, parameters)

    def show(self, picture: Picture) -> None:
        self.picture = picture
        row, host = self.row, picture.fleet.hosts.get(self._host)
        if row is None or host is None:
            gone = f" {self._host} is no longer in the configuration   Esc: back"
            self.query_one("#title", Block).show(lambda width: [cut(((gone, "warn"),), width)])
            return
        self.query_one("#title", Block).show(lambda width: [title_line(row, host, picture.now, width)])
        self.query_one("#tabs", Block).show(
            lambda width: [rule("", self._titles(), self._title(), "", width, focus=False)]
        )
        if self._tab == "overview":
            self._show_overview(row, host)
        elif self._tab == "runs":
            rows = self._runs()
            self.table.show(rows, rows, empty="nothing was ever started here")
        elif self._tab == "check":
            self._show_check()
        elif self._tab == "sessions":
            self._show_sessions()
        else:
            diary = self.console.diary
            past = diary.links(self._host)
            trips, again = self.known.trips, diary.reconnects(self._host)
            lines = link_lines(row, host, past, reconnects=again, trips=trips, now=picture.now)
            self.query_one("#link", ToldPane).show(lines)
        self.show_notes()

    def on_descendant_focus(self) -> None:
        self.show_hints()

    def on_workers_table_selected(self) -> None:
        self.show_notes()

    def on_workers_table_opened(self) -> None:
        self.action_open()

    def on_items_pane_opened(self) -> None:
        self.action_open()

    def action_back(self) -> None:
        if self._tab == "runs" and self.table.tags:
            self.table.untag()
        elif self.is_current and not self.console.notes.clear():
            self.dismiss()
        else:
            self.show_notes()

    def action_leave(self) -> None:
        if self.is_current:
            self.dismiss()

    def action_open(self) -> None:
        """A run: look at it. A cache: empty it. A session: adopt it. A closed door: see to it. Else: copy the mend."""
        entry = self.items.selected if self.items is not None else None
        if self._tab == "runs" and self.table.selected is not None:
            self.console.push_screen(WorkerScreen(identity(self.table.selected), self.picture))
        elif self._tab == "sessions":
            self.action_adopt()
        elif entry is not None and isinstance(entry.about, Cache) and self.check_action("empty", ()):
            self.action_empty()
        elif entry is not None and isinstance(entry.about, Advice) and entry.about.action == "admit":
            self.action_admit()
        elif entry is not None:
            self.action_copy()

    def action_tab(self, by: int) -> None:
        self._pick(TABS[(TABS.index(self._tab) + by) % len(TABS)])
        self.show_hints()

    def action_tag(self) -> None:
        self.table.action_tag()

    def action_pane(self, number: int) -> None:
        panes = [pane for pane in self.query(Lines) if pane.can_focus and pane.visible_now]
        if number <= len(panes):
            self.set_focus(panes[number - 1])

    def action_admit(self) -> None:
        self.console.admit()

    def action_copy(self) -> None:
        entry = self.items.selected if self.items is not None else None
        if entry is None or not entry.copy:
            self.console.say("nothing is selected that could be copied")
            return
        self.console.copy_text(entry.copy)

    def action_empty(self) -> None:
        entry = self.items.selected if self.items is not None and self._tab == "overview" else None
        if entry is None or not isinstance(entry.about, Cache):
            self.console.say("no cache is selected: they stand in the overview, once the host has measured them")
            return
        cache, known = entry.about, self.known

        def ended(emptied: bool | None) -> None:
            if emptied:
                known.emptied |= {cache.path}
                self.show(self.picture)

        self.console.push_screen(EmptyDialog(self._host, cache), ended)

    def action_examine(self) -> None:
        known = self.known
        if known.examined is None or known.examined.done:
            known.examined = Examined(self.console.clock())
            self.console.run_worker(examine(self.console, self._host, known.examined))
        self._pick("check")

    def action_deploy(self) -> None:
        names = tuple(name for name, plan in self.picture.fleet.planned.items() if plan.host == self._host)
        if names:
            self.console.perform("deploy", names, lambda: self.console.actions.deploy(names))
        else:
            self.console.say(f"no worker of the configuration is on {self._host}: there is nothing to bring")

    def action_adopt(self) -> None:
        entry = self.items.selected if self.items is not None and self._tab == "sessions" else None
        if self._tab != "sessions":
            self._pick("sessions")
        elif entry is not None and isinstance(entry.about, Foreign) and self.check_action("adopt", ()):
            item = entry.about
            name = name_for(item.session, item.pid)
            taken = {row.worker for row in self.picture.workers}
            name = name if name not in taken else f"{name[:30]}-adopted"
            wish = Wish(self._host, name, pid=None if item.session else item.pid, session=item.session)
            self.console.perform("adopt", (name,), lambda: self.console.actions.adopt(wish))

    def _pick(self, tab: str) -> None:
        self._tab = tab
        for name in TABS:
            self.query_one(f"#{name}").display = name == tab
        if tab == "sessions":
            self._ask_sessions()
        if tab == "link":
            self._measure()
        self.query_one("#mends" if tab == "overview" else f"#{tab}", Lines).focus()
        self.show(self.picture)

    def _titles(self) -> tuple[str, ...]:
        return tuple(self._title(tab) for tab in TABS)

    def _title(self, tab: str = "") -> str:
        tab = tab or self._tab
        if tab == "runs":
            return f"runs {len(self._runs())}"
        if tab == "check" and self.known.examined is not None:
            return check_title(self.known.examined)
        return tab

    def _runs(self) -> tuple[WorkerRow, ...]:
        return tuple(row for row in self.picture.workers if row.host == self._host)

    def _show_overview(self, row: HostRow, host: Host) -> None:
        known = holders(self.picture.fleet)
        views = [GpuView(gpu, tuple(holder(host, item, known) for item in gpu.processes)) for gpu in row.gpus]
        source = host.telemetry.gpu_source if host.telemetry else ""
        absent = "asking the driver …" if source == "asked" else row.gpu_error or "no GPU seen"
        self.query_one("#gpus", GpusPane).show(views, absent)
        self.query_one("#disks", Block).show(lambda width: disk_lines(row, width))
        entries = tuple(mend_entries(row, self.known.emptied))
        focus = self.query_one("#mends").has_focus
        title = f"to mend and to empty {len(entries)}" if entries else "to mend"
        self.query_one("#mends-rule", Block).show(
            lambda width: [rule("", (title,), title if focus else "", "", width, focus=focus)]
        )
        waits = "" if host.facts is not None and host.facts.whole else "   Caches are still being measured."
        self.query_one("#mends", ItemsPane).show(entries, f"Nothing to mend.{waits}   T: look more closely")
        lines = 1 + sum(1 + len(view.holders) for view in views)
        wide = self.size.width >= _BESIDE
        self.query_one("#overview").set_class(wide, "wide")
        most = self.size.height - 8 if wide else self.size.height * 2 // 5
        gpus = max(1, min(lines if views else 1, most))
        self.query_one("#gpus").styles.height = gpus
        self.query_one("#machine").styles.height = "1fr" if wide else gpus + max(1, len(row.disks) + bool(row.disks))

    def _show_check(self) -> None:
        examined = self.known.examined
        if examined is None:
            self.query_one("#check", ItemsPane).show((), "T: look at everything that a start here would need.")
        else:
            self.query_one("#check", ItemsPane).show(check_entries(examined), follow=True)

    def _show_sessions(self) -> None:
        known = self.known
        words = known.problem or "Nothing runs here that was started without this console."
        if known.asking or known.foreign is None:
            words = known.problem or "asking …"
        entries = [session_entry(item) for item in known.foreign or ()]
        self.query_one("#sessions", ItemsPane).show(entries, words)

    def _ask_sessions(self) -> None:
        if not self.known.asking:
            self.known.asking, self.known.problem = True, ""
            self.console.run_worker(ask_sessions(self.console, self._host, self.known))

    def _measure(self) -> None:
        """While somebody looks at the link, how long a command takes there and back."""
        row = self.row
        looked_at = self._tab == "link" and self.is_current and row is not None and row.phase == "connected"
        if looked_at and not self._tripping:
            self._tripping = True
            self.run_worker(self._trip())

    async def _trip(self) -> None:
        await measure(self.console, self._host, self.known)
        self._tripping = False
