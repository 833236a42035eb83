"""Which watches are of the same configuration: a name made once for this laptop's state folder, and the file's path."""

import hashlib
import secrets
from pathlib import Path

from trainer.record import atomic


def identity(state: Path, config: Path) -> str:
    """The name of a configuration's folder below `<root>/watches` of a host."""
    path = state / "watch" / "id"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.create_once(path, secrets.token_hex(8).encode())
    text = f"{path.read_text()} {config.absolute()}"
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
