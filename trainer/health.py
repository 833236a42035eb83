"""Is this run healthy? Findings that follow from its own speed, made when they are significant, withdrawn when over."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trainer.board import Board
from trainer.config import Run
from trainer.record.status import Device, Finding

WAITS = "waiting for data"
ROOM = "memory to spare"

_BEGIN, _END = 0.30, 0.20  # share of the time: two limits, so that a finding does not come and go
_STEPS = 32  # before that, speed says little: the first steps are slow for other reasons
_RESTATE = 0.10  # a finding is written anew when the share has moved by this much
_SPARE = 0.5  # of a GPU's memory unused: worth a word


@dataclass
class Health:
    """Looks at every row of metrics. `others` are the findings that the task itself last told."""

    board: Board
    run: Run
    told: float | None = None  # the share that the board's finding says
    room: bool = False
    others: dict[str, Finding] = field(default_factory=dict)

    def observe(self, steps: int, figures: Mapping[str, float | None], device: Device | None) -> None:
        """After `steps` steps of this attempt, with the pace of the recent ones."""
        if steps < _STEPS:
            return
        self._wait(figures.get("data_wait"))
        if device is not None and device.kind == "cuda":
            self._memory(device)

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


def waiting(share: float, run: Run) -> Finding:
    """The finding. Without any wait, steps would take the rest of the time: that is the most there is to gain."""
    gain = 1 / max(1 - share, 0.02)
    proof = f"waiting for data {share:.0%} of the time (without it: up to {gain:.1f}× faster)"
    first = "set run.prefetch = 1; if that is not enough, " if not run.prefetch else ""
    mend = f"{first}stage the data on a local disk (trainer data stage) or pack them (data.form, for images)"
    return Finding(WAITS, proof, mend)
