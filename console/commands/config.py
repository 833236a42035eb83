"""`trajconsole config`: config.toml shown and changed from the shell, as the editor on the screen does it."""

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from console.commands import common, writing

if TYPE_CHECKING:
    from console.editing.draft import Draft

_TABLES = ("hosts", "workers", "races", "sweeps", "alerts")


def add(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="does", metavar="DOES", required=True)
    show = does.add_parser("show", help="the file in force")
    show.add_argument("--json", action="store_true", help="what it means, as one JSON document")
    does.add_parser("check", help="whether it is right").add_argument("--json", action="store_true", help="as JSON")
    get = does.add_parser("get", help="a value")
    get.add_argument("key", metavar="KEY", help="as in hosts.gpu1.root")
    get.add_argument("--json", action="store_true", help="as JSON")
    put = does.add_parser("set", help="change a value")
    put.add_argument("key", metavar="KEY", help="as in hosts.gpu1.root")
    put.add_argument("value", metavar="VALUE", help="TOML, or a plain text")
    gone = does.add_parser("unset", help="remove a key or a table")
    gone.add_argument("key", metavar="KEY", help="as in workers.old")
    host = does.add_parser("add-host", help="a host behind ssh")
    host.add_argument("name", metavar="NAME")
    host.add_argument("ssh", metavar="SSH", nargs="?", default="", help="as after ssh; else the name itself")
    worker = does.add_parser("add-worker", help="a worker")
    worker.add_argument("name", metavar="NAME")
    worker.add_argument("--host", required=True, metavar="HOST")
    worker.add_argument("--trainer", metavar="PRESET", help="a preset or a trainer configuration")
    worker.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the trainer")
    worker.add_argument(
        "--command", dest="argv", nargs=argparse.REMAINDER, metavar="WORD", help="any other program, last"
    )
    for item in (put, gone, host, worker):
        item.add_argument("--dry-run", action="store_true", help="only show the difference")


def run(arguments: argparse.Namespace) -> int:
    from trainer.schema import ConfigError, Problem

    try:
        return _check(arguments) if arguments.does == "check" else _do(arguments)
    except ConfigError:
        raise
    except ValueError as error:  # a value that is none, a text that cannot be changed surely
        raise ConfigError([Problem("trajconsole", None, "", str(error))]) from None


def _do(arguments: argparse.Namespace) -> int:
    draft = _draft(arguments)
    if arguments.does == "show":
        if arguments.json:
            common.print_json({"schema": 1, "file": str(_path(arguments)), "config": draft.table})
        else:
            print(f"# {_path(arguments)}", file=sys.stderr)
            print(draft.text, end="")
        return 0
    if arguments.does == "get":
        return _get(arguments, draft)
    return _save(arguments, _changed(arguments, draft))


def _check(arguments: argparse.Namespace) -> int:
    draft = _draft(arguments)
    problems = draft.problems
    if arguments.json:
        found = [{"line": item.line, "key": item.key, "what": item.what, "mend": item.mend} for item in problems]
        common.print_json({"schema": 1, "file": str(_path(arguments)), "ok": not problems, "problems": found})
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
        if not problems:
            print(f"✓ {_path(arguments)}")
    return 2 if problems else 0


def _get(arguments: argparse.Namespace, draft: "Draft") -> int:
    from console.editing.text import value_text
    from trainer.schema import ConfigError, Problem, nearest

    value: Any = draft.table
    for part in arguments.key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            known = list(value) if isinstance(value, Mapping) else []
            file = str(_path(arguments))
            raise ConfigError([Problem(file, None, arguments.key, "is not set there", nearest(part, known))])
        value = value[part]
    if arguments.json:
        common.print_json({"schema": 1, "key": arguments.key, "value": value})
    else:
        print(value if isinstance(value, str) else value_text(value))
    return 0


def _changed(arguments: argparse.Namespace, draft: "Draft") -> "Draft":
    from console.editing.text import read_value, set_table

    if arguments.does == "add-host":
        return _new(draft, ("hosts", arguments.name), {"ssh": arguments.ssh or arguments.name})
    if arguments.does == "add-worker":
        trainer = {"trainer": arguments.trainer} if arguments.trainer else {}
        command = {"command": arguments.argv} if arguments.argv else {}
        changes = {"set": set_table(arguments.set)} if arguments.set else {}
        return _new(draft, ("workers", arguments.name), {"host": arguments.host, **trainer, **changes, **command})
    value = read_value(arguments.value) if arguments.does == "set" else None
    first, *rest = _key(arguments.key, 3 if arguments.does == "set" else 2)
    if len(rest) <= 2:
        return draft.with_change((first, *rest), value)
    key, inner = (first, *rest[:2]), rest[2:]  # inside of `set` or `env`: the whole of it is written anew
    from console.editing.text import put_inside

    return draft.with_change(key, put_inside(draft.table[first][rest[0]].get(rest[1], {}), inner, value))


def _new(draft: "Draft", key: tuple[str, str], table: dict[str, Any]) -> "Draft":
    from trainer.schema import ConfigError, Problem

    if key[1] in draft.table.get(key[0], {}):
        raise ConfigError([Problem(str(draft.path), None, ".".join(key), "is there already", "trajconsole config set")])
    return draft.with_change(key, table)


def _key(text: str, least: int) -> list[str]:
    from trainer.schema import ConfigError, Problem

    parts = text.split(".")
    if len(parts) < least or not all(parts) or parts[0] not in _TABLES:
        raise ConfigError([Problem("trajconsole", None, text, "is no key of config.toml", "as in hosts.gpu1.root")])
    return parts


def _save(arguments: argparse.Namespace, draft: "Draft") -> int:
    draft.config()
    writing.show(arguments, draft)
    if not draft.changes:
        print("trajconsole: nothing is different", file=sys.stderr)
    elif not arguments.dry_run:
        writing.save(draft)
    return 0


def _draft(arguments: argparse.Namespace) -> "Draft":
    from console.editing.draft import open_draft

    return open_draft(_path(arguments))


def _path(arguments: argparse.Namespace) -> Any:
    from pathlib import Path

    from console import config

    return config.find(arguments.config, Path.cwd())
