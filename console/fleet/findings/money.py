"""What a host costs that has a price, and what it costs for nothing. Pure."""

from collections.abc import Iterable, Iterator

from console.fleet.cells import Advice, Cost
from console.fleet.model import Host, Run
from console.fleet.records import ended, reported
from console.fleet.words import duration

IDLE_S = 600.0  # without a worker for so long: nobody is about to start one
_BUSY, _WORKING = 0.05, 0.5  # share of a GPU, of all cores: somebody else works there


def cost(host: Host, runs: Iterable[Run], now: float) -> Cost | None:
    """None for hosts without a price, and while nobody can say whether it is on."""
    if not host.price or not host.reachable or host.hello is None:
        return None
    boot = host.hello.boot_time - host.clock_offset if 0 < host.hello.boot_time < 1e11 else None
    spent = None if boot is None else host.price * max(0.0, now - boot) / 3600
    since = _idle_since(host, runs, boot)
    idle = None if since is None else max(0.0, now - since)
    return Cost(host.price, host.currency, boot, spent, idle, None if idle is None else host.price * idle / 3600)


def cost_findings(found: Cost | None) -> Iterator[Advice]:
    """A box that is paid for and does nothing."""
    if found is None or found.idle_s is None or found.idle_s < IDLE_S:
        return
    burnt = money(found.burnt or 0.0, found.currency)
    proof = f"no worker has run on it for {duration(found.idle_s)}, at {money(found.price, found.currency)} an hour"
    if found.spent is not None and found.since is not None:
        proof += f"; {money(found.spent, found.currency)} since it was started"
    mend = "start a worker, or end the machine; trajconsole safe says whether all that matters is here"
    yield Advice(f"it is idle and has cost {burnt} for nothing", proof, mend, "warning")


def money(value: float, currency: str) -> str:
    """An amount: 4.12 USD."""
    return f"{value:,.2f} {currency}".rstrip()


def _idle_since(host: Host, runs: Iterable[Run], boot: float | None) -> float | None:
    """When the last worker ended, else when it was started; None while anything works there."""
    figures = host.telemetry
    if figures is None or (figures.cpu or 0.0) > _WORKING:
        return None
    if any(gpu.processes or (gpu.utilisation or 0.0) > _BUSY for gpu in figures.gpus):
        return None
    times = [] if boot is None else [boot]
    for run in runs:
        if run.key.host != host.name:
            continue
        end = ended(run)
        if end is None and not run.gone and any(item.alive for item in run.processes.values()):
            return None
        times.append(_last(run, end.time if end is not None else None, host.clock_offset))
    return max(times, default=None)


def _last(run: Run, end: float | None, offset: float) -> float:
    """The last sign of its life, on this laptop's clock."""
    status = reported(run)
    seen = end if end is not None else status.heartbeat if status is not None else None
    return run.seen if seen is None else seen - offset
