"""`trajconsole hosts`: the hosts of the ssh configuration; looked at, and added to config.toml."""

import argparse
import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.config import HostConfig
    from console.editing.sshhosts import Offer
    from console.examine import Found
    from console.frame import Paper


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "hosts", nargs="*", metavar="HOST", help="names of the ssh configuration; all when none is given"
    )
    parser.add_argument("--check", action="store_true", help="connect, and look at login, key, programs, GPUs")
    parser.add_argument("--add", action="store_true", help="write the named hosts into config.toml")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def run(arguments: argparse.Namespace) -> int:
    from console import frame
    from console.editing.sshhosts import addition, offers, ssh_file
    from trainer.schema import ConfigError, Problem

    config = common.load_config(arguments)
    found = offers({host.ssh for host in config.hosts.values() if host.ssh}, set(config.hosts))
    known = {item.ssh: item for item in found} | {item.name: item for item in found}
    names = arguments.hosts or [item.ssh for item in found]
    taken = {item.name for item in found} | set(config.hosts)
    chosen = [known.get(name) or addition(name, taken) for name in dict.fromkeys(names)]
    wrong = [item for item in chosen if not item.name]
    if wrong:
        raise ConfigError([Problem("trajconsole", None, "", item.problem) for item in wrong])
    if arguments.add and not arguments.hosts:
        raise ConfigError(
            [Problem("trajconsole", None, "", "--add needs the names of hosts", "trajconsole hosts lists")]
        )
    out = frame.stderr(arguments.ascii) if arguments.json else frame.stdout(arguments.ascii)
    if not chosen:
        out.line(f"{ssh_file()} names no host; type one as after ssh: trajconsole hosts user@host --add")
    looked = asyncio.run(_look(arguments, chosen, out)) if arguments.check else {}
    if not arguments.check and not arguments.json:
        for item in chosen:
            out.line(*_line(item))
    if arguments.add:
        _write(arguments, [item for item in chosen if not item.known], out)
    if arguments.json:
        common.print_json({"schema": 1, "file": str(ssh_file()), "hosts": [_document(item, looked) for item in chosen]})
    return _code(looked)


def _line(item: "Offer") -> tuple[str, str]:
    state = f"in config.toml as {item.name}" if item.known else item.problem or ""
    return f"{item.ssh:20} {item.where:36} {state}".rstrip(), "quiet" if item.known else "warn" if item.problem else ""


def _document(item: "Offer", looked: "dict[str, list[Found]]") -> dict[str, object]:
    checks = [found.to_json() for found in looked.get(item.name, [])]
    plain = {"name": item.name, "ssh": item.ssh, "where": item.where, "configured": item.known, "problem": item.problem}
    return {**plain, **({"checks": checks} if item.name in looked else {})}


async def _look(arguments: argparse.Namespace, chosen: "list[Offer]", out: "Paper") -> "dict[str, list[Found]]":
    """At all of them at once; the lines of each come together."""
    from console import config as configuration
    from console.ask import on_terminal
    from console.examine import examine_host
    from console.hosts import Hosts
    from console.parallel import in_thread

    config = configuration.Config(
        hosts={item.name: _host(configuration.HostConfig(ssh=item.ssh, ssh_config=item.file)) for item in chosen}
    )
    hosts = Hosts(config, ask=None if arguments.json else on_terminal())

    async def one(item: "Offer") -> "tuple[Offer, list[Found]]":
        look = partial(examine_host, item.name, config.hosts[item.name], hosts, trains=False)
        return item, [found async for found in in_thread(look)]

    looked = {}
    for done in asyncio.as_completed([one(item) for item in chosen]):
        item, found = await done
        looked[item.name] = found
        out.line(*_line(item))
        for thing in found:
            sign, tone = ("✗", "bad") if not thing.ok else ("!", "warn") if thing.warn else ("✓", "good")
            mend = f" — {thing.mend}" if thing.mend else ""
            out.line(f"  {sign} {thing.name}  {thing.detail}{mend}", tone)
    hosts.close()
    return looked


def _host(host: "HostConfig") -> "HostConfig":
    """As a file would give it."""
    from dataclasses import replace

    from console.config import DEFAULT_ROOT, DEFAULT_SOCKET

    return replace(host, transport="ssh", root=DEFAULT_ROOT, socket=DEFAULT_SOCKET)


def _write(arguments: argparse.Namespace, new: "list[Offer]", out: "Paper") -> None:
    from console.editing.draft import open_draft

    draft = open_draft(common.load_config(arguments).path)
    for item in new:
        draft = draft.with_change(("hosts", item.name), item.table)
    if new:
        draft.save()
        out.line(f"written to {draft.path}: {', '.join(item.name for item in new)}", "good")
    else:
        print("trajconsole: they are all in config.toml already", file=sys.stderr)


def _code(looked: "dict[str, list[Found]]") -> int:
    bad = [item for found in looked.values() for item in found if not item.ok]
    return 0 if not bad else 3 if any(item.name in ("reach", "login", "host key") for item in bad) else 1
