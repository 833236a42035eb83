"""What the hosts table shows of a row. Pure."""

import re
from collections.abc import Sequence

from console import format as fmt
from console.fleet.cells import GpuCell, HostRow
from console.fleet.findings.money import money
from console.fleet.words import duration
from console.plain import plain
from console.widgets.columns import Column
from console.widgets.lines import Line

_FULL = 0.95
_VARIANT = re.compile(
    r"[ -](?:\d+ ?GB|HBM\w*|PCIe|SXM\w*|NVL\w*)(?=[ -]|$)"
)  # its memory stands in a column of its own
_FAR_S, _SOON_S = 60 * 86400, 86400  # until the disk is full: not worth a word, worth a colour


def host_columns(rows: Sequence[HostRow]) -> list[Column[HostRow]]:
    """All columns, in the order of the screen."""
    name_width = min(20, max([8, *(fmt.cell_len(plain(row.name)) for row in rows)]))
    gpus = max((len(_whole(row)) for row in rows), default=0)
    kind_width = min(16, max([4, *(fmt.cell_len(_kind(row)) for row in rows)]))
    columns: list[Column[HostRow]] = [
        Column("HOSTS", name_width, 0, lambda row, width: ((fmt.fit(plain(row.name), width), "strong"),)),
        Column("cpu", 5, 1, lambda row, width: _share(row, row.cpu), to_right=True),
        Column("load", 5, 6, _load, to_right=True),
        Column("memory", 9, 1, lambda row, width: _pair(row, row.memory_used, row.memory_total), to_right=True),
        Column("disk", max([4, *(_disk_width(row) for row in rows)]), 1, _disk, to_right=False),
    ]
    if any(_filling(row) for row in rows):
        columns.append(Column("full in", 7, 4, lambda row, width: _full_in(row)))
    if gpus:
        columns[1:1] = [
            Column("gpus", kind_width, 3, lambda row, width: ((_kind(row), _tone(row)),)),
            Column("use", min(8, gpus) + 5, 2, lambda row, width: _use(row)),
            Column("gpu mem", 9, 2, _gpu_memory, to_right=True),
            Column("temp", 4, 5, lambda row, width: _hottest(row), to_right=True),
            Column("power", 6, 7, lambda row, width: _power(row), to_right=True),
        ]
        columns[3:3] = [Column("mem", max(4, min(8, gpus)), 8, lambda row, width: _each(row))]
    if any(row.cost is not None for row in rows):
        columns.append(Column("cost", 11, 7, lambda row, width: _cost(row), to_right=True))
    if any(gpu.processes for row in rows for gpu in row.gpus):
        columns.append(Column("held by", 16, 7, _held_by))
    return columns


def fine(row: HostRow) -> bool:
    """Nobody has to look at it."""
    return row.phase == "connected" and row.unheard_for is None and all(item.level == "note" for item in row.advice)


def fine_words(rows: Sequence[HostRow]) -> str:
    """Many hosts in one line."""
    gpus = [gpu for row in rows for gpu in _whole(row)]
    used = [gpu.utilisation for gpu in gpus if gpu.utilisation is not None]
    free = sum(not gpu.processes and (gpu.utilisation or 0.0) < 0.05 for gpu in gpus)
    words = f"{fmt.plural(len(rows), 'host')} fine"
    if gpus:
        mean = f", {fmt.percent(sum(used) / len(used))} used" if used else ""
        words += f": {fmt.plural(len(gpus), 'GPU')}{mean}, {free} idle"
    known = [row.cpu for row in rows if row.cpu is not None]
    return f"{words}   cpu {fmt.percent(sum(known) / len(known))}" if known else words


def host_message(row: HostRow) -> Line:
    """What is wrong with the link, in place of figures that were never heard."""
    if row.phase == "connected" or row.cpu is not None:
        return ()
    return ((link_words(row), "warn" if row.phase != "connecting" else "quiet"),)


def host_tail(row: HostRow) -> Line:
    """What a person should know of the host, behind the figures."""
    if row.phase != "connected":
        return ((link_words(row), "warn" if row.phase != "connecting" else "quiet"),)
    urgent = next((item for item in row.advice if item.level != "note"), None)
    if urgent is not None:
        return ((f"! {plain(urgent.what)}", "bad" if urgent.level == "error" else "warn"),)
    return () if row.gpus else (("no GPU seen", "quiet"),)


def link_words(row: HostRow) -> str:
    """The link in words: unreachable 41 s: connection refused."""
    since = f" {fmt.span(row.unheard_for)}" if row.unheard_for is not None else ""
    detail = f": {plain(row.detail)}" if row.detail else ""
    return f"{row.phase}{since}{detail}"


def _tone(row: HostRow) -> str:
    return "text" if row.phase == "connected" else "quiet"


