"""A host in lines: its head, its disks, its link's past; and what there is to mend on it, as entries. Pure."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from console import format as fmt
from console.fleet.cells import Cost, DiskCell, HostRow
from console.fleet.findings.money import money
from console.fleet.model import Host
from console.fleet.words import amount, duration
from console.glyphs import LEVELS, link
from console.happened import Change
from console.plain import plain
from console.screens.commands import key_hint
from console.widgets.items import Entry
from console.widgets.lines import BLANK, Line, cut, width_of

if TYPE_CHECKING:
    from console.examine import Found
    from remote.adoption import Foreign

_BAR = 10
_FULL, _SOON_S = 0.95, 86400.0


def title_line(row: HostRow, host: Host, now: float, width: int) -> Line:
    """Name, link and its age, who we are there; figures of the machine at the right where there is room."""
    sign, tone = link(row.phase)
    since = f" {fmt.span(now - host.link_since)}" if host.link_since else ""
    unheard = f", unheard for {fmt.span(row.unheard_for)}" if row.unheard_for is not None else ""
    who = host.hello
    line: Line = ((f" {plain(row.name)}", "accent strong"), (f"  {sign} {row.phase}{since}{unheard}", tone))
    about = f"   {plain(who.user)}@{plain(who.hostname)}, {who.cores} cores" if who else ""
    cpu = f"cpu {fmt.percent(row.cpu)}  " if row.cpu is not None else ""
    load = f"load {row.load:.1f}  " if row.load is not None else ""
    memory = f"mem {fmt.size_of(row.memory_used, row.memory_total)} " if row.memory_total else ""
    left: Line = (*line, (about, "quiet"))
    right: Line = ((f"{cpu}{load}{memory}", "text"),)
    if width_of(left) + width_of(right) + 2 > width:
        left = line
    space = width - width_of(left) - width_of(right)
    return (*left, (" " * space, "text"), *right) if space >= 2 else cut(left, width)


def disk_lines(row: HostRow, width: int) -> list[Line]:
    """Each disk: how full, how fast it fills, when it is full."""
    if not row.disks:
        return [(("  no figures yet", "quiet"),)]
    mounts = min(24, max(5, *(fmt.cell_len(plain(disk.mount)) for disk in row.disks)))
    head: Line = (
        (f"  {fmt.fit('disk', mounts)}  {'used':<{_BAR + 16}}   {'free':>6}  {'fills':>11}  full in", "quiet"),
    )
    return [head, *(_disk(disk, mounts, home=disk.mount == row.disk_mount) for disk in row.disks)]


def _disk(disk: DiskCell, mounts: int, *, home: bool) -> Line:
    share = disk.used / disk.total if disk.total else None
    done, track = fmt.bar(share, _BAR)
    full = share is not None and share > _FULL
    rate = f"{amount(round(disk.fill_rate * 3600))}/h" if disk.fill_rate else ""
    soon = disk.full_in_s is not None and disk.full_in_s < _SOON_S
    inodes = "   no inodes left" if disk.inodes_free == 0 else ""
    return (
        (f"  {fmt.fit(plain(disk.mount), mounts)}  ", "strong" if home else "text"),
        (done, "warn" if full else "second"),
        (track, "quiet"),
        (fmt.right(fmt.percent(share), 5), "warn" if full else "text"),
        (fmt.right(fmt.size_of(disk.used, disk.total), 11), "text"),
        (f"   {fmt.size(disk.free):>6}  {rate:>11}  ", "text"),
        (duration(disk.full_in_s) if disk.full_in_s is not None else "", "warn" if soon else "text"),
        (inodes, "bad"),
    )


def mend_entries(row: HostRow, emptied: frozenset[str] = frozenset()) -> Iterator[Entry]:
    """Advice, the most urgent first; volumes that could be larger, with their commands; caches, with theirs."""
    for item in row.advice:
        if item.what.startswith("caches hold") or "could be" in item.what:
            continue  # each of them has an entry of its own below
        sign, tone = LEVELS.get(item.level, LEVELS["warning"])
        mend = f"{item.mend}   {key_hint(item.action)}" if item.action else item.mend
        below = tuple((plain(text), tone) for text, tone in ((item.proof, "quiet"), (mend, "text")) if text)
        yield Entry(((f" {sign} ", tone), (plain(item.what), tone)), below, item.mend or item.what, item)
    for volume in row.unexpanded:
        head: Line = ((" ! ", "warn"), (f"{plain(volume.mount)} could be {amount(volume.gain)} larger", "warn"))
        commands = tuple((plain(command), "strong") for command in volume.commands)
        yield Entry(head, ((plain(volume.proof), "quiet"), *commands), " && ".join(volume.commands), volume)
    for cache in sorted(row.caches, key=lambda item: -item.bytes):
        name = f"{plain(cache.name)} cache"
        if cache.path in emptied:
            yield Entry(((" ✓ ", "good"), (f"{name} was emptied", "text")), (), cache.empty, None)
            continue
        size = f"{'' if cache.whole else 'more than '}{amount(cache.bytes)}"
        head = ((" · ", "quiet"), (f"{name} {size}", "text"), ("   E: empty it", "quiet"))
        below = ((plain(cache.path), "quiet"), (plain(cache.empty), "text"))
        yield Entry(head, below, cache.empty, cache)


def found_entry(item: "Found") -> Entry:
    """What a check found."""
    sign, tone = ("✗", "bad") if not item.ok else ("!", "warn") if item.warn else ("✓", "good")
    head: Line = ((f" {sign} ", tone), (f"{plain(item.name)}  ", "strong"), (plain(item.detail), "text"))
    below = ((plain(item.mend), "warn"),) if item.mend else ()
    return Entry(head, below, item.mend or item.detail, item)


def session_entry(item: "Foreign") -> Entry:
    """Something that was started without us."""
    if item.session:
        head: Line = (
            (" ▣ ", "text"),
            ("session ", "quiet"),
            (plain(item.session), "strong"),
            (f"  pid {item.pid}", "quiet"),
        )
        return Entry(head, ((plain(item.command), "quiet"),) if item.command else (), item.session, item)
    worked = f"  worked {fmt.span(item.used_s or 0.0)} of {fmt.span(item.age_s or 0.0)}"
    head = ((" ▶ ", "text"), ("process ", "quiet"), (str(item.pid), "strong"), (worked, "text"))
    return Entry(head, ((plain(item.command[:400]), "quiet"),), item.command, item)


def link_lines(
    row: HostRow, host: Host, changes: Sequence[Change], *, reconnects: int, trips: Sequence[float], now: float
) -> list[Line]:
    """What is known of the way there, and what became of it, newest first."""
    lines: list[Line] = [BLANK]
    for name, words in _facts(row, host, reconnects, trips, now):
        lines.append(((f"  {name:<12}", "quiet"), (plain(words), "text")))
    lines += [BLANK, (("  the link since this console watches it", "strong"),)]
    for change in changes:
        sign, tone = link(change.phase)
        detail = f"  {plain(change.detail)}" if change.detail else ""
        lines.append(((f"  {fmt.clock(change.time)}  ", "quiet"), (f"{sign} {change.phase}", tone), (detail, "quiet")))
    return lines


def cost_words(cost: Cost) -> str:
    """What it costs, what was spent, what is spent for nothing."""
    words = [f"{money(cost.price, cost.currency)} an hour"]
    if cost.spent is not None:
        words.append(f"{money(cost.spent, cost.currency)} since it was started")
    if cost.idle_s is not None and cost.burnt is not None:
        words.append(f"idle for {duration(cost.idle_s)}: {money(cost.burnt, cost.currency)}")
    return "; ".join(words)


def _gpu_source(source: str, error: str) -> str:
    said = {"none": "no driver answers to any of the known tools", "asked": "no answer yet"}
    return said.get(source, f"read by {source}") + (f": {error}" if error else "")


def _facts(row: HostRow, host: Host, reconnects: int, trips: Sequence[float], now: float) -> Iterator[tuple[str, str]]:
    if trips:
        ordered = sorted(trips)
        words = f"{trips[-1] * 1000:.0f} ms for a command there and back"
        if len(trips) > 1:
            middle, worst = ordered[len(ordered) // 2] * 1000, ordered[-1] * 1000
            words += f"; of {len(trips)}: half below {middle:.0f} ms, worst {worst:.0f} ms"
        yield "latency", words
    yield "reconnects", str(reconnects)
    if row.clock_skew_s is not None:
        way = "ahead of" if row.clock_skew_s > 0 else "behind"
        yield "clock", f"{abs(row.clock_skew_s):.1f} s {way} this machine's"
    if row.cost is not None:
        yield "cost", cost_words(row.cost)
    if row.boot_time is not None:
        up = duration(now + host.skew - row.boot_time)
        again = ", rebooted while this console watched" if host.rebooted else ""
        yield (
            "boot",
            f"up {up}, since {fmt.day(row.boot_time)}{again}",
        )
    if host.hello is not None:
        yield "Python", f"{host.hello.python} runs the probe, version {host.hello.version}"
        yield "folder", host.hello.root
    if host.telemetry is not None:
        yield "GPUs", _gpu_source(host.telemetry.gpu_source, row.gpu_error)
    if host.link.mend:
        yield "to mend", host.link.mend
