"""`trajconsole pull`: what runs came to, onto this laptop, verified. Done again, it takes only what is new."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.engine import Engine
    from console.fleet.model import RunKey
    from console.pulling.options import PullOptions
    from console.source import Step
    from remote.transfer.pace import Bucket


def add(parser: argparse.ArgumentParser) -> None:
    from console.pulling.choice import CHECKPOINTS
    from console.pulling.options import DEFAULT_FOLDER

    parser.add_argument("runs", nargs="*", metavar="WORKER|RUN", help="newest runs of workers, or runs; none: of all")
    parser.add_argument("--to", metavar="DIR", default=DEFAULT_FOLDER, help="each run gets a folder there; ./runs")
    parser.add_argument("--checkpoints", choices=CHECKPOINTS, default="both", help="best, last, both (as always), …")
    parser.add_argument("--include", metavar="GLOB", action="append", default=[], help="only what matches, repeatable")
    parser.add_argument("--exclude", metavar="GLOB", action="append", default=[], help="not what matches, repeatable")
    add_limit(parser)
    parser.add_argument("--verify", action="store_true", help="compare the hashes of all files, also of unchanged ones")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", metavar="RATE", type=_rate, help="of the line, over all together, as in 20MB/s")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_pull(arguments))


async def _pull(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.commands.moving import print_moving
    from console.engine import open_engine
    from console.parallel import in_thread

    out = frame.stderr(arguments.ascii) if arguments.json else frame.stdout(arguments.ascii)
    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, frame.stderr(arguments.ascii))
        keys, good = _keys(engine, arguments.runs), True
        for name, key in keys.items():
            if key is None:
                good = False
                out.line(f"✗ {name}: never ran, there is nothing to pull", "bad")
        options = _options(arguments)
        found = tuple(dict.fromkeys(key for key in keys.values() if key is not None))
        last: dict[str, Step] = {}
        if found:
            try:
                steps = in_thread(lambda: engine.actions.pull(found, options))
                good = await print_moving(steps, out, last) and good
            finally:
                options.stop.set()
        elif not keys:
            out.line("no run to pull")
        if arguments.json:
            common.print_json(_document(engine, found, options, last))
        return common.exit_code(engine, good)


def _keys(engine: "Engine", names: list[str]) -> "dict[str, RunKey | None]":
    """What was named, worker or run; without a name every worker's newest run."""
    fleet = engine.pump.fleet
    runs = {key.run: key for key, run in fleet.runs.items() if not run.gone}
    workers = common.known_workers(engine.config, fleet)
    if not names:
        found = common.newest_keys(engine.config, fleet, workers)
        return {name: key for name, key in found.items() if key is not None}
    common.require_known(names, sorted({*workers, *runs}), "worker or run")
    newest = common.newest_keys(engine.config, fleet, [name for name in names if name in workers])
    return {name: newest[name] if name in newest else runs[name] for name in names}


def _options(arguments: argparse.Namespace) -> "PullOptions":
    from console.pulling.choice import Choice
    from console.pulling.options import PullOptions

    choice = Choice(arguments.checkpoints, tuple(arguments.include), tuple(arguments.exclude))
    return PullOptions(Path(arguments.to), choice, arguments.verify, bucket(arguments))


def _rate(text: str) -> float:
    from console import rates

    try:
        return rates.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def bucket(arguments: argparse.Namespace) -> "Bucket | None":
    """The limit that was asked for."""
    from remote.transfer.pace import Bucket

    return Bucket(arguments.limit) if arguments.limit else None


def _document(
    engine: "Engine", keys: "tuple[RunKey, ...]", options: "PullOptions", last: "dict[str, Step]"
) -> dict[str, object]:
    """What is here now, as pulled.json says it, and the verdicts."""
    from console.pulling.choice import LEDGER
    from trainer.record.jsonl import decode_document

    rows = []
    for key in keys:
        worker = engine.pump.fleet.runs[key].worker
        folder = options.to.expanduser().absolute() / key.run
        path = folder / LEDGER
        verdict = last.get(worker)
        row = {"run": key.run, "host": key.host, "worker": worker, "to": str(folder)}
        ok = verdict is not None and verdict.ok is True
        said = {"ok": ok, "text": verdict.text if verdict else "", "mend": verdict.mend if verdict else ""}
        rows.append({**row, **said, "pulled": decode_document(path.read_bytes()) if path.is_file() else None})
    return {"schema": 1, "runs": rows}
