"""Progress and verdicts of a transfer, in a line of text. Pure."""

from collections.abc import Sequence

from console import format as fmt
from remote.transfer.listing import Left
from remote.transfer.pace import Progress


def progress(now: Progress) -> str:
    """12/60 files  340M/1.2G  18.2M/s  0:48 left."""
    if now.words:
        return now.words
    parts = [f"{now.files}/{fmt.plural(now.files_total, 'file')}", fmt.size_of(now.bytes, now.bytes_total)]
    if now.rate:
        parts.append(f"{fmt.size(round(now.rate))}/s")
    if now.eta_s is not None:
        parts.append(f"{fmt.timer(now.eta_s)} left")
    return "  ".join(parts)


def share(now: Progress) -> float | None:
    """How much of it is done."""
    if not now.bytes_total:
        return now.files / now.files_total if now.files_total else None
    return min(1.0, now.bytes / now.bytes_total)


def verdict(taken: int, size: int, whole: int, to: str) -> str:
    """How a pull ended."""
    if not taken:
        return f"nothing to do: {fmt.plural(whole, 'file')}, verified, in {to}"
    return f"pulled {fmt.plural(taken, 'file')}, {fmt.size(size)}; {whole} verified in {to}"


def pushed(sent: int, size: int, same: int, to: str) -> str:
    """How a push ended."""
    if not sent:
        return f"nothing to do: {fmt.plural(same, 'file')} in {to}"
    rest = f", {same} there already" if same else ""
    return f"pushed {fmt.plural(sent, 'file')}, {fmt.size(size)}, verified in {to}{rest}"


def left(items: Sequence[Left], *, most: int = 3) -> str:
    """What stayed on the host, and why."""
    said = [f"{item.path}: {item.why}" for item in items[:most]]
    more = [f"and {len(items) - most} more"] if len(items) > most else []
    return "; ".join([*said, *more])
