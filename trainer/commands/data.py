"""`trainer data`: make a task's data before any run needs it; look at what there is."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from trainer.commands.common import add_config, add_json
from trainer.config import Config, load
from trainer.journal import NO_ROOM
from trainer.say import duration, say


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (("make", "make or fetch the data, with progress"), ("inspect", "what the data are")):
        action = actions.add_parser(name, help=text, description=text.capitalize() + ".")
        add_config(action)
        add_json(action)
        if name == "inspect":
            action.add_argument("--picture", metavar="PATH", type=Path, help="where the contact sheet is drawn")
            action.add_argument("--verify", action="store_true", help="read every stored byte and compare checksums")


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config, arguments.overrides)
    make = arguments.action == "make"
    found = _make(config, quiet=arguments.json) if make else _inspect(config, arguments.picture, arguments.verify)
    if arguments.json:
        print(json.dumps(found))
    else:
        for line in _lines(found):
            say(line)
    return 1 if found.get("damaged") else 0


def _lines(found: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """Plain values as lines, tables within tables further to the right."""
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}"


class Teller:
    """Progress for people, once a second: how much, how fast, how long still. A full disk is said once, on stderr."""

    def __init__(self, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet, self._clock = quiet, clock
        self._what, self._began, self._first = "", 0.0, 0.0
        self._spoken = clock()
        self._paused = False

    def __call__(self, what: str, done: float, total: float | None) -> None:
        paused = what.startswith(NO_ROOM)
        if paused != self._paused:
            self._paused = paused
            print(f"paused: {what}" if paused else "there is room again: going on", file=sys.stderr, flush=True)
        now = self._clock()
        if what != self._what or paused:
            self._what, self._began, self._first = what, now, done
        if self._quiet or paused or now - self._spoken < 1.0:
            return
        self._spoken = now
        rate = (done - self._first) / (now - self._began) if now > self._began else 0.0
        text = f"{what}: {done:,.0f}" + (f" of {total:,.0f}" if total else "")
        if rate > 0:
            text += f", {rate:,.0f}/s"
            text += f", {duration((total - done) / rate)} to go" if total else ""
        say(text)


def _make(config: Config, *, quiet: bool) -> dict[str, object]:
    from trainer.build import data_root, make_task

    began = time.monotonic()
    task = make_task(config)
    task.prepare(Teller(quiet=quiet))
    sizes = {split: task.size(split) for split in ("train", "val", "test")}
    return {
        "folder": str(data_root(config)),
        **sizes,
        "took": duration(time.monotonic() - began),
        "notes": list(task.notes),
    }


def _inspect(config: Config, picture: Path | None, verify: bool) -> dict[str, object]:
    from trainer.build import inspect_data

    return dict(inspect_data(config, picture=picture, verify=verify))
