"""Emptying a cache of the user on a host: measured before and after, so that what is said to be free is free."""

import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from console.fleet.words import amount
from console.source import Step
from remote.errors import CommandFailed
from remote.events import Cache
from remote.transport import Transport

MEASURE_S, EMPTY_S = 120.0, 900.0
_SIZE = '[ -e "$1" ] || { echo 0; exit 0; }; du -sk -- "$1" 2>/dev/null | { read -r size _ && echo "$size"; }'
# Tools that manage their own cache often are in folders that only a login shell knows.
_EMPTY = 'PATH="$HOME/.local/bin:$HOME/.cargo/bin:$2/bin:$PATH"; export PATH; eval "$1"'


def empty(host: str, transport: Transport, cache: Cache) -> Iterator[Step]:
    """Run the command that the host's probe named for it; say what became free."""
    check(cache)
    yield Step(host, f"measuring {cache.path}")
    before = _measured(transport, cache)
    yield Step(host, f"emptying {cache.name} ({amount(before)}): {cache.empty}")
    beside = str(PurePosixPath(cache.path).parent)
    done = transport.run(["sh", "-c", _EMPTY, "sh", cache.empty, beside], timeout=EMPTY_S)
    after = _measured(transport, cache)
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    freed = before - after
    if done.code != 0 and freed <= 0:
        why = said[-1] if said else f"it ended with code {done.code}"
        yield Step(host, f"{cache.name} was not emptied: {why}", ok=False, mend=f"on the host: {cache.empty}")
        return
    left = f", {amount(after)} are left" if after > 2**20 else ""
    yield Step(host, f"{cache.name}: {amount(freed)} freed, verified{left}", ok=True)


def check(cache: Cache) -> None:
    """A command that removes a folder must remove this one, and this one must not be a home or a root."""
    path = PurePosixPath(cache.path)
    if not path.is_absolute() or len(path.parts) < 4 or ".." in path.parts:
        raise ValueError(f"{cache.path} does not look like a cache: empty it by hand: {cache.empty}")
    words = shlex.split(cache.empty)
    if words[:1] == ["rm"] and words != ["rm", "-rf", "--", cache.path]:
        raise ValueError(f"the command would remove something else than {cache.path}: {cache.empty}")


def _measured(transport: Transport, cache: Cache) -> int:
    done = transport.run(["sh", "-c", _SIZE, "sh", cache.path], timeout=MEASURE_S)
    text = done.stdout.decode("utf-8", "replace").strip()
    if done.code != 0 or not text.isdecimal():
        raise CommandFailed(f"the host does not say how large {cache.path} is", "try du -sh there")
    return int(text) * 1024
