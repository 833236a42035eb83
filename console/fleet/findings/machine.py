"""All that a person should know and can do about a host. Pure functions of the evidence."""

from collections.abc import Iterator

from console.fleet.cells import Advice
from console.fleet.drivers import trouble
from console.fleet.findings.disks import disk_findings, disk_short
from console.fleet.model import Host
from console.fleet.words import amount, duration, sentence
from remote.events import Cache, Disk, Gpu

MEMORY_SHORT = 0.92  # share in use at which the kernel begins to look for victims
SKEW_S = 2.0
HOT = 90.0  # °C: from about here on GPUs slow down
CACHE_WORTH = 200 * 2**20
ROOMY = 0.5  # a filesystem with this share free does not need to grow now
_COOL = "look at its fans, dust, and the air around it"


def host_advice(host: Host, disk: Disk | None, now: float) -> tuple[Advice, ...]:
    """The link, then the machine behind it: the most urgent first."""
    return _by_urgency([*_link(host, now), *machine_advice(host, disk, now)])


def machine_advice(host: Host, disk: Disk | None, now: float) -> tuple[Advice, ...]:
    """Without the link: a full disk, short memory, a driver that does not answer, …"""
    found = [*disk_findings(host, disk), *_memory(host), *_gpus(host), *_clock(host), *_boot(host, now)]
    return _by_urgency([*found, *_volumes(host), *_caches(host, disk)])


def _by_urgency(found: list[Advice]) -> tuple[Advice, ...]:
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda item: order.get(item.level, 1)))


def memory_short(host: Host) -> bool:
    """Whether the host has so little memory left that the kernel may kill."""
    figures = host.telemetry
    if figures is None or not figures.memory_used or not figures.memory_total:
        return False
    return figures.memory_used / figures.memory_total > MEMORY_SHORT


def memory_words(host: Host) -> str:
    figures = host.telemetry
    if figures is None or figures.memory_used is None or not figures.memory_total:
        return ""
    return f"{amount(figures.memory_used)} of {amount(figures.memory_total)} in use on {host.name}"


def _link(host: Host, now: float) -> Iterator[Advice]:
    last = f"last heard {duration(now - host.heard_at)} ago" if host.heard_at is not None else "never heard"
    proof = sentence(host.link.detail, last)
    if host.link.phase in ("auth failed", "host key"):
        yield Advice(host.link.phase, proof, host.link.mend, "error", "admit")
    elif host.link.phase == "broken":
        yield Advice(host.link.phase, proof, host.link.mend, "error")
    elif host.lost:  # one trouble, also between two tries and while the next one is made
        yield Advice("unreachable", proof, host.link.mend, "error")


def _memory(host: Host) -> Iterator[Advice]:
    if memory_short(host):
        yield Advice(
            "memory is short", memory_words(host), "the kernel may kill a worker: use smaller batches", "warning"
        )


def _gpus(host: Host) -> Iterator[Advice]:
    figures = host.telemetry
    if figures is None:
        return
    if figures.gpu_error:
        found = trouble(figures.gpu_error)
        yield Advice(found.what, figures.gpu_error, found.mend, "error" if host.link.phase == "connected" else "note")
    for gpu in figures.gpus:
        heat = [words for words in gpu.slowed_by if words != "power limit"]
        if heat:
            proof = sentence(", ".join(heat), _degrees(gpu), _clocks(gpu))
            yield Advice(f"GPU {gpu.index} is slowed down", proof, _COOL, "warning")
        elif gpu.temperature is not None and gpu.temperature >= HOT:
            yield Advice(f"GPU {gpu.index} is hot", sentence(_degrees(gpu), _clocks(gpu)), _COOL, "warning")


def _degrees(gpu: Gpu) -> str:
    return "" if gpu.temperature is None else f"{gpu.temperature:.0f} °C"


def _clocks(gpu: Gpu) -> str:
    return "" if gpu.clock is None else f"runs at {gpu.clock:.0f} MHz"


def _clock(host: Host) -> Iterator[Advice]:
    if abs(host.skew) <= SKEW_S:
        return
    way = "ahead of" if host.skew > 0 else "behind"
    yield Advice(
        f"the clock is {duration(abs(host.skew))} {way} this machine's",
        f"measured over the last {len(host.skews)} figures; ages and times to go are corrected for it",
        "on the host: sudo timedatectl set-ntp true (or: sudo chronyc makestep)",
    )


def _boot(host: Host, now: float) -> Iterator[Advice]:
    if host.rebooted and host.hello is not None and host.hello.boot_time:
        since = duration(now + host.clock_offset - host.hello.boot_time)
        yield Advice(
            f"the host was rebooted {since} ago",
            "its boot id has changed since this console first saw it",
            "what ran there ended with it: trajconsole resume WORKER",
            "note",
        )


def _volumes(host: Host) -> Iterator[Advice]:
    if host.facts is None or host.telemetry is None:
        return
    shares = {disk.mount: disk.free / disk.total for disk in host.telemetry.disks if disk.total}
    for item in host.volumes:
        level = "note" if shares.get(item.mount, 0.0) > ROOMY else "warning"
        commands = " && ".join(item.commands)
        yield Advice(f"{item.mount} could be {amount(item.gain)} larger", item.proof, commands, level)


def _caches(host: Host, disk: Disk | None) -> Iterator[Advice]:
    """Only where room is short: otherwise caches do what they are for."""
    if host.facts is None or not disk_short(host, disk):
        return
    worth = sorted((item for item in host.facts.caches if item.bytes >= CACHE_WORTH), key=lambda item: -item.bytes)
    if worth:
        total = amount(sum(item.bytes for item in worth))
        yield Advice(
            f"caches hold {total}",
            ", ".join(cache_words(item) for item in worth),
            "; ".join(dict.fromkeys(item.empty for item in worth)),
            "warning",
            "empty",
        )


def cache_words(item: Cache) -> str:
    """ "pip 3.1 GiB in /home/me/.cache/pip"."""
    return f"{item.name} {'' if item.whole else 'more than '}{amount(item.bytes)} in {item.path}"
