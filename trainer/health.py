"""Is this run healthy? Findings that follow from its own speed, made when they are significant, withdrawn when over."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer.board import Board
from trainer.config import Run
from trainer.record.status import Device, Finding

WAITS = "waiting for data"
ROOM = "memory to spare"
IDLE = "the GPU is idle"

_BEGIN, _END = 0.30, 0.20  # share of the time: two limits, so that a finding does not come and go
_STEPS = 32  # before that, speed says little: the first steps are slow for other reasons
_RESTATE = 0.10  # a finding is written anew when the share has moved by this much
_SPARE = 0.5  # of a GPU's memory unused: worth a word
_LOOKS = 12  # readings of a GPU whose mean counts: one tells of a moment only
_LAZY, _BUSY = 0.60, 0.75  # two limits again


@dataclass
class Health:
    """Looks at every row of metrics. `others` are the findings that the task itself last told."""

    board: Board
    run: Run
    told: float | None = None  # the share that the board's finding says
    room: bool = False
    idle: float | None = None  # the mean that the board's finding says
    looks: list[float] = field(default_factory=list)  # how busy the GPU was, newest last
    others: dict[str, Finding] = field(default_factory=dict)

    def observe(self, steps: int, figures: Mapping[str, float | None], device: Device | None) -> None:
        """After `steps` steps of this attempt, with the pace of the recent ones."""
        if steps < _STEPS:
            return
        self._wait(figures.get("data_wait"))
        if device is not None and device.kind == "cuda":
            self._memory(device)
            self._work(device, figures.get("data_wait"))

    def listen(self, findings: tuple[Finding, ...]) -> None:
        """What the task says of itself; what it says no more is withdrawn."""
        now = {finding.what: finding for finding in findings}
        for what in self.others.keys() - now.keys():
            self.board.forget(what)
        for what, finding in now.items():
            if self.others.get(what) != finding:
                self.board.find(finding)
        self.others = now

    def _wait(self, share: float | None) -> None:
        if share is None:
            return
        if self.told is not None and share < _END:
            self.board.forget(WAITS)
            self.told = None
        elif share >= _BEGIN and (self.told is None or abs(share - self.told) >= _RESTATE):
            self.board.find(waiting(share, self.run))
            self.told = share

    def _memory(self, device: Device) -> None:
        used, total = device.memory_used, device.memory_total
        if used is None or not total:
            return
        spare = 1 - used / total >= _SPARE
        if spare and not self.room:
            proof = f"{used / 2**30:.1f} of {total / 2**30:.1f} GiB of the GPU are in use with batch {self.run.batch}"
            self.board.find(Finding(ROOM, proof, "trainer check --probe-batch says what a larger batch would gain"))
        elif self.room and not spare:
            self.board.forget(ROOM)
        self.room = spare

    def _work(self, device: Device, wait: float | None) -> None:
        """Only when it does not wait for data: that has a finding of its own, which says what to do."""
        if device.utilisation is None:
            return
        self.looks = [*self.looks[1 - _LOOKS :], device.utilisation]
        mean = sum(self.looks) / len(self.looks)
        if self.idle is not None and (mean >= _BUSY or self.told is not None):
            self.board.forget(IDLE)
            self.idle = None
            return
        news = self.idle is None or abs(mean - self.idle) >= _RESTATE
        if news and len(self.looks) == _LOOKS and mean < _LAZY and self.told is None:
            self.board.find(idle(mean, wait, self.run))
            self.idle = mean


def idle(mean: float, wait: float | None, run: Run) -> Finding:
    """The finding of a GPU that computes only part of the time, though its data are there."""
    waits = "" if wait is None else f"; only {wait:.0%} goes into waiting for data"
    proof = f"the GPU computes {mean:.0%} of the time with batch {run.batch}{waits}"
    ways = ["a larger run.batch (trainer check --probe-batch says which)"]
    ways += [] if run.compile else ["run.compile = true"]
    return Finding(
        IDLE, proof, f"its steps are too small for it: {' or '.join(ways)}, or another worker beside this one"
    )


def waiting(share: float, run: Run) -> Finding:
    """The finding. Without any wait, steps would take the rest of the time: that is the most there is to gain."""
    gain = 1 / max(1 - share, 0.02)
    proof = f"waiting for data {share:.0%} of the time (without it: up to {gain:.1f}× faster)"
    first = "set run.prefetch = 1; if that is not enough, " if not run.prefetch else ""
    mend = f"{first}stage the data on a local disk (trainer data stage) or pack them (data.form, for images)"
    return Finding(WAITS, proof, mend)
