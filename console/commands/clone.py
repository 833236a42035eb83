"""`trajconsole clone`: a new worker of config.toml, made from another one or from an earlier run as it really ran."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.commands import common

if TYPE_CHECKING:
    from console.editing.draft import Draft
    from console.editing.wish import Base, Wish


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("of", metavar="WORKER", help="a worker, or a run by its name")
    parser.add_argument("name", metavar="NEW", help="what the new worker is called")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the trainer; of a command: env"
    )
    parser.add_argument("--host", metavar="HOST", help="where it runs; else where the other one did")
    parser.add_argument("--dry-run", action="store_true", help="only show the difference")
    parser.add_argument("--start", action="store_true", help="start it, too")
    parser.add_argument("--no-check", action="store_true", help="start at once, without trying it out")


def run(arguments: argparse.Namespace) -> int:
    from console.commands import writing

    base = _base(arguments)
    wish = _wish(arguments, base)
    draft = writing.draft(arguments)
    key = ("workers", arguments.name)
    changed = writing.with_new(draft, key, wish.table())
    beside = _beside(changed, wish)
    writing.judge(changed.path, [("", _problems(changed, wish))])
    changed.config()
    writing.show(arguments, changed)
    if arguments.dry_run:
        return 0
    if beside is not None:
        from trainer.record import atomic

        atomic.replace(beside, base.text.encode())
        print(f"trajconsole: written: {beside}, the whole configuration of {base.clone_of}", file=sys.stderr)
    writing.save(changed)
    return writing.start(arguments, changed.path, [arguments.name]) if arguments.start else 0


def _base(arguments: argparse.Namespace) -> "Base":
    """What it begins with, from the configuration and what this laptop knows of runs: no host is asked."""
    from console.editing.wish import base_of
    from trainer.schema import ConfigError, Problem, nearest

    engine = common.engine(arguments)
    try:
        fleet = engine.pump.fleet
        found = base_of(engine.config, fleet, arguments.of)
        if found is None:
            known = [*common.known_workers(engine.config, fleet), *(key.run for key in fleet.runs)]
            what = f"no worker and no run is called {arguments.of!r}"
            raise ConfigError([Problem("trajconsole", None, "", what, nearest(arguments.of, known[:20]))])
        if found.worker.get("host") not in engine.config.hosts and not arguments.host:
            what = f"{arguments.of} ran on {found.worker.get('host')!r}, which is no host of the configuration"
            raise ConfigError([Problem(str(engine.config.path), None, "", what, "name one with --host")])
        return found
    finally:
        engine.pump.close()
        engine.hosts.close()


def _wish(arguments: argparse.Namespace, base: "Base") -> "Wish":
    from console.editing.room import ANY
    from console.editing.text import set_table
    from console.editing.wish import Wish, gpus_of
    from console.sweeping import flat
    from trainer.schema import ConfigError, Problem

    try:
        changes = flat(set_table(arguments.set))
    except ValueError as error:
        raise ConfigError([Problem("trajconsole", None, "--set", str(error))]) from None
    host, own = arguments.host or str(base.worker["host"]), {}
    if base.is_command and changes:
        texts = {key: value if isinstance(value, str) else item.partition("=")[2].strip()
                 for (key, value), item in zip(changes.items(), arguments.set, strict=True)}  # fmt: skip
        own, changes = {"env": {**base.worker.get("env", {}), **texts}}, {}
    gpus = gpus_of(base.worker) if host == base.worker.get("host") else ANY
    return Wish(base, arguments.name, host, gpus, changes, own)


def _problems(draft: "Draft", wish: "Wish") -> tuple[str, ...]:
    """What the trainer of this laptop says of it."""
    from console.editing.resolving import resolve
    from console.sweeping import flat

    if wish.base.is_command:
        return ()
    sets: dict[str, Any] = flat(wish.table().get("set") or {})
    folder = draft.path.absolute().parent
    return resolve(wish.base.spec, sets, text=wish.base.text, folder=folder if folder.is_dir() else None).problems


def _beside(draft: "Draft", wish: "Wish") -> Path | None:
    """The file that the configuration of a run is written to; nothing is written over."""
    from trainer.schema import ConfigError, Problem

    if not wish.base.text:
        return None
    path = draft.path.absolute().parent / f"{wish.name}.toml"
    if path.exists():
        raise ConfigError([Problem(str(path), None, "", "is there already", "another name, or move it away")])
    return path
