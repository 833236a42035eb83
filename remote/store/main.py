"""One question in, one line of JSON out. The question is a length, that many bytes of compressed JSON, and for "take" a
gzip stream of objects behind it.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import sys
import zlib
from typing import Any, Dict

from remote.store import trees
from remote.store.objects import Damaged, receive
from remote.store.place import Place
from remote.store.prune import prune


def main() -> None:
    source = sys.stdin.buffer
    question = json.loads(zlib.decompress(source.read(int(source.readline()))))
    place = Place(question["root"])
    try:
        place.make()
        answer = _answer(question, place)
    except EOFError:
        sys.exit(5)  # the laptop is gone: what came whole is kept, the rest comes next time
    except (Damaged, ValueError, zlib.error) as error:
        answer = {"failed": str(error)}
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "")
        answer = {
            "failed": error.strerror or str(error),
            "errno": name,
            "path": _text(error.filename2 or error.filename),
        }
    sys.stdout.write("trajconsole " + json.dumps(answer) + "\n")
    sys.stdout.flush()


def _answer(question: Dict[str, Any], place: Place) -> Dict[str, Any]:
    ask = question["ask"]
    if ask == "list":
        return {"trees": trees.listing(place)}
    with place.locked(alone=ask == "prune"), place.workshop() as workshop:
        if ask == "prune":
            return {"removed": prune(place, workshop, float(question["unused_s"]))}
        if ask == "verify":
            return {"whole": [name for name in question["names"] if trees.is_whole(place, name)]}
        if ask == "take":
            with gzip.GzipFile(fileobj=sys.stdin.buffer, mode="rb") as stream:
                receive(place, workshop, stream)
        elif ask != "look":
            raise ValueError("unknown question " + repr(ask))
        return _settle(question, place, workshop)


def _settle(question: Dict[str, Any], place: Place, workshop: bytes) -> Dict[str, Any]:
    missing: Dict[str, None] = {}
    damaged = []
    for table in question["trees"]:
        look = trees.settle(place, workshop, table["hash"], table["label"], trees.read(table))
        missing.update(dict.fromkeys(look.missing))
        damaged += look.damaged
    return {"missing": list(missing), "damaged": damaged, "free": place.free()}


def _text(name: Any) -> str:
    return os.fsdecode(name) if isinstance(name, (bytes, str)) else ""
