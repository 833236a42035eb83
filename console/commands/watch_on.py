"""`trajconsole watch --on HOST`: the watch in tmux on a host, for when this laptop is closed; its state, its end."""

import argparse
import time
from typing import TYPE_CHECKING

from console.commands import common
from trainer.schema import ConfigError, Problem

if TYPE_CHECKING:
    from console.engine import Engine
    from console.frame import Paper
    from console.watch.post import Post


async def run(arguments: argparse.Namespace) -> int:
    """Start it, or with --status and --stop what they say."""
    from console import frame
    from console.engine import open_engine
    from console.watch.identity import identity
    from console.watch.post import Post

    out = frame.stdout(arguments.ascii)
    if arguments.to is not None:
        raise _wrong(
            "--to", "is a folder of this laptop", "a watch on a host keeps what it syncs below the host's root"
        )
    readonly, arguments.readonly = arguments.readonly, True  # the links of this command only look
    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, frame.stderr(arguments.ascii))
        common.require_known([arguments.on], sorted(engine.config.hosts), "host")
        own = identity(common.state_of(arguments), engine.config.path)
        post = Post(engine.config, engine.hosts, arguments.on, own)
        if arguments.status:
            return await _status(arguments.on, post, out)
        if readonly:
            from console.deeds.guard import READONLY

            raise _wrong("--on", READONLY, "leave out --readonly")
        good = await _do(arguments, engine, post, own, out)
        return common.exit_code(engine, good)


async def _do(arguments: argparse.Namespace, engine: "Engine", post: "Post", own: str, out: "Paper") -> bool:
    from console.fleet.beats import watching
    from console.parallel import in_thread

    host, state = arguments.on, common.state_of(arguments)
    others = [name for name, _ in watching(engine.pump.fleet, time.time(), own) if name != host]
    if others and not arguments.stop:
        mend = f"trajconsole watch --on {others[0]} --stop, then again"
        raise _wrong("--on", f"{others[0]} watches this configuration already", mend)
    work = post.stop if arguments.stop else lambda: post.start(state, every=arguments.every, sync=not arguments.no_sync)
    good = await common.print_steps(in_thread(engine.actions.guard.over(host, work)), out)
    if good and not arguments.stop:
        await _status(host, post, out)
    return good


async def _status(host: str, post: "Post", out: "Paper") -> int:
    import asyncio

    from console.fleet.words import duration

    found = await asyncio.to_thread(post.look)
    since = found.session.since if found.session is not None else None
    if found.session is None:
        out.line(f"{host}: no watch of this configuration runs there", "warn")
    else:
        begun = f" for {duration(time.time() - since)}" if since is not None else ""
        heard = "" if found.beat is not None else "; it has not said yet that it lives"
        out.line(f"{host}: watching{begun}{heard}", "good")
    for line in found.lines:
        out.line(f"    {line}", "quiet")
    return 0 if found.session is not None else 1


def _wrong(option: str, what: str, mend: str) -> ConfigError:
    return ConfigError([Problem("trajconsole", None, option, what, mend)])
