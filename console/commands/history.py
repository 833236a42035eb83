"""`trajconsole history`: every run that this laptop has ever seen. Asks no host.

`history TERM…` is short for `history search TERM…`; `export` and `prune` have files of their own.
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.commands import common, history_export, history_prune

if TYPE_CHECKING:
    from console.history import Entry, History
    from console.labels import Label, Labels

TERMS = "as in the screen's filter; since:7d before:2026-01-31 tag:x note:x by=NAME"


def add(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="does", metavar="DOES", required=True)
    search = does.add_parser("search", help="list runs, and label them; the word may be left out")
    search.add_argument("terms", metavar="TERM", nargs="*", help=TERMS)
    search.add_argument("--add", metavar="TAG", action="append", default=[], help="tag all runs that are found")
    search.add_argument("--remove", metavar="TAG", action="append", default=[], help="take a tag off them")
    search.add_argument("--note", metavar="TEXT", help="write a note on the one run that is found; '' takes it away")
    search.add_argument("--csv", metavar="FILE", type=Path, help="the runs that are found, a line each; - is stdout")
    search.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    history_export.add(does.add_parser("export", help="runs and all their figures as CSV, Parquet, TensorBoard"))
    history_prune.add(does.add_parser("prune", help="remove old runs from this laptop, by the rules of [history]"))


def run(arguments: argparse.Namespace) -> int:
    from console import past
    from console.labels import Labels

    state = common.state_of(arguments)
    labels = Labels(state)
    with opened(state) as history:
        if arguments.does == "prune":
            return history_prune.run(arguments, history, labels.all())
        entries, known = history.runs(), labels.all()
    wanted = past.parse(arguments.terms, known, time.time(), entries)
    entries = [entry for entry in entries if wanted(entry)]
    if arguments.does == "export":
        return history_export.run(arguments, entries, known)
    if arguments.add or arguments.remove or arguments.note is not None:
        return _label(arguments, labels, entries)
    return _tell(arguments, entries, known)


@contextlib.contextmanager
def opened(state: Path) -> "Iterator[History]":
    """The index; one that was damaged is said to have been."""
    from console.history import History

    history = History(state)
    try:
        if history.set_aside is not None:
            print(
                f"trajconsole: the history was damaged: set aside as {history.set_aside}, built anew", file=sys.stderr
            )
        yield history
    finally:
        history.close()


def _tell(arguments: argparse.Namespace, entries: "list[Entry]", labels: "dict[str, Label]") -> int:
    from console import frame, past

    if arguments.csv is not None:
        _csv(arguments.csv, entries, labels)
    elif arguments.json:
        common.print_json({"schema": 1, "runs": [_object(entry, labels) for entry in entries]})
    else:
        out = frame.stdout(arguments.ascii)
        for entry in entries:
            text, tone = frame.history_line(entry)
            out.line(f"{text}{_words(labels.get(past.key_of(entry)))}", tone)
    return 0 if entries or not arguments.terms else 1


def _label(arguments: argparse.Namespace, labels: "Labels", entries: "list[Entry]") -> int:
    from dataclasses import replace

    from console.labels import check_tag
    from console.past import key_of

    if arguments.readonly:
        print("trajconsole: --readonly: nothing is changed", file=sys.stderr)
        return 2
    added, removed = (frozenset(map(check_tag, names)) for names in (arguments.add, arguments.remove))
    if not arguments.terms or (arguments.note is not None and len(entries) != 1):
        found = f"{len(entries)} runs are found" if arguments.terms else "all runs are meant"
        print(f"trajconsole: {found}: name {'one run' if arguments.note is not None else 'runs'}", file=sys.stderr)
        return 2

    def how(label: "Label") -> "Label":
        label = label.tagged(added, removed)
        return label if arguments.note is None else replace(label, note=arguments.note)

    for key, label in labels.change([key_of(entry) for entry in entries], how).items():
        print(f"{key}{_words(label)}")
    return 0 if entries else 1


def _words(label: "Label | None") -> str:
    if label is None:
        return ""
    tags = "".join(f"  #{tag}" for tag in label.tags)
    return f"{tags}  “{label.note}”" if label.note else tags


def _object(entry: "Entry", labels: "dict[str, Label]") -> dict[str, Any]:
    from dataclasses import asdict

    from console.labels import Label
    from console.past import key_of

    label = labels.get(key_of(entry), Label())
    return {**asdict(entry), "tags": list(label.tags), "note": label.note}


def _csv(path: Path, entries: "list[Entry]", labels: "dict[str, Label]") -> None:
    """A column a figure; figures that a run does not have stay empty."""
    from console.exporting import csvs
    from console.exporting.parts import Parts
    from console.exporting.record import Chosen
    from console.labels import Label
    from console.past import key_of

    chosen = [Chosen(entry, labels.get(key_of(entry), Label())) for entry in entries]
    if str(path) == "-":
        csvs.runs(sys.stdout, chosen)
        return
    with Parts(path.parent) as parts, parts.path(path.name).open("w", encoding="utf-8", newline="") as file:
        csvs.runs(file, chosen)
