"""[origin] of a run that nobody started from a console."""

import getpass
import socket
import time
from typing import Any

from trainer.record.code import version


def by_hand() -> dict[str, Any]:
    """Who, where, when, with which code."""
    return {"by": getpass.getuser(), "host": socket.gethostname(), "time": round(time.time(), 3), **version()}
