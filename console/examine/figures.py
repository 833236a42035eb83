"""What the probe sees of a host, judged. Pure: the same rules as for the hosts on the screen."""

from collections.abc import Iterator

from console.examine.found import Found, bad, good, warning
from console.fleet.drivers import trouble
from console.fleet.findings.disks import DISK_FULL, DISK_LOW
from console.fleet.findings.machine import SKEW_S, cache_words
from console.fleet.volumes import unexpanded
from console.fleet.words import amount, counted, duration
from remote.events import Facts, Hello, Telemetry
from remote.survey import Survey


def look(subject: str, seen: Survey) -> Iterator[Found]:
    if seen.hello is None or seen.telemetry is None:
        mend = "it needs Python 3.8 or newer on the host, and nothing else"
        yield bad(subject, "probe", seen.said or "it did not answer in time", mend)
        return
    yield good(subject, "probe", _who(seen.hello))
    yield clock(subject, seen.skew or 0.0)
    yield from driver(subject, seen.telemetry)
    yield from disks(subject, seen.telemetry, seen.facts)
    if seen.facts is not None:
        yield from volumes(subject, seen.facts)
        yield from processes(subject, seen.facts, seen.hello)


def _who(hello: Hello) -> str:
    since = f", up {duration(hello.clock - hello.boot_time)}" if hello.boot_time else ""
    return f"{hello.user} on {hello.hostname}, {hello.cores} cores, Python {hello.python}{since}"


def clock(subject: str, skew: float) -> Found:
    if abs(skew) <= SKEW_S:
        return good(subject, "clock", f"within {SKEW_S:.0f} s of this machine's")
    way = "ahead of" if skew > 0 else "behind"
    mend = "on the host: sudo timedatectl set-ntp true (or: sudo chronyc makestep)"
    return warning(subject, "clock", f"{duration(abs(skew))} {way} this machine's", mend)


def driver(subject: str, figures: Telemetry) -> Iterator[Found]:
    """The GPUs as their driver shows them, and who is on them."""
    if figures.gpu_error:
        found = trouble(figures.gpu_error)
        yield bad(subject, "GPU driver", f"{found.what}: {figures.gpu_error}", found.mend)
    if figures.gpus:
        names = [gpu.name for gpu in figures.gpus if gpu.instance is None and not gpu.error]
        split = sum(gpu.instance is not None for gpu in figures.gpus)
        parts = f", split into {split} instances" if split else ""
        yield good(subject, "GPU driver", f"{counted(names) or 'no whole GPU'}{parts} (by {figures.gpu_source})")
    for gpu in figures.gpus:
        hot = [words for words in gpu.slowed_by if words != "power limit"]
        if hot:
            mend = "look at its fans, dust, and the air around it"
            yield warning(subject, "GPU driver", f"GPU {gpu.index} is slowed down: {', '.join(hot)}", mend)
        if gpu.memory_used and gpu.memory_total and gpu.memory_used > gpu.memory_total / 2 and gpu.instance is None:
            users = ", ".join(f"{item.user or item.pid}'s {item.command[:40]}" for item in gpu.processes[:3])
            held = f"{amount(gpu.memory_used)} of {amount(gpu.memory_total)} of GPU {gpu.index} are in use"
            yield warning(
                subject, "GPU memory", f"{held}{f' by {users}' if users else ''}", "wait for it, or choose another GPU"
            )


def disks(subject: str, figures: Telemetry, facts: Facts | None) -> Iterator[Found]:
    """Every disk that is nearly full, with the caches that could be emptied."""
    short = [
        disk for disk in figures.disks if disk.total and (disk.free / disk.total < DISK_LOW or disk.inodes_free == 0)
    ]
    for disk in short:
        what = "no inodes left" if disk.inodes_free == 0 else f"{amount(disk.free)} of {amount(disk.total)} free"
        worth = [item for item in facts.caches if item.bytes > 100 * 2**20] if facts else []
        caches = "; ".join(f"{cache_words(item)}: {item.empty}" for item in worth)
        judge = bad if disk.free / disk.total < DISK_FULL or disk.inodes_free == 0 else warning
        yield judge(subject, "disk", f"{disk.mount}: {what}", caches or "free space")
    if not short and figures.disks:
        yield good(subject, "disk", ", ".join(f"{disk.mount} {amount(disk.free)} free" for disk in figures.disks))


def volumes(subject: str, facts: Facts) -> Iterator[Found]:
    for item in unexpanded(facts.blocks):
        detail = f"{item.mount} could be {amount(item.gain)} larger: {item.proof}"
        yield warning(subject, "volume", detail, " && ".join(item.commands))


def processes(subject: str, facts: Facts, hello: Hello) -> Iterator[Found]:
    if not facts.sees_others and hello.user != "root":
        mend = "nothing: workers of this user are followed all the same (/proc is mounted with hidepid)"
        yield warning(subject, "processes", "this user does not see the processes of others", mend)
    if hello.boot_time and hello.clock - hello.boot_time < 3600.0:
        yield good(subject, "boot", "it was started less than an hour ago: workers from before ended then")
