"""`trajconsole adopt`: work that was started by hand is seen from now on, never touched; without a target, a list."""

import argparse
import asyncio
import shlex
from typing import TYPE_CHECKING

from console.commands import common
from trainer.schema import ConfigError, Problem

if TYPE_CHECKING:
    from console.deeds.adopting import Wish
    from console.engine import Engine
    from remote.adoption import Foreign


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", metavar="HOST", help="name of a host; alone: list what could be adopted there")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--session", metavar="NAME", default="", help="a tmux session of any server of yours")
    what.add_argument("--pid", type=int, metavar="PID", help="a process, as nohup leaves it")
    parser.add_argument("--as", dest="worker", metavar="WORKER", default="", help="its name here; else the session's")
    parser.add_argument("--log", metavar="PATH", default="", help="its log; else the file that its output goes to")
    parser.add_argument(
        "--metrics", metavar="PATH", default="", help="a file of JSON lines with figures, if it has one"
    )
    parser.add_argument("--json", action="store_true", help="the list as one JSON document")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_adopt(arguments))


async def _adopt(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.parallel import in_thread

    engine = common.engine(arguments)
    try:
        common.require_known([arguments.host], sorted(engine.config.hosts), "host")
        if arguments.pid is None and not arguments.session:
            return await asyncio.to_thread(_list, engine, arguments)
        wish = _wish(engine, arguments)
        steps = in_thread(lambda: engine.actions.adopt(wish))
        return common.exit_code(engine, await common.print_steps(steps, frame.stdout(arguments.ascii)))
    finally:
        engine.pump.close()
        engine.hosts.close()


def _wish(engine: "Engine", arguments: argparse.Namespace) -> "Wish":
    from console.config import is_name
    from console.deeds.adopting import Wish, name_for

    worker = arguments.worker or name_for(arguments.session, arguments.pid)
    problem = ""
    if not is_name(worker):
        problem = "use up to 40 letters, digits, - and _"
    elif worker in engine.config.workers:
        problem = f"{worker} is a worker of {engine.config.path}: choose another name"
    elif arguments.pid is not None and arguments.pid < 1:
        problem = "--pid takes the number of a process"
    if problem:
        raise ConfigError([Problem("trajconsole", None, "", f"cannot adopt as {worker!r}", f"{problem}; --as NAME")])
    return Wish(
        arguments.host,
        worker,
        pid=arguments.pid,
        session=arguments.session,
        log=arguments.log,
        metrics=arguments.metrics,
    )


def _list(engine: "Engine", arguments: argparse.Namespace) -> int:
    from console import frame
    from remote.adoption import foreign

    name = arguments.host
    transport = engine.hosts.transport(name)
    transport.connect()
    found = foreign(transport, engine.config.hosts[name].socket)
    if arguments.json:
        common.print_json({"schema": 1, "host": name, "found": [_row(item) for item in found]})
        return 0
    out = frame.stdout(arguments.ascii)
    if not found:
        out.line(f"{name}: no tmux session and no busy process that was not started from here")
    for item in found:
        out.line(_line(name, item))
    return 0


def _row(item: "Foreign") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(item)


def _line(host: str, item: "Foreign") -> str:
    from console.format import span

    if item.session:
        return f"session {item.session}  trajconsole adopt {host} --session {shlex.quote(item.session)}"
    worked = f"worked {span(item.used_s or 0.0)} of {span(item.age_s or 0.0)}"
    return f"process {item.pid}  {worked}  trajconsole adopt {host} --pid {item.pid}   {item.command[:100]}"
