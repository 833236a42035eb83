"""What a worker's table says to the trainer, and what the trainer says of it, in the words of the table."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from console.config.tables import Config
from trainer.record import toml
from trainer.schema import Source


def trainer_spec(config: Config, worker: str) -> str:
    """The trainer configuration of a worker: a file beside config.toml when there is one, else a preset's name."""
    spec = config.workers[worker].trainer
    beside = config.path.absolute().parent / Path(spec).expanduser()
    return str(beside) if beside.is_file() else spec


def overrides(table: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """`set = { run.epochs = 3 }` as "run.epochs=3", the way the trainer's --set takes it."""
    for key, value in table.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, Mapping):
            yield from overrides(value, path)
        else:
            yield f"{path}={toml.dumps({'v': value}).partition('=')[2].strip()}"


def in_words_of(config: Config, worker: str, complaint: str) -> str:
    """What the trainer says of `--set`, said of the file in which people wrote it; all in one line."""
    source = Source(str(config.path), config.path.read_text(encoding="utf-8", errors="replace"))
    lines = []
    for line in complaint.splitlines():
        place, _, rest = line.partition("--set: ")
        key, colon, what = rest.partition(": ")
        if place or not colon:
            lines.append(line)
        else:
            lines.append(str(source.problem(f"workers.{worker}.set.{key}", what)))
    return "; ".join(lines)
