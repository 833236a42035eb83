"""What the launcher's two documents say, read leniently: foreign writers may leave out anything."""

import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from console.fleet.model import Run
from trainer.record.status import ENDED, Status


@dataclass(frozen=True, slots=True)
class Launched:
    """launch.json: an attempt was started."""

    attempt: int | None
    time: float | None
    pid: int | None
    boot_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """exit.json: the attempt's process ended."""

    code: int | None
    signal: int | None
    time: float | None
    oom_kills: int

    @property
    def signal_name(self) -> str:
        try:
            return signal.Signals(self.signal or 0).name
        except ValueError:
            return f"signal {self.signal}"


MOST_LAUNCHES = 4096
_LAUNCHES: dict[int, tuple[Mapping[str, Any], Launched]] = {}  # read once: every row asks for it many times


def launched(run: Run) -> Launched | None:
    """The newest attempt, or None when nothing was ever launched here."""
    if run.launch is None:
        return None
    data = run.launch
    known = _LAUNCHES.get(id(data))
    if known is None or known[0] is not data:
        if len(_LAUNCHES) > MOST_LAUNCHES:
            _LAUNCHES.clear()
        attempt, pid = _integer(data.get("attempt")), _integer(data.get("pid"))
        known = data, Launched(attempt, _number(data.get("time")), pid, _text(data.get("boot_id")))
        _LAUNCHES[id(data)] = known
    return known[1]


def ended(run: Run) -> Ended | None:
    """How the newest attempt ended, or None while there is no record of it."""
    if run.exit is None:
        return None
    data, start = run.exit, launched(run)
    attempt, time = _integer(data.get("attempt")), _number(data.get("time"))
    if start is not None:
        if attempt is not None and start.attempt is not None:
            if attempt != start.attempt:
                return None
        elif time is not None and start.time is not None and time < start.time:
            return None
    code, number = _integer(data.get("code")), _integer(data.get("signal"))
    if number is None and code is not None and 128 < code < 193:  # the shell's way to tell a signal
        number = code - 128
    return Ended(code, number or None, time, _integer(data.get("oom_kills")) or 0)


def reported(run: Run) -> Status | None:
    """status.json, if the newest attempt wrote it; one from before is an old story."""
    status, start = run.status, launched(run)
    if status is None:
        return None
    if start is None or start.time is None:
        return status
    newest = max((time for time in (status.heartbeat, status.started, status.progress_at) if time), default=None)
    if newest is None:  # a writer without clocks: trust it unless it speaks of an end that a new attempt follows
        return None if status.state in ENDED and (start.attempt or 1) > 1 and ended(run) is None else status
    began_at = start.time if newest % 1 else start.time // 1  # a writer's clock may know whole seconds only
    return status if newest >= began_at - 0.01 else None


def began(run: Run) -> float | None:
    """When the newest attempt began, on the host's clock."""
    start, status = launched(run), run.status
    if start is not None and start.time is not None:
        return start.time
    return status.started if status else None


def asked_to_end(run: Run) -> str:
    """ "stop" or "kill" when a person asked for the end of the newest attempt, else nothing."""
    since, start = began(run) or 0.0, launched(run)
    for event in reversed(run.events[-200:]):
        if event.get("event") not in ("stop asked", "kill asked"):
            continue
        attempt, when = _integer(event.get("attempt")), _number(event.get("t"))
        if attempt is not None and start is not None and start.attempt is not None:
            same = attempt == start.attempt
        else:
            same = when is None or when >= since - 1.0
        return str(event["event"]).split()[0] if same else ""
    return ""


_TRACEBACK = "Traceback (most recent call last)"
_BEGINS = re.compile(r"(?:\[\w+\]: ?)?Traceback \(most recent call last\)")
_CHAINED = re.compile("During handling of the above exception|The above exception was the direct cause")
_RANK = re.compile(r"^\[\w+\]: ?")  # what torch puts before the lines of each of several processes
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_ERROR = re.compile(
    r"^(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning|Full|Locked|Failed)\b.*|[A-Za-z_][\w.]*: .*)$"
)
OUT_OF_MEMORY = re.compile(r"MemoryError|OutOfMemoryError|out of memory|not enough memory|[Cc]annot allocate memory")


@dataclass(frozen=True, slots=True)
class Traceback:
    """The first traceback of an attempt: its last line, and the innermost frame."""

    error: str
    place: str

    def __str__(self) -> str:
        return f"{self.error} · {self.place}" if self.place else self.error


def first_traceback(lines: Sequence[str], *, again: bool = False) -> Traceback | None:
    """The first Python traceback in a log: what came after it is mostly its echo.

    `again`: the log holds earlier attempts too; then it is the one that began the last chain of them.
    """
    starts = [number for number, line in enumerate(lines) if _TRACEBACK in line and _BEGINS.match(line)]
    if again and starts:
        first = len(starts) - 1
        while first > 0 and _CHAINED.search("\n".join(lines[starts[first] - 3 : starts[first]])):
            first -= 1
        starts = starts[first:]
    found = (_read_traceback(lines[number + 1 : number + 400]) for number in starts)
    return next((trace for trace in found if trace is not None), None)


def _read_traceback(lines: Sequence[str]) -> Traceback | None:
    place = ""
    for text in lines:
        line = _RANK.sub("", text)
        frame = _FRAME.match(line)
        if frame:
            place = f"{frame['file'].rsplit('/', 1)[-1]}:{frame['line']}"
        elif line and not line[0].isspace():
            return Traceback(line.strip(), place) if _ERROR.match(line) or place else None
    return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
