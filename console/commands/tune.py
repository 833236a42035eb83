"""`trajconsole tune`: the study of a worker's configuration, its trials as runs of the fleet."""

import argparse
import asyncio
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

from console.commands import common

if TYPE_CHECKING:
    from console.config import Config
    from console.frame import Paper
    from console.tuning.tuner import Wish


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("worker", metavar="WORKER", help="a trainer worker whose configuration has [tune]")
    parser.add_argument("--trials", type=_count, default=0, metavar="N", help="runs in all; else as [tune] says")
    parser.add_argument("--at-once", type=_count, default=1, metavar="K", help="trials that run at the same time (1)")
    parser.add_argument("--hosts", metavar="HOST,HOST", default="", help="hosts for the trials; else the worker's own")
    parser.add_argument("--name", metavar="NAME", default="", help="what the study is called; else WORKER-study")
    parser.add_argument("--no-check", action="store_true", help="without trying the first trial of each host out")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout at the end and nothing else")


def run(arguments: argparse.Namespace) -> int:
    try:
        return asyncio.run(_tune(arguments))
    except KeyboardInterrupt:
        name = arguments.name or f"{arguments.worker}-study"
        print(
            f"left; trials that run go on. The same command goes on with the study; trajconsole stop {name} ends them",
            file=sys.stderr,
        )
        raise


async def _tune(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.commands.ending import TRUTH_S
    from console.engine import open_engine
    from console.preflight import Refused
    from console.tuning.tuner import Tuner
    from trainer.schema import ConfigError, Problem

    out = frame.stderr(arguments.ascii) if arguments.json else frame.stdout(arguments.ascii)

    def tell(text: str, tone: str) -> None:
        out.line(f"{time.strftime('%H:%M:%S')} {text}", tone)
        sys.stdout.flush()

    wish = _wish(arguments, common.load_config(arguments))
    async with open_engine(common.engine(arguments), wait=TRUTH_S) as engine:
        common.tell_problems(engine, frame.stderr(arguments.ascii))
        try:
            found = await Tuner(engine, wish, tell).run()
        except Refused as error:
            mend = error.mend
            raise ConfigError([Problem("trajconsole", None, wish.name, error.what, mend)]) from None
    _show(found, out, engine.config.workers[wish.worker].host)
    if arguments.json:
        common.print_json({"schema": 1, "study": wish.name, "state": found["state"], "reason": found["reason"],
                           "best_file": found["file"] or None, "tune": found["document"]})  # fmt: skip
    return 1 if found["state"] == "failed" else 0


def _wish(arguments: argparse.Namespace, config: "Config") -> "Wish":
    from console.config import is_name
    from console.tuning.tuner import Wish, trial_name
    from trainer.schema import ConfigError, Problem

    common.require_known([arguments.worker], list(config.workers))
    name = arguments.name or f"{arguments.worker}-study"
    worker = config.workers[arguments.worker]
    hosts = tuple(dict.fromkeys(host.strip() for host in arguments.hosts.split(",") if host.strip()))
    common.require_known(hosts, list(config.hosts), "host")
    wrong: list[tuple[str, str, str]] = []
    if worker.command:
        wrong.append((arguments.worker, "is a command: nothing says what to try", "tune a trainer worker, or sweep it"))
    if arguments.readonly:
        wrong.append(("--readonly", "starts work on the hosts", "not with --readonly"))
    if not is_name(trial_name(name, 0)):
        wrong.append((name, "cannot be the name of a study", "--name with up to 35 letters, digits, - and _"))
    if name in {*config.workers, *config.sweeps, *config.races}:
        wrong.append((name, "is called so in the configuration", "another --name"))
    if wrong:
        raise ConfigError([Problem("trajconsole", None, *item) for item in wrong])
    return Wish(arguments.worker, name, hosts or (worker.host,), arguments.at_once, arguments.trials,
                not arguments.no_check)  # fmt: skip


def _show(found: dict[str, Any], out: "Paper", host: str) -> None:
    """The study's table, and where its best is."""
    from trainer.outcomes.table import from_json, text

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 100
    if found["table"]:
        for line in ["", *text(from_json(found["table"]), width), ""]:
            out.line(line)
    out.line(f"{found['state']}: {found['reason']}", "bad" if found["state"] == "failed" else "good")
    if found["file"]:
        out.line(f"best: {found['file']} on {host}")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too small: at least 1")
    return number
