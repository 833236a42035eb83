"""Every GPU of a host, MIG instances behind theirs, and below each the processes that hold it. Pure, and its pane."""

from collections.abc import Sequence
from dataclasses import dataclass

from console import format as fmt
from console.fleet.cells import GpuCell
from console.fleet.holders import Holder
from console.plain import plain
from console.widgets.columns import Column, cells, choose, titles
from console.widgets.lines import Line, cut, padded
from console.widgets.scrolled import Scrolled

_BAR = 6
_HOT, _FULL = 85.0, 0.95


@dataclass(frozen=True, slots=True)
class GpuView:
    """A GPU and whose processes are on it."""

    cell: GpuCell
    holders: tuple[Holder, ...] = ()


class GpusPane(Scrolled):
    """GPUs in, lines out."""

    head = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._gpus: tuple[GpuView, ...] = ()
        self._absent = ""

    def show(self, gpus: Sequence[GpuView], absent: str) -> None:
        """The GPUs as they are now. `absent` is said when there are none."""
        if (tuple(gpus), absent) != (self._gpus, self._absent):
            self._gpus, self._absent = tuple(gpus), absent
            self.rebuild()

    def build(self, width: int) -> list[Line]:
        columns = choose(gpu_columns(self._gpus), width - 2)
        mark = "▌ " if self.has_focus else "  "
        lines: list[Line] = [padded(((mark, "accent"), *titles(columns)), width)]
        for view in self._gpus:
            gpu = view.cell
            message: Line = ((plain(gpu.error), "bad"),) if gpu.error else ()
            lines.append(padded((("  ", "text"), *cells(columns, gpu, message=message, after=1)), width))
            lines += [padded(cut(process_line(item), width), width) for item in view.holders]
        if not self._gpus:
            lines = [padded(((mark, "accent"), (self._absent, "quiet")), width)]
        return lines


def gpu_columns(views: Sequence[GpuView]) -> list[Column[GpuCell]]:
    """In the order of the screen."""
    names = max([4, *(fmt.cell_len(_name(view.cell)) for view in views)])
    columns: list[Column[GpuCell]] = [
        Column("gpu", 4, 0, lambda gpu, width: ((_index(gpu), "strong"),)),
        Column("name", min(24, names), 6, lambda gpu, width: ((fmt.fit(_name(gpu), width), "text"),)),
        Column("use", _BAR + 5, 1, lambda gpu, width: _share(gpu.utilisation, "accent")),
        Column("memory", _BAR + 5, 2, lambda gpu, width: _share(_filled(gpu), "second")),
        Column("of", 9, 1, _memory, True),
        Column("temp", 4, 2, _temperature, True),
        Column("power", 9, 3, _power, True),
        Column("MHz", 5, 4, lambda gpu, width: ((fmt.count(gpu.clock), "text"),) if gpu.clock else (), True),
        Column(
            "mem MHz",
            7,
            7,
            lambda gpu, width: ((fmt.count(gpu.memory_clock), "quiet"),) if gpu.memory_clock else (),
            True,
        ),
    ]
    if any(view.cell.slowed_by for view in views):
        wide = max(fmt.cell_len(_slowing(view.cell)) for view in views)
        columns.append(Column("slowed by", min(30, max(9, wide)), 2, _slowed))
    return columns


def process_line(item: Holder) -> Line:
    """ "ours: attention" in the accent, what is a stranger's in the tone that asks to be looked at."""
    process = item.process
    whose, tone = (
        (item.worker, "accent") if item.worker else ("yours", "text") if item.own else ("a stranger's", "warn")
    )
    return (
        (f"      {process.pid:>8} ", "quiet"),
        (fmt.fit(plain(process.user or "?"), 9) + " ", "text"),
        (fmt.fit(plain(whose), 14), tone),
        (fmt.right(fmt.size(process.memory), 6), "text"),
        (f"  {plain(process.command)}", "quiet"),
    )


def _index(gpu: GpuCell) -> str:
    return str(gpu.index) if gpu.instance is None else f" {gpu.index}.{gpu.instance}"


def _name(gpu: GpuCell) -> str:
    return plain(gpu.name if gpu.instance is None else f"MIG {gpu.name.rpartition('MIG ')[2]}").removeprefix("NVIDIA ")


def _share(share: float | None, tone: str) -> Line:
    if share is None:
        return ()
    done, track = fmt.bar(share, _BAR)
    return ((done, tone), (track, "quiet"), (fmt.right(fmt.percent(share), 5), "text"))


def _filled(gpu: GpuCell) -> float | None:
    return gpu.memory_used / gpu.memory_total if gpu.memory_used is not None and gpu.memory_total else None


def _memory(gpu: GpuCell, width: int) -> Line:
    share = _filled(gpu)
    return (
        ()
        if share is None
        else ((fmt.size_of(gpu.memory_used, gpu.memory_total), "warn" if share > _FULL else "text"),)
    )


def _temperature(gpu: GpuCell, width: int) -> Line:
    if gpu.temperature is None:
        return ()
    return ((f"{gpu.temperature:.0f}°", "warn" if gpu.temperature >= _HOT else "text"),)


def _power(gpu: GpuCell, width: int) -> Line:
    if gpu.power is None:
        return ()
    limit = f"/{gpu.power_limit:.0f}" if gpu.power_limit else ""
    return ((f"{gpu.power:.0f}{limit}W", "text"),)


def _slowing(gpu: GpuCell) -> str:
    return plain(", ".join(gpu.slowed_by))


def _slowed(gpu: GpuCell, width: int) -> Line:
    if not gpu.slowed_by:
        return ()
    hot = any(word != "power limit" for word in gpu.slowed_by)
    return ((fmt.fit(_slowing(gpu), width), "warn" if hot else "quiet"),)
