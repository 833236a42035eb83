"""`trajconsole race`: start all workers of a race and follow it to its end. Leaving does not touch the workers."""

import argparse
import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from pathlib import Path

    from console.engine import Engine
    from console.fleet.cells import RaceView
    from console.frame import Paper


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("race", metavar="NAME", help="name of a race of the configuration")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout at the end and nothing else")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="start and stop nothing: try every worker out; of a race that runs, what its rules say now",
    )
    parser.add_argument("--audit", action="store_true", help="what was decided and done in its last race, and by whom")
    parser.add_argument("--no-check", action="store_true", help="start at once, without trying the workers out")


def run(arguments: argparse.Namespace) -> int:
    from console import frame

    # With --json the lines for people go where messages go.
    out = frame.stderr(arguments.ascii) if arguments.json else frame.stdout(arguments.ascii)
    started = asyncio.Event()
    if arguments.dry_run or arguments.audit:
        from console.commands import race_look

        return asyncio.run(race_look.run(arguments, out))
    try:
        return asyncio.run(_race(arguments, out, started))
    except KeyboardInterrupt:
        words = "the workers go on" if started.is_set() else "left before all workers were started"
        print(f"{words}; see them with: trajconsole status", file=sys.stderr)
        raise


async def _race(arguments: argparse.Namespace, out: "Paper", started: asyncio.Event) -> int:
    from console.deeds.origin import instance
    from console.engine import open_engine
    from console.frame import race_lines, stderr
    from console.parallel import in_thread

    began = time.time()
    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, stderr(arguments.ascii))
        common.require_known([arguments.race], sorted(engine.config.races), "race")
        identity = instance(arguments.race, began)
        steps = in_thread(lambda: engine.actions.race(arguments.race, check=not arguments.no_check, identity=identity))
        if not await common.print_steps(steps, out):
            if arguments.json:
                common.print_json(_document(_view(engine, arguments.race, identity), began))
            return common.exit_code(engine, False)
        started.set()
        view = await _follow(engine, arguments.race, identity, out, common.state_of(arguments))
        for line in race_lines(view):
            out.line(*line)
        if not view.winner:
            out.line("no winner: nobody met all criteria", "bad")
        if arguments.json:
            common.print_json(_document(view, began))
        return 0 if view.winner else 1


async def _follow(engine: "Engine", name: str, identity: str, out: "Paper", state: "Path") -> "RaceView":
    """Tell what happens until the race is over, and act on its rules unless a watch does."""
    from console.fleet.beats import watching
    from console.race import RaceFollower
    from console.races.keeper import Keeper
    from console.watch.identity import identity as configuration
    from console.watch.lease import Lease
    from console.watch.watcher import RULES

    def tell(text: str, tone: str) -> None:
        out.line(f"{time.strftime('%H:%M:%S')} {text}", tone)

    lease = Lease(state / "watch", RULES)
    own = configuration(state, engine.config.path)

    def may() -> bool:
        return not watching(engine.pump.fleet, time.time(), own) and lease.take()

    keeper = Keeper(engine, lambda now: [_view(engine, name, identity)], may, tell)
    follower = RaceFollower(len(engine.config.races[name].workers))
    changed = asyncio.Event()
    forget = engine.pump.listen(changed.set)
    try:
        while True:
            view, now = _view(engine, name, identity), time.time()
            for text in follower.lines(view, now):
                out.line(text)
            keeper.look(now)
            if follower.over(view, now):
                await keeper.done()
                return _view(engine, name, identity)
            changed.clear()
            with contextlib.suppress(TimeoutError):  # rules of time need no news
                await asyncio.wait_for(changed.wait(), 1.0)
            await asyncio.sleep(0.2)  # a picture five times a second is enough for lines of text
    finally:
        forget()
        lease.give_up()


def _view(engine: "Engine", name: str, identity: str) -> "RaceView":
    from console.fleet.view import race_view

    return race_view(engine.pump.fleet, name, engine.config.races[name].workers, time.time(), identity)


def _document(view: "RaceView", began: float) -> dict[str, object]:
    from console.document import SCHEMA, race_object, utc

    return {
        "schema": SCHEMA,
        "time": utc(time.time()),
        "seconds": round(time.time() - began, 1),
        "race": race_object(view),
    }
