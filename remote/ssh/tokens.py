"""The percent tokens and ${VARIABLES} of ssh_config(5), as far as they can stand in a path or a command of ours."""

import getpass
import hashlib
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

_TOKEN = re.compile(r"%(.)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand(text: str, about: Mapping[str, str]) -> str:
    """`about` holds h, n, p, r and k of the host. What is not known stays as it is."""

    def value(found: "re.Match[str]") -> str:
        token, variable = found.groups()
        if variable:
            return os.environ.get(variable, found[0])
        return about[token] if token in about else _own(token, about, found[0])

    return _TOKEN.sub(value, text)


def _own(token: str, about: Mapping[str, str], otherwise: str) -> str:
    match token:
        case "%":
            return "%"
        case "d":
            return str(Path.home())
        case "u":
            return getpass.getuser()
        case "i":
            return str(os.getuid())
        case "l":
            return socket.gethostname()
        case "L":
            return socket.gethostname().partition(".")[0]
        case "C":
            text = socket.gethostname() + about["h"] + about["p"] + about["r"]
            return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - ssh's own name of it, nothing to protect
    return otherwise
