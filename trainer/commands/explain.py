"""`trainer explain`: why a run says what it says of one sample."""

import argparse
import json
import sys
from pathlib import Path

from trainer.commands.common import add_json, add_sample, columns, progress, say_wrapped


def add(parser: argparse.ArgumentParser) -> None:
    add_sample(parser)
    parser.add_argument(
        "--endpoint", default="", metavar="URL", help="let a language model rephrase the evidence; nothing else is sent"
    )
    parser.add_argument("--model", default="", metavar="NAME", help="the model to ask for at the endpoint")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from trainer.commands.common import asked_of
    from trainer.compare.rephrase import Rephrased, check_url, rephrase
    from trainer.record.jsonl import jsonable
    from trainer.revival import revive

    if arguments.endpoint:
        check_url(arguments.endpoint)
    explain = asked_of(arguments.run, "explain")
    revived = revive(arguments.run, arguments.checkpoint, progress(), arguments.device)
    found = explain(revived, arguments.split, arguments.sample)
    said = rephrase(found, arguments.endpoint, arguments.model) if arguments.endpoint else Rephrased()
    if said.problem:
        print(f"trainer: the endpoint's words are not used: {said.problem}", file=sys.stderr)
    if arguments.json:
        document = {
            "schema": 1,
            "run": Path(arguments.run).resolve().name,
            "checkpoint": revived.saved.file,
            **found.evidence,
            "sentences": list(found.sentences),
            "rephrased": said.text or None,
        }
        print(json.dumps(jsonable(document)))
        return 0
    width = columns()
    say_wrapped([said.text] if said.text else found.sentences, width)
    return 0
