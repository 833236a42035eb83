"""What a person types after `ssh`: alias, user@host, user@host:port, [v6]:port, ssh://user@host:port."""

import re
from dataclasses import dataclass

_FORM = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@/]+)@)?(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:/@\[\]]+))(?::(?P<port>\d+))?/?"
)
_BARE_SIX = re.compile(r"(?:(?P<user>[^@]+)@)?(?P<six>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.%\w]*)")


@dataclass(frozen=True, slots=True)
class Destination:
    """As typed; what is None is decided by the ssh configuration."""

    host: str
    user: str | None = None
    port: int | None = None


def parse(text: str) -> Destination:
    """ValueError with the mend when it cannot be a host."""
    found = _BARE_SIX.fullmatch(text) or _FORM.fullmatch(text)
    if found is None or text.startswith("-") or not text.isprintable() or " " in text:
        raise ValueError(f"{text!r} is no host: write it as after ssh: gpu1, user@host, user@host:port")
    parts = found.groupdict()
    host, user = parts.get("host") or parts["six"], parts["user"]
    if host.startswith("-") or (user or "").startswith("-"):
        raise ValueError(f"{text!r} is no host: a name cannot begin with a dash")
    port = int(parts["port"]) if parts.get("port") else None
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"{text!r}: port {port} is not between 1 and 65535")
    return Destination(host, user, port)
