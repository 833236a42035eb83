"""The run directory, version 1: the one contract between whoever trains and whoever watches.

Standard library only; importing it costs a few milliseconds and never touches torch. `docs/run-directory.md`
describes the format for writers in other languages; the modules here are its reference implementation:

    files    names of the files, schema version
    jsonl    JSON lines: NaN and infinities, torn lines, superseded rows
    atomic   replace a file whole; create a file exactly once
    status   status.json as typed values
    writer   the one writer of a run directory (holds the lock)
    reader   everything a reader may ask of a run directory
    toml     values to TOML text (the standard library only reads it)
    race     the winner's marker in a race's folder
    tfevents rows of metrics as TensorBoard reads them
"""

from trainer.record.files import SCHEMA
from trainer.record.reader import RunReader
from trainer.record.status import Status
from trainer.record.writer import RunLocked, RunWriter

__all__ = ["SCHEMA", "RunLocked", "RunReader", "RunWriter", "Status"]
