"""What the workers table shows of a row, column by column: a line each, empty where there is nothing to show. Pure."""

from collections.abc import Callable

from console import format as fmt
from console.fleet.cells import Trend, WorkerRow
from console.glyphs import arrow, glyph, marks
from console.plain import plain
from console.widgets.lines import Line
from console.widgets.worker_orders import Gpus, held_by


def state(row: WorkerRow, width: int) -> Line:
    if row.state.unreachable_for is not None:
        return ((row.state.name, "quiet"),)
    return ((row.state.name, glyph(row.state)[1].replace("accent", "text")),)


def epoch_width(row: WorkerRow) -> int:
    """Room for every epoch that there will be."""
    return 2 * len(str(row.epochs)) + 1 if row.epochs else len(epoch(row))


def epoch(row: WorkerRow) -> str:
    if row.epoch is None and row.step is not None:
        return fmt.count(row.step)
    if row.epoch is None:
        return ""
    return f"{row.epoch}/{row.epochs}" if row.epochs else str(row.epoch)


def progress(row: WorkerRow, text_width: int, width: int) -> Line:
    share = done_share(row)
    text = (fmt.right(epoch(row), text_width) + " ", "text" if row.state.live else "quiet")
    if share is None or not row.state.live:
        return (text,)
    done, track = fmt.bar(share, width - text_width - 1)
    return (text, (done, "accent" if row.state.unreachable_for is None else "quiet"), (track, "quiet"))


def done_share(row: WorkerRow) -> float | None:
    """How much of the run is done, from steps where they are known."""
    if row.step is not None and row.steps:
        return row.step / row.steps
    if row.epoch is not None and row.epochs:
        return row.epoch / row.epochs
    return None


def metric_cell(name: str) -> Callable[[WorkerRow, int], Line]:
    def cell(row: WorkerRow, width: int) -> Line:
        trend = dict(row.metrics).get(name)
        if trend is None:
            return ()
        return figure(
            trend, "text" if row.state.live and row.state.unreachable_for is None else "quiet", row.state.live
        )

    return cell


def figure(trend: Trend, tone: str, live: bool) -> Line:
    return ((fmt.decimal(trend.value), tone), (f" {arrow(trend.direction) if live else ' '}", "quiet"))


def best_cell(name: str) -> Callable[[WorkerRow, int], Line]:
    def cell(row: WorkerRow, width: int) -> Line:
        trend = next((trend for metric, trend in row.metrics if metric == name), None)
        if trend is None or trend.best is None:
            return ()
        at = f" @{trend.best_epoch}" if trend.best_epoch is not None else ""
        return ((fmt.decimal(trend.best), "text"), (f"{at:<5}", "quiet"))

    return cell


def criteria(row: WorkerRow) -> Line:
    if not row.criteria:
        return ()
    passed = sum(1 for item in row.criteria if item.passed)
    tone = "good" if passed == len(row.criteria) else "text"
    return ((marks(row.criteria), tone), (f" {passed}/{len(row.criteria)}", tone if passed else "quiet"))


def rate(row: WorkerRow, width: int) -> Line:
    if row.samples_per_s is None or not row.state.live:
        return ()
    return ((f"{fmt.count(row.samples_per_s)}  " if row.samples_per_s >= 100 else f"{row.samples_per_s:.1f}", "text"),)


def step_time(row: WorkerRow, width: int) -> Line:
    return () if row.step_time_s is None or not row.state.live else ((f"{row.step_time_s * 1000:,.0f} ms", "text"),)


def step(row: WorkerRow, width: int) -> Line:
    if row.step is None:
        return ()
    return ((f"{fmt.count(row.step)}/{fmt.count(row.steps)}" if row.steps else fmt.count(row.step), "text"),)


def patience(row: WorkerRow, width: int) -> Line:
    if row.patience_left is None or not row.state.live:
        return ()
    of = f"/{row.patience}" if row.patience is not None else ""
    return ((f"{row.patience_left}{of}", "warn" if row.patience_left <= 1 else "text"),)


def gpus(row: WorkerRow, held: Gpus) -> Line:
    found = held_by(row, held)
    return ((",".join(map(str, found)), "text"),) if found else ()


def race(row: WorkerRow, width: int) -> Line:
    return ((fmt.fit(plain(row.race), width), "quiet"),) if row.race else ()


def saved(row: WorkerRow, width: int) -> Line:
    saved = row.checkpoint
    if saved is None:
        return ()
    return ((f"epoch {saved.epoch}" if saved.epoch is not None else fmt.count(saved.step), "quiet"),)


def data_wait(row: WorkerRow, width: int) -> Line:
    if row.data_wait is None or not row.state.live:
        return ()
    return ((fmt.percent(row.data_wait), "warn" if row.data_wait > 0.3 else "text"),)


def beat(row: WorkerRow, width: int) -> Line:
    if row.heartbeat_age is None or not row.state.live:
        return ()
    return ((fmt.age(row.heartbeat_age), "warn" if row.heartbeat_age > 15 else "quiet"),)


def elapsed(row: WorkerRow, width: int) -> Line:
    return () if row.elapsed_s is None else ((fmt.timer(row.elapsed_s), "quiet"),)


def eta(row: WorkerRow, width: int) -> Line:
    if row.state.unreachable_for is not None:
        return ((f"◐ {fmt.age(row.state.unreachable_for)}", "warn"),)
    if row.state.stalled_for is not None:
        return ((f"‖ {fmt.age(row.state.stalled_for)}", "warn"),)
    if not row.state.live and row.pulled:
        return (("pulled", "good"),)
    if not row.state.live or row.eta_s is None:
        return ()
    return ((fmt.timer(row.eta_s), "text"),)
