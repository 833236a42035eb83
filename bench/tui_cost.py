"""CPU of a repaint: our workers table and log beside Textual's DataTable and RichLog, in turn, on a 200×50 terminal.

Each does the same work: every figure of 200 workers changes and is shown; 500 new lines arrive and the end is shown.
Headless: what is measured is making and composing the lines, not the terminal. Run: python bench/tui_cost.py [repeats]
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable, RichLog

from console.fleet.cells import State, Trend, WorkerRow
from console.fleet.model import Log, RunKey
from console.fleet.series import Shared
from console.themes import DARK
from console.widgets.log import LogPane
from console.widgets.workers import WorkersTable
from trainer.record.status import Criterion

WORKERS, LINES, UPDATES = 200, 500, 20
KEY = RunKey("host", "run")
METRICS = ("loss", "val_accuracy", "attention_ratio", "consistency")


class Bench(App[None]):
    """One widget of ours and one of the library's, of which one is shown."""

    CSS_PATH = "../console/app.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        yield WorkersTable(id="ours-table")
        yield DataTable(id="stock-table")
        yield LogPane(id="ours-log")
        yield RichLog(id="stock-log", max_lines=20_000)

    def on_mount(self) -> None:
        self.animation_level = "none"
        table: DataTable[str] = self.query_one(DataTable)
        for title in cells(0, 0):
            table.add_column(title, key=title, width=12)
        for n in range(WORKERS):
            table.add_row(*cells(n, 0).values(), key=str(n))

    def only(self, name: str) -> None:
        for widget in self.screen.children:
            widget.display = widget.id == name
            widget.styles.height = "1fr"


def cells(n: int, turn: int) -> dict[str, str]:
    value = (n * 31 + turn * 17) % 1000 / 1000
    return {
        "worker": f"worker-{n:03d}",
        "host": f"gpu{n % 8}",
        "state": "training",
        "epoch": f"{turn}/500",
        **{name: f"{value + place:.3f}" for place, name in enumerate(METRICS)},
        "criteria": "1/3",
        "samples/s": f"{800 + value:.0f}",
        "beat": "1s",
        "eta": f"{turn}:31",
    }


def row(n: int, turn: int) -> WorkerRow:
    value = (n * 31 + turn * 17) % 1000 / 1000
    return WorkerRow(
        f"worker-{n:03d}",
        f"gpu{n % 8}",
        KEY,
        State("training", "", age=1.0),
        epoch=turn,
        epochs=500,
        metrics=tuple((name, Trend(value + place, direction=1)) for place, name in enumerate(METRICS)),
        criteria=(Criterion("val_accuracy", ">=", 0.75, value, value >= 0.75),) * 3,
        samples_per_s=800 + value,
        heartbeat_age=1.0,
        eta_s=turn * 60 + 31,
    )


def ours_table(app: Bench, turn: int) -> None:
    rows = tuple(row(n, turn) for n in range(WORKERS))
    app.query_one(WorkersTable).show(rows, rows)


def stock_table(app: Bench, turn: int) -> None:
    table: DataTable[str] = app.query_one(DataTable)
    for n in range(WORKERS):
        for title, value in cells(n, turn).items():
            table.update_cell(str(n), title, value)


def lines(turn: int) -> list[str]:
    return [f"12:41:{n % 60:02d} epoch {turn} step {turn * LINES + n:,} loss 0.{n:03d}" for n in range(LINES)]


_log = [Shared[str]()]


def ours_log(app: Bench, turn: int) -> None:
    _log[0] = _log[0].extended(lines(turn))
    app.query_one(LogPane).show(KEY, Log(_log[0], 0, len(_log[0])))


def stock_log(app: Bench, turn: int) -> None:
    log = app.query_one(RichLog)
    for line in lines(turn):
        log.write(line)


async def cost(app: Bench, pilot: Pilot[None], name: str, update: Callable[[Bench, int], None]) -> float:
    """Milliseconds of CPU per update, painted."""
    app.only(name)
    for warm in range(2):
        update(app, warm)
        await pilot.pause()
    start = time.process_time()
    for turn in range(UPDATES):
        update(app, turn)
        await pilot.pause()
    return (time.process_time() - start) / UPDATES * 1000


async def compare(repeats: int) -> None:
    pairs: dict[str, tuple[tuple[str, Callable[[Bench, int], None]], tuple[str, Callable[[Bench, int], None]]]] = {
        f"table, {WORKERS} workers × 12 columns": (("ours-table", ours_table), ("stock-table", stock_table)),
        f"log, {LINES} lines": (("ours-log", ours_log), ("stock-log", stock_log)),
    }
    for title, (ours, stock) in pairs.items():
        found: dict[str, list[float]] = {"ours": [], "stock": []}
        for _ in range(repeats):
            for side, (name, update) in (("ours", ours), ("stock", stock)):
                app = Bench()
                async with app.run_test(size=(200, 50)) as pilot:
                    await pilot.pause()
                    found[side].append(await cost(app, pilot, name, update))
        ratios = [stock_ms / ours_ms for ours_ms, stock_ms in zip(found["ours"], found["stock"], strict=True)]
        for side, values in found.items():
            print(f"{title:34} {side:6} {statistics.median(values):7.1f} ms  ({min(values):.1f} to {max(values):.1f})")
        print(f"{'':34} ratio  {statistics.median(ratios):7.1f}     ({min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    asyncio.run(compare(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
