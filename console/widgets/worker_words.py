"""The sentence that stands in the workers table where figures would say nothing. Pure."""

from console import format as fmt
from console.fleet.cells import WorkerRow
from console.glyphs import forgotten
from console.plain import plain
from console.widgets.lines import Line

BROKEN = frozenset({"failed", "killed", "out of memory", "vanished"})


def message(row: WorkerRow, *, selected: bool = False) -> Line:
    """The sentence that stands in the place of the figures, or nothing."""
    state = row.state
    quiet = "quiet" if state.unreachable_for is not None else "text"
    if state.name == "planned":
        since = f"planned {fmt.span(state.age)} ago, never started" if state.age is not None else "never started"
        tone = "warn" if forgotten(state) else "quiet"
        return ((since, tone), ("    s: start" if selected else "", "accent"))
    copy: Line = (("    pulled", "good"),) if row.pulled else ()
    if state.name in BROKEN:
        why = ("    Enter: why" if selected else "", "accent")
        return ((plain(state.detail or state.evidence), "bad" if quiet == "text" else quiet), *copy, why)
    if state.name in ("queued", "starting") and not row.metrics:
        return ((plain(state.detail or state.evidence), quiet),)
    if row.progress is not None and state.name == "preparing":
        return _preparing(row, quiet)
    if not row.metrics and row.epoch is None and (state.detail or state.evidence):
        return ((plain(state.detail or state.evidence), quiet), *copy)
    return ()


def _preparing(row: WorkerRow, tone: str) -> Line:
    assert row.progress is not None
    share = row.progress.done / row.progress.total if row.progress.total else None
    done, track = fmt.bar(share, 12) if share is not None else ("", "")
    left = "" if row.progress.eta_s is None else f"  {fmt.timer(row.progress.eta_s)} left"
    figure = f" {fmt.percent(share)}" if share is not None else f" {fmt.count(row.progress.done)}"
    what = plain(row.progress.what or row.state.detail or "preparing")
    return ((f"{what}  ", tone), (done, "accent"), (track, "quiet"), (figure, tone), (left, "quiet"))
