"""What commands that write workers share: shown first, judged by trainer and reader, written at once, then started."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from console.editing.draft import Draft


def draft(arguments: argparse.Namespace) -> "Draft":
    """Of the configuration in force."""
    from console import config
    from console.editing.draft import open_draft

    return open_draft(config.find(arguments.config, Path.cwd()))


def with_new(before: "Draft", key: tuple[str, str], table: dict[str, Any]) -> "Draft":
    """With one table more. ConfigError when it is there already, or the text cannot be changed surely."""
    from trainer.schema import ConfigError, Problem

    if key[1] in before.table.get(key[0], {}):
        raise ConfigError([Problem(str(before.path), None, ".".join(key), "is there already", "another name")])
    try:
        return before.with_change(key, table)
    except ValueError as error:
        raise ConfigError([Problem(str(before.path), None, ".".join(key), str(error))]) from None


def judge(path: Path, found: Iterable[tuple[str, Sequence[str]]]) -> None:
    """ConfigError with all that the trainer said, each with the worker it was said of."""
    from trainer.schema import ConfigError, Problem

    said: dict[str, list[str]] = {}
    for worker, texts in found:
        for text in texts:
            said.setdefault(text, []).append(worker)
    if said:
        raise ConfigError([Problem(str(path), None, _whose(workers), text) for text, workers in said.items()])


def _whose(workers: Sequence[str]) -> str:
    return workers[0] if len(workers) == 1 else f"{workers[0]} and {len(workers) - 1} more"


def show(arguments: argparse.Namespace, changed: "Draft") -> None:
    """The difference."""
    from console import frame

    out = frame.stdout(arguments.ascii)
    for line in changed.difference():
        out.line(line, {"+": "good", "-": "bad"}.get(line[:1], "quiet"))


def save(changed: "Draft") -> None:
    """Write it. ConfigError when somebody else wrote meanwhile."""
    from console.editing.draft import ChangedMeanwhile
    from trainer.schema import ConfigError, Problem

    try:
        changed.save()
    except ChangedMeanwhile:
        mend = "look at it, then again"
        raise ConfigError([Problem(str(changed.path), None, "", "was changed by somebody meanwhile", mend)]) from None
    print(f"trajconsole: written to {changed.path}", file=sys.stderr)


def start(arguments: argparse.Namespace, path: Path, workers: Sequence[str]) -> int:
    """As `trajconsole start` of these workers, with the configuration that was written."""
    from console.commands import start as command

    arguments.config, arguments.workers, arguments.trial = str(path), list(workers), False
    return asyncio.run(command.start(arguments))
