"""`trajconsole deploy`: bring the code of workers to their hosts now, and say what is where."""

import argparse
import asyncio
import time
from typing import TYPE_CHECKING, Any

from console.commands import common

if TYPE_CHECKING:
    from console.engine import Engine
    from console.frame import Paper
    from console.source import Step

DAY_S = 86400.0


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="hosts or workers; all workers when none is given")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    parser.add_argument(
        "--prune",
        type=float,
        metavar="DAYS",
        help="remove from those hosts the code that was not used for so long and that no run there names",
    )


def run(arguments: argparse.Namespace) -> int:
    from console import frame

    out = frame.stderr(arguments.ascii) if arguments.json else frame.stdout(arguments.ascii)
    engine = common.engine(arguments)
    try:
        return asyncio.run(_deploy(arguments, engine, out))
    finally:
        engine.pump.close()
        engine.hosts.close()


async def _deploy(arguments: argparse.Namespace, engine: "Engine", out: "Paper") -> int:
    from console.parallel import in_thread

    config, names = engine.config, arguments.names
    common.require_known(names, sorted({*config.hosts, *config.workers}), "host or worker")
    workers = [name for name, worker in config.workers.items() if not names or name in names or worker.host in names]
    hosts = [name for name in config.hosts if name in names or name in {config.workers[key].host for key in workers}]
    verdicts: list[Step] = []

    def steps() -> "Any":
        for step in engine.actions.deploy(workers):
            if step.ok is not None:
                verdicts.append(step)
            yield step

    good = await common.print_steps(in_thread(steps), out)
    prune = None if arguments.prune is None or arguments.readonly else arguments.prune * DAY_S
    stored = {name: await asyncio.to_thread(_look, engine, name, prune) for name in hosts}
    for name, found in stored.items():
        for line in _lines(name, found):
            out.line(*line)
    good = good and not any("failed" in found for found in stored.values())
    if arguments.json:
        told = [{"worker": step.worker, "ok": step.ok, "detail": step.text, "mend": step.mend} for step in verdicts]
        common.print_json({"schema": 1, "ok": good, "workers": told, "hosts": stored})
    return common.exit_code(engine, good)


def _look(engine: "Engine", host: str, prune: float | None) -> dict[str, Any]:
    """What is on a host, once it is told to remove what nothing needs."""
    from dataclasses import asdict

    from remote.errors import AuthFailed, HostKeyProblem, RemoteError, Unreachable

    try:
        store = engine.hosts.store(host)
        removed = store.prune(prune) if prune is not None else ()
        search = engine.hosts.python(host)
        return {
            "python": search.command,
            "why": search.why,
            "folder": f"{store.root}/code",
            "removed": list(removed),
            "trees": [asdict(tree) for tree in sorted(store.list(), key=lambda tree: -tree.used)],
        }
    except RemoteError as error:
        engine.actions.unreached |= isinstance(error, Unreachable | AuthFailed | HostKeyProblem)
        return {"failed": error.what, "mend": error.mend}


def _lines(host: str, found: dict[str, Any]) -> "list[tuple[str, str]]":
    from console.format import age, plural, size

    if "failed" in found:
        mend = f" — {found['mend']}" if found["mend"] else ""
        return [(f"✗ {host}: {found['failed']}{mend}", "bad")]
    total = sum(tree["size"] for tree in found["trees"])
    lines = [
        (f"{host}  {found['why']}", ""),
        (f"  {found['folder']}  {plural(len(found['trees']), 'tree')}, {size(total)}", "quiet"),
    ]
    for tree in found["trees"]:
        facts = f"{plural(tree['files'], 'file')}  {size(tree['size'])}  used {age(time.time() - tree['used'])}"
        lines.append((f"  {tree['hash'][:12]}  {facts}  {tree['label']}", ""))
    lines += [(f"  removed {name[:12]}", "quiet") for name in found["removed"]]
    return lines
