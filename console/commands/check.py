"""`trajconsole check`: what would fail later, found now: configuration, hosts, workers."""

import argparse
import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.config import Config
    from console.engine import Engine
    from console.examine import Found
    from console.frame import Paper

CLOSING_S = 2.0


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
        _leave(engine)


async def _check(arguments: argparse.Namespace, engine: "Engine", out: "Paper") -> int:
    config = engine.config
    common.require_known(arguments.hosts, sorted(config.hosts), "host")
    names = list(dict.fromkeys(arguments.hosts or config.hosts))
    found = [_configuration(engine)]
    _print(found[0], out)
    groups = [asyncio.create_task(_host(engine, name, out, live=len(names) == 1)) for name in names]
    for done in asyncio.as_completed(groups):
        found += await done
    good = all(item.ok for item in found)
    if arguments.json:
        common.print_json({"schema": 1, "ok": good, "checks": [item.to_json() for item in found]})
    else:
        _sum_up(found, out)
    unreached = any(not item.ok and item.name in ("reach", "login", "host key") for item in found)
    return 0 if good else 3 if unreached else 1


def _leave(engine: "Engine") -> None:
    """Close the ways to the hosts; one that hangs is left to the end of this process."""
    closing = threading.Thread(target=engine.hosts.close, name="closing", daemon=True)
    closing.start()
    closing.join(CLOSING_S)


def _configuration(engine: "Engine") -> "Found":
    from console.examine import Found
    from console.format import plural

    config = engine.config
    tables = ((config.hosts, "host"), (config.workers, "worker"), (config.races, "race"))
    counts = ", ".join(plural(len(table), word) for table, word in tables)
    return Found("configuration", str(config.path), True, counts)


async def _host(engine: "Engine", name: str, out: "Paper", *, live: bool) -> "list[Found]":
    """One host and its workers. Of one among several, the lines come together, as soon as it has told everything."""
    from console.examine import examine_host
    from console.parallel import in_thread

    config = engine.config
    workers = _some([key for key, worker in config.workers.items() if worker.host == name], config)
    trains = not workers or any(config.workers[key].trainer for key in workers)
    found = []
    async for item in in_thread(partial(examine_host, name, config.hosts[name], engine.hosts, trains=trains)):
        found.append(item)
        if live:
            _print(item, out)
    if not live:
        for item in found:
            _print(item, out)
    if all(item.ok for item in found):
        found += await _workers(engine, workers, out)
    elif workers and found[0].ok:
        out.line(f"· host {name}: its workers are tried out once this is mended", "quiet")
    return found


def _some(workers: list[str], config: "Config") -> list[str]:
    """Of each sweep one: its others are told apart by their values, which the trainer has accepted."""
    first: dict[str, str] = {}
    for worker in workers:
        first.setdefault(config.sweep_of(worker) or f"worker {worker}", worker)
    return list(first.values())


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
    sign, tone = ("✗", "bad") if not item.ok else ("!", "warn") if item.warn else ("✓", "good")
    out.line(f"{sign} {item.subject}: {item.name}  {item.detail}{mend}", tone)


def _sum_up(found: "list[Found]", out: "Paper") -> None:
    from console.format import plural

    bad, warned = sum(not item.ok for item in found), sum(item.ok and item.warn for item in found)
    if bad:
        text = f"{plural(bad, 'thing')} to mend"
    else:
        text = "nothing would fail" if not warned else "nothing would fail; see what is marked with !"
    out.line(f"{plural(len(found), 'check')}: {text}", "bad" if bad else "warn" if warned else "good")
