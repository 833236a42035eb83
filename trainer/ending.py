"""How a run ends: a state with its reason, or one of two exceptions that unwind to the one place that ends runs."""

from dataclasses import dataclass

from trainer.record.status import Finding


@dataclass(frozen=True, slots=True)
class Ending:
    """The state in which a run ends, and why, in a sentence.

    `haste`: the asker may lose patience within seconds. `refused`: configuration or data cannot be used.
    """

    state: str
    reason: str
    haste: bool = False
    refused: bool = False

    @property
    def code(self) -> int:
        """The exit code of the process."""
        return 0 if self.state != "failed" else 2 if self.refused else 1


class Interrupted(Exception):
    """Somebody asked the run to end while it was preparing, validating or waiting for room on the disk."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.reason)
        self.ending = ending


class TrainingFailed(Exception):
    """Training cannot go on, for a reason that is known: what, the proof and the mend."""

    def __init__(self, reason: str, finding: Finding) -> None:
        super().__init__(reason)
        self.reason, self.finding = reason, finding
