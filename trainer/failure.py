"""An exception to a reason that fits in a table, and to a finding with a way out where one is known."""

import errno
import traceback
from pathlib import Path

from trainer.ending import TrainingFailed
from trainer.record.status import Finding

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "cublas_status_alloc_failed")


def root(error: BaseException) -> BaseException:
    """The exception that started it: the first traceback that Python prints."""
    while (earlier := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        error = earlier
    return error


def place(error: BaseException) -> str:
    """file:line in which it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def describe(error: BaseException) -> str:
    """The last line of its traceback, and where."""
    line = traceback.format_exception_only(error)[-1].strip()
    where = place(error)
    return f"{line} ({where})" if where else line


def is_out_of_memory(error: BaseException) -> bool:
    """Of the machine or of the GPU; torch says so in several ways."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _MEMORY_WORDS)


def explain(error: BaseException, batch: int) -> tuple[str, Finding]:
    """The reason of the end, and what to do."""
    if isinstance(error, TrainingFailed):
        return error.reason, error.finding
    first = root(error)
    reason = describe(first)
    if is_out_of_memory(first):
        mend = f'lower run.batch (now {batch}), use run.precision = "bf16", or choose a device with more memory'
        return f"out of memory: {reason}", Finding("out of memory", reason, mend)
    if isinstance(first, OSError) and first.errno in (errno.ENOSPC, errno.EDQUOT):
        mend = "make room on that filesystem, then resume the run"
        return f"disk full: {reason}", Finding("disk full", reason, mend)
    return reason, Finding("the trainer raised an error", reason, "the whole traceback is in train.log")
