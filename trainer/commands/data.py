"""`trainer data`: make a task's data before any run needs it; look at what there is."""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from trainer.commands.common import add_config, add_json
from trainer.config import Config, load
from trainer.journal import NO_ROOM
from trainer.say import duration, say

STAGE = "copy a slow folder to a local disk, checked and resumable"


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (("make", "make or fetch the data, with progress"), ("inspect", "what the data are")):
        action = actions.add_parser(name, help=text, description=text.capitalize() + ".")
        add_config(action)
        add_json(action)
        if name == "inspect":
            action.add_argument("--picture", metavar="PATH", type=Path, help="where the contact sheet is drawn")
            action.add_argument("--verify", action="store_true", help="read every stored byte and compare checksums")
    _add_stage(actions.add_parser("stage", help=STAGE, description=f"{STAGE.capitalize()}."))


def _add_stage(action: argparse.ArgumentParser) -> None:
    action.add_argument("source", metavar="SOURCE", type=Path, help="the slow folder")
    action.add_argument("target", metavar="TARGET", type=Path, help="a folder on a local disk")
    action.add_argument("--classes", type=natural, default=0, metavar="N", help="the first N classes by name only")
    action.add_argument("--per-class", type=natural, default=0, metavar="N", help="the first N training images of each")
    action.add_argument("--workers", type=natural, default=8, metavar="N", help="files that are copied at once (8)")
    action.add_argument("--rate", type=float, default=0.0, metavar="MB/S", help="read no faster, for others' sake")
    action.add_argument("--verify", action="store_true", help="read the whole copy again and compare checksums")
    add_json(action)


def natural(text: str) -> int:
    """A whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def run(arguments: argparse.Namespace) -> int:
    if arguments.action == "stage":
        return _stage(arguments)
    config = load(arguments.config, arguments.overrides)
    make = arguments.action == "make"
    found = _make(config, quiet=arguments.json) if make else _inspect(config, arguments.picture, arguments.verify)
    if arguments.json:
        print(json.dumps(found))
    else:
        for line in _lines(found):
            say(line)
    return 1 if found.get("damaged") else 0


def _stage(arguments: argparse.Namespace) -> int:
    from trainer.data.staging import Order, damaged, stage

    order = Order(arguments.source, arguments.target, arguments.classes, arguments.per_class)
    order = dataclasses.replace(order, workers=arguments.workers, rate=arguments.rate * 1e6)
    found = dataclasses.asdict(stage(order, Teller(quiet=arguments.json)))
    if arguments.verify:
        found["damaged"] = damaged(arguments.target)
    if arguments.json:
        print(json.dumps({"schema": 1, **found}))
    else:
        rate = found["copied_bytes"] / 1e6 / max(found["seconds"], 1e-9)
        say(f"{arguments.target}: {found['files']:,} files, {found['size'] / 1e6:,.1f} MB, whole")
        say(f"copied now: {found['copied']:,} files in {duration(found['seconds'])}, {rate:,.1f} MB/s")
        for path in found.get("damaged", ()):
            say(f"damaged: {path}: remove it and stage again")
    return 1 if found.get("damaged") else 0


def _lines(found: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """Plain values as lines, tables within tables further to the right."""
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(value, f"{indent}  ")
        else:
            text = (", ".join(map(str, value)) or "none") if isinstance(value, list) else value
            yield f"{indent}{key}: {text}"


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