def _kind(row: HostRow) -> str:
    if not row.gpus:
        return fmt.UNKNOWN
    whole = _whole(row)
    name = plain(whole[0].name)
    for maker in ("NVIDIA ", "AMD ", "GeForce ", "Instinct "):
        name = name.removeprefix(maker)
    name = _VARIANT.sub("", name) or name
    many = f"×{len(whole)}" if len(whole) > 1 else ""
    return fmt.fit(name, min(16 - len(many), fmt.cell_len(name))) + many


def _whole(row: HostRow) -> list[GpuCell]:
    """The GPUs themselves; a driver that names only instances is taken at its word."""
    return [gpu for gpu in row.gpus if gpu.instance is None] or list(row.gpus)


def _use(row: HostRow) -> Line:
    if not row.gpus:
        return ()
    whole = _whole(row)
    bars = "".join(fmt.level(gpu.utilisation) for gpu in whole[:8])
    known = [gpu.utilisation for gpu in whole if gpu.utilisation is not None]
    mean = sum(known) / len(known) if known else None
    return ((bars, "accent" if row.phase == "connected" else "quiet"), (fmt.right(fmt.percent(mean), 5), _tone(row)))


def _fullest(row: HostRow) -> GpuCell | None:
    known = [gpu for gpu in row.gpus if gpu.memory_used is not None and gpu.memory_total]
    return max(known, key=lambda gpu: (gpu.memory_used or 0) / (gpu.memory_total or 1), default=None)


def _gpu_memory(row: HostRow, width: int) -> Line:
    gpu = _fullest(row)
    return () if gpu is None else _pair(row, gpu.memory_used, gpu.memory_total)


def _each(row: HostRow) -> Line:
    """The memory of each GPU, one small bar each."""
    whole = _whole(row)[:8] if row.gpus else []
    shares = [
        gpu.memory_used / gpu.memory_total if gpu.memory_used is not None and gpu.memory_total else None
        for gpu in whole
    ]
    return (("".join(map(fmt.level, shares)), "second" if row.phase == "connected" else "quiet"),)


def _held_by(row: HostRow, width: int) -> Line:
    """Users whose processes are on its GPUs, those with most processes first."""
    users: dict[str, int] = {}
    for item in {item.pid: item for gpu in row.gpus for item in gpu.processes}.values():
        name = item.user or "?"
        users[name] = users.get(name, 0) + 1
    words = " ".join(f"{plain(name)} {users[name]}" for name in sorted(users, key=lambda name: -users[name]))
    return ((fmt.fit(words, width), _tone(row)),) if words else ()


def _hottest(row: HostRow) -> Line:
    known = [gpu.temperature for gpu in row.gpus if gpu.temperature is not None]
    return ((f"{max(known):.0f}°", "warn" if max(known) >= 85 else _tone(row)),) if known else ()


def _power(row: HostRow) -> Line:
    known = [gpu.power for gpu in _whole(row) if gpu.power is not None]
    return ((f"{sum(known):,.0f}W", _tone(row)),) if known else ()


def _cost(row: HostRow) -> Line:
    """Since it was started."""
    if row.cost is None or row.cost.spent is None:
        return ()
    return ((fmt.fit(money(row.cost.spent, row.cost.currency), 11).rstrip(), _tone(row)),)


def _share(row: HostRow, share: float | None) -> Line:
    return () if share is None else ((fmt.percent(share), _tone(row)),)


def _load(row: HostRow, width: int) -> Line:
    if row.load is None:
        return ()
    busy = row.cores is not None and row.load > 2 * row.cores
    return ((f"{row.load:.1f}", "warn" if busy else _tone(row)),)


def _pair(row: HostRow, used: int | None, total: int | None) -> Line:
    if used is None or not total:
        return ()
    return ((fmt.size_of(used, total), "warn" if used / total > _FULL else _tone(row)),)


def _disk_text(row: HostRow) -> str:
    if row.disk_used is None or not row.disk_total:
        return ""
    mount = plain(row.disk_mount)
    return f"{fmt.fit(mount, min(12, fmt.cell_len(mount)))} {fmt.percent(row.disk_used / row.disk_total)}"


def _disk_width(row: HostRow) -> int:
    """With room for every percentage."""
    mount = fmt.cell_len(plain(row.disk_mount))
    return min(12, mount) + 5 if row.disk_total else 0


def _disk(row: HostRow, width: int) -> Line:
    full = bool(row.disk_used and row.disk_total and row.disk_used / row.disk_total > _FULL)
    return ((_disk_text(row), "warn" if full else _tone(row)),)


def _filling(row: HostRow) -> bool:
    """Whether the time until the disk is full is worth a column."""
    return row.disk_full_in_s is not None and row.disk_full_in_s < _FAR_S


def _full_in(row: HostRow) -> Line:
    if not _filling(row) or row.disk_full_in_s is None:
        return ()
    tone = "warn" if row.disk_full_in_s < _SOON_S else _tone(row)
    return ((duration(row.disk_full_in_s), tone),)
