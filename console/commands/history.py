"""`trajconsole history`: every run that this laptop has ever seen; searched, tagged, exported. Asks no host."""

import argparse
import csv
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.commands import common

if TYPE_CHECKING:
    from console.history import Entry
    from console.labels import Label, Labels


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "terms", metavar="TERM", nargs="*", help="as in the screen's filter; since:7d before:30d tag:x note:x"
    )
    parser.add_argument("--add", metavar="TAG", action="append", default=[], help="tag all runs that are found")
    parser.add_argument("--remove", metavar="TAG", action="append", default=[], help="take a tag off them")
    parser.add_argument("--note", metavar="TEXT", help="write a note on the one run that is found; '' takes it away")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="the runs that are found, a line each; - is stdout")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def run(arguments: argparse.Namespace) -> int:
    from console import frame, past
    from console.config import state_folder
    from console.history import History
    from console.labels import Labels

    state = Path(arguments.state).expanduser() if arguments.state else state_folder()
    labels = Labels(state)
    wanted = past.parse(arguments.terms, labels.all(), time.time())
    history = History(state)
    try:
        entries = [entry for entry in history.runs() if wanted(entry)]
    finally:
        history.close()
    if arguments.add or arguments.remove or arguments.note is not None:
        return _label(arguments, labels, entries)
    known = labels.all()
    if arguments.csv is not None:
        _csv(arguments.csv, entries, known)
    elif arguments.json:
        common.print_json({"schema": 1, "runs": [_object(entry, known) for entry in entries]})
    else:
        out = frame.stdout(arguments.ascii)
        for entry in entries:
            text, tone = frame.history_line(entry)
            out.line(f"{text}{_words(known.get(past.key_of(entry)))}", tone)
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
    rows = [_object(entry, labels) for entry in entries]
    plain = [name for name in (rows[0] if rows else {}) if name not in ("metrics", "best", "tags")]
    figures = sorted({(kind, name) for row in rows for kind in ("metrics", "best") for name in row[kind]})
    stream = sys.stdout if str(path) == "-" else path.open("w", encoding="utf-8", newline="")
    try:
        write = csv.writer(stream)
        head = [("best_" if kind == "best" else "") + name for kind, name in figures]
        write.writerow([*plain, "tags", *head])
        for row in rows:
            values = [row[kind].get(name, "") for kind, name in figures]
            write.writerow(
                [*("" if row[name] is None else row[name] for name in plain), " ".join(row["tags"]), *values]
            )
    finally:
        if stream is not sys.stdout:
            stream.close()
