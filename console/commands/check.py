"""`trajconsole check`: what would fail later, found now: configuration, hosts, workers."""

import argparse
import asyncio
from functools import partial
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.engine import Engine
    from console.examine import Found
    from console.frame import Paper


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("hosts", nargs="*", metavar="HOST", help="names of hosts; all when none is given")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def run(arguments: argparse.Namespace) -> int:
    from console import frame

    out = frame.stderr(arguments.ascii) if arguments.json else frame.stdout(arguments.ascii)
    engine = common.engine(arguments)
    try:
        return asyncio.run(_check(arguments, engine, out))
    finally:
        engine.pump.close()
        engine.hosts.close()


async def _check(arguments: argparse.Namespace, engine: "Engine", out: "Paper") -> int:
    from console.examine import Found, examine_host
    from console.format import plural
    from console.parallel import in_thread

    config = engine.config
    common.require_known(arguments.hosts, sorted(config.hosts), "host")
    counts = ", ".join(
        plural(len(table), word)
        for table, word in ((config.hosts, "host"), (config.workers, "worker"), (config.races, "race"))
    )
    found = [Found("configuration", str(config.path), True, counts)]
    _print(found[0], out)
    reached = True
    for name in arguments.hosts or config.hosts:
        items = []
        async for item in in_thread(partial(examine_host, name, config.hosts[name], engine.hosts)):
            _print(item, out)
            items.append(item)
        found += items
        reached = reached and items[0].ok
        if all(item.ok for item in items):
            found += await _workers(engine, [key for key, worker in config.workers.items() if worker.host == name], out)
    good = all(item.ok for item in found)
    if arguments.json:
        common.print_json({"schema": 1, "ok": good, "checks": [item.to_json() for item in found]})
    return 0 if good else 1 if reached else 3


async def _workers(engine: "Engine", names: list[str], out: "Paper") -> "list[Found]":
    """Each worker's own smoke test, one after the other: side by side they would slow each other down."""
    from console.examine import Found
    from console.frame import step_line
    from console.parallel import in_thread

    found = []
    for name in names:
        async for step in in_thread(partial(engine.actions.check, [name])):
            out.line(*step_line(step))
            if step.ok is not None:
                found.append(Found(f"worker {name}", "trial", step.ok, step.text, step.mend))
    return found


def _print(item: "Found", out: "Paper") -> None:
    mend = f" — {item.mend}" if item.mend else ""
    sign, tone = ("✓", "good") if item.ok else ("✗", "bad")
    out.line(f"{sign} {item.subject}: {item.name}  {item.detail}{mend}", tone)
