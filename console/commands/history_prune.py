"""`trajconsole history prune`: old runs leave this laptop, by the rules of [history]. Hosts are not touched."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from console.commands import common

if TYPE_CHECKING:
    from console.config import Config
    from console.frame import Paper
    from console.history import Entry, History
    from console.history.retention import Rules, Verdict
    from console.labels import Label


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--older", metavar="TIME", help="metrics, events and logs of runs that ended so long ago, as 90d"
    )
    parser.add_argument("--forget", metavar="TIME", help="all that is known of runs that ended so long ago, as 2y")
    parser.add_argument("--only-copies", action="store_true", help="also of runs of which there is no other copy")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--json", action="store_true", help="one JSON document on stdout and nothing else; with --yes or --dry-run"
    )
    parser.add_argument("terms", metavar="TERM", nargs="*", help="only among these runs, as in history search")


def run(arguments: argparse.Namespace, history: "History", labels: "Mapping[str, Label]") -> int:
    from console import frame
    from console.history.prune import prune

    config = common.load_config(arguments)
    found = _verdicts(arguments, config, history.runs(), labels)
    going = [item for item in found if not item.why]
    doing = bool(going) and not arguments.dry_run
    if not arguments.json:
        _tell(found, frame.stdout(arguments.ascii))
    refused = _refusal(arguments) if doing else 0
    if refused:
        return refused
    gone = list(prune(common.state_of(arguments), history, going)) if doing else []
    if arguments.json:
        common.print_json(_document(found, done=doing))
    elif doing:
        print(f"{_runs(len(gone))} pruned, {_size(gone)} freed")
    return 0


def _verdicts(
    arguments: argparse.Namespace, config: "Config", entries: "list[Entry]", labels: "Mapping[str, Label]"
) -> "list[Verdict]":
    from console import past
    from console.history import retention
    from console.history.prune import held
    from console.pulling.ledger import Pulls

    state, now = common.state_of(arguments), time.time()
    rules, pulled = _rules(arguments, config), Pulls(state).load()
    wanted = past.parse(arguments.terms, labels, now, entries)
    kept = [past.parse([search], labels, now, entries) for search in config.history.keep]

    def protected(entry: "Entry") -> str:
        if past.key_of(entry) in labels:
            return "it is tagged or has a note"
        return "a search of [history] keep finds it" if any(search(entry) for search in kept) else ""

    found: list[Verdict] = []
    for entry in entries:
        deed = retention.due(entry, rules, now) if wanted(entry) else ""
        if deed:
            there = held(state, entry, entry.host in config.hosts, pulled)
            found += retention.verdict(entry, deed, there, protected(entry), rules)
    return found


def _rules(arguments: argparse.Namespace, config: "Config") -> "Rules":
    """What was typed, in place of what is configured; ConfigError when there is neither."""
    from console import spans
    from console.history.retention import Rules
    from trainer.schema import ConfigError, Problem

    given = arguments.older is not None or arguments.forget is not None
    texts = (arguments.forget, arguments.older) if given else (config.history.keep_runs, config.history.keep_mirror)
    try:
        runs, mirror = (spans.parse(text) if text else None for text in texts)
    except ValueError as error:
        raise ConfigError([Problem("trajconsole history prune", None, "", str(error))]) from None
    if runs is None and mirror is None:
        mend = 'write keep_mirror = "90d" there, or say --older 90d'
        raise ConfigError([Problem(str(config.path), None, "history", "has no rule: nothing is ever removed", mend)])
    return Rules(runs, mirror, arguments.only_copies)


def _tell(found: "Sequence[Verdict]", out: "Paper") -> None:
    from console.history.retention import FORGET

    going = [item for item in found if not item.why]
    for item in going:
        entry = item.entry
        when = time.strftime("%Y-%m-%d", time.localtime(entry.ended or entry.started or entry.seen))
        what = "all that is known of it" if item.deed == FORGET else "its metrics, events and logs"
        out.line(f"{when}  {entry.run}  {entry.host}  {what}: {_size([item])}", "")
    for why, count in Counter(item.why for item in found if item.why).most_common():
        out.line(f"kept: {_runs(count)}: {why}", "quiet")
    out.line(f"{_runs(len(going))}, {_size(going)} on this laptop; hosts and what was pulled are not touched", "")


def _refusal(arguments: argparse.Namespace) -> int:
    """The exit code when nothing may be removed; 0 when it may."""
    if arguments.readonly:
        print("trajconsole: --readonly: nothing is removed", file=sys.stderr)
        return 2
    if arguments.yes:
        return 0
    if arguments.json or not sys.stdin.isatty():
        print("trajconsole: nothing is removed: --yes says that it may be", file=sys.stderr)
        return 2
    return 0 if input("Remove this? [y/N] ").strip().lower() in ("y", "yes") else 1


def _document(found: "Sequence[Verdict]", *, done: bool) -> dict[str, Any]:
    rows = [
        {"host": item.entry.host, "run": item.entry.run, "deed": item.deed, "bytes": item.bytes, "kept": item.why}
        for item in found
    ]
    return {"schema": 1, "done": done, "bytes": sum(item.bytes for item in found if not item.why), "runs": rows}


def _runs(count: int) -> str:
    from console.format import plural

    return plural(count, "run")


def _size(found: "Sequence[Verdict]") -> str:
    from console.format import size

    return size(sum(item.bytes for item in found))
