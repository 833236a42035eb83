"""What the laptop asks of the host: one request a process, as a line of JSON on stdin; the answer on stdout."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Read the request and do it. What goes wrong as a whole is one line on stderr, and code 5."""
    from remote.transfer.host import give, tree
    from remote.transfer.host.take import take

    request = json.loads(sys.stdin.buffer.readline().decode())
    try:
        if request["op"] == "list":
            tree.tell(request["folder"], request.get("link"))
        elif request["op"] == "give":
            give.give(request["folder"], request["files"], request.get("link"))
        else:
            take(request["folder"], request["files"])
    except BrokenPipeError:
        os._exit(141)  # nobody listens any more; the interpreter would say so on stderr
    except (OSError, ValueError) as error:
        sys.stderr.write("%s\n" % error)
        sys.exit(5)
