"""`trainer data`: make a task's data before any run needs it; look at what there is."""

import argparse
import json
import time

from trainer.commands.common import add_config, add_json
from trainer.config import Config, load
from trainer.say import duration, say


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (("make", "make or fetch the data, with progress"), ("inspect", "what the data are")):
        action = actions.add_parser(name, help=text, description=text.capitalize() + ".")
        add_config(action)
        add_json(action)


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config, arguments.overrides)
    found = _make(config, quiet=arguments.json) if arguments.action == "make" else _inspect(config)
    if arguments.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            say(f"{key}: {value}")
    return 0


def _make(config: Config, *, quiet: bool) -> dict[str, object]:
    from trainer.build import data_root, make_task

    began = spoken = time.monotonic()

    def report(what: str, done: float, total: float | None) -> None:
        nonlocal spoken
        if not quiet and time.monotonic() - spoken >= 1.0:
            spoken = time.monotonic()
            say(f"{what}: {done:,.0f}" + (f" of {total:,.0f}" if total else ""))

    task = make_task(config)
    task.prepare(report)
    sizes = {split: task.size(split) for split in ("train", "val", "test")}
    return {
        "folder": str(data_root(config)),
        **sizes,
        "took": duration(time.monotonic() - began),
        "notes": list(task.notes),
    }


def _inspect(config: Config) -> dict[str, object]:
    from trainer.build import inspect_data

    return dict(inspect_data(config))
