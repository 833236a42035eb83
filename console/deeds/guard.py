"""Errors on the way become verdicts, and verdicts are counted."""

from collections.abc import Iterator

from console.parallel import Work
from console.preflight import Refused
from console.source import Step
from remote.errors import AuthFailed, HostKeyProblem, RemoteError, Unreachable

READONLY = "this console only looks: it was started with --readonly"


class Guard:
    """Wraps works. `unreached`: a host could not be reached in any of them so far."""

    def __init__(self) -> None:
        self.unreached = False

    def heard(self, error: RemoteError) -> None:
        """Remember whether it says that nobody was reached."""
        self.unreached |= isinstance(error, Unreachable | AuthFailed | HostKeyProblem)

    def over(self, worker: str, work: Work) -> Work:
        """An error of host or trainer becomes the worker's verdict."""

        def run() -> Iterator[Step]:
            try:
                yield from work()
            except Refused as error:
                yield Step(worker, error.what, ok=False, mend=error.mend)
            except RemoteError as error:
                self.heard(error)
                yield Step(worker, error.what, ok=False, mend=error.mend)
            except ValueError as error:  # a name, a path or a variable that the host could not take
                yield Step(worker, str(error), ok=False)

        return run


class Verdicts:
    """Which workers have failed in a stream of steps."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    def over(self, steps: Iterator[Step]) -> Iterator[Step]:
        for step in steps:
            if step.ok is False:
                self.failed.add(step.worker)
            yield step
