"""One small file of a run's folder, onto this laptop's screen: nothing is written anywhere."""

from collections.abc import Callable
from pathlib import PurePosixPath

from remote.errors import CommandFailed
from remote.transport import Transport

_PIECE = 64 * 1024
_END_S = 10.0


def fetch(transport: Transport, folder: str, path: str, limit: int, told: Callable[[int], None]) -> bytes:
    """The file's bytes. `path` comes from the run's own documents: only what lies in its folder is asked for."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise ValueError(f"{path!r} does not lie in the run's folder")
    channel = transport.open(["head", "-c", str(limit + 1), f"{folder}/{path}"], bulk=True)
    try:
        pieces, size = [], 0
        while piece := channel.recv(_PIECE):
            pieces.append(piece)
            size += len(piece)
            told(size)
        code = channel.wait(_END_S)
        said = channel.stderr().decode("utf-8", "replace").strip()
    finally:
        channel.close()
    if code not in (0, None) or (said and not size):
        why = said.rpartition(": ")[2] or f"code {code}"
        raise CommandFailed(f"{path} cannot be read: {why}", "is it there still?")
    if size > limit:
        raise ValueError(f"{path} is larger than {limit // 2**20} MiB: p pulls it")
    return b"".join(pieces)
