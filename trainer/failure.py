"""An exception to a reason that fits in a table, and to a finding with a way out where one is known."""

import errno
import sys
import traceback
from pathlib import Path

from trainer.config import Run
from trainer.ending import TrainingFailed
from trainer.record.status import Finding
from trainer.schema import ConfigError

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "cublas_status_alloc_failed")
_PACKAGES = ("torch", "numpy", "matplotlib", "PIL", "safetensors")
_PEER_WORDS = ("closed by peer", "reset by peer", "remote process exited", "NCCL communicator was aborted")


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


def explain(error: BaseException, run: Run) -> tuple[str, Finding]:
    """The reason of the end, and what to do."""
    if isinstance(error, TrainingFailed):
        return error.reason, error.finding
    first = root(error)
    if isinstance(first, ConfigError):  # known only once the data were looked at
        problem = first.problems[0]
        return str(problem), Finding("the configuration cannot be used", str(problem), problem.mend)
    reason = describe(first)
    if is_out_of_memory(first):
        mend = f'lower run.batch (now {run.batch}), split it with run.accumulate, use run.precision = "bf16"'
        if run.gpu_share < 1:
            mend += f", raise run.gpu_share (now {run.gpu_share:g} of the GPU's memory)"
        mend += ", or choose a device with more memory"
        return f"out of memory: {reason}", Finding("out of memory", reason, mend)
    if isinstance(first, OSError) and first.errno in (errno.ENOSPC, errno.EDQUOT):
        mend = "make room on that filesystem, then resume the run"
        return f"disk full: {reason}", Finding("disk full", reason, mend)
    if isinstance(first, ModuleNotFoundError) and (first.name or "").partition(".")[0] in _PACKAGES:
        mend = f"{sys.executable} -m pip install 'trajconsole[train]'"
        return f"not installed here: {first.name}", Finding("a package is missing", reason, mend)
    if type(first).__module__.startswith(("torch._dynamo", "torch._inductor")):
        mend = "set run.compile = false; the whole traceback is in train.log"
        return f"not compiled: {reason}", Finding("the model cannot be compiled", reason, mend)
    if isinstance(first, RuntimeError) and any(word in str(first) for word in _PEER_WORDS):
        mend = "it begins again from the checkpoint while run.restarts are left; after that, --resume"
        return "another process of this run is gone", Finding("a process of this run is gone", reason, mend)
    if "find_unused_parameters" in str(first):
        mend = "freeze the parameters that the loss does not reach, or set run.processes = 1; more is in train.log"
        return reason, Finding("a parameter gets no gradient", reason, mend)
    return reason, Finding("the trainer raised an error", reason, "the whole traceback is in train.log")
