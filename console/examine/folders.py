"""The host's folders: can they be written, is there room, can what is there be read?"""

from console.examine.found import Found, bad, good, last_of, text_of, warning
from remote.transport import Transport

LOW_DISK = 2 * 2**30  # bytes free that a first run should find
LOW_INODES = 10_000
_LOOKED_AT = 5000  # files of the data whose readability is asked for

_ROOM = """
mkdir -p "$1" && f=$(mktemp "$1/.check-XXXXXX") && rm -f "$f" || exit 1
df -Pk "$1" | tail -n 1 && df -Pi "$1" | tail -n 1
"""
_DATA = """
[ -e "$1" ] || { echo absent; exit 0; }
[ -d "$1" ] || { echo file; exit 0; }
[ -r "$1" ] && [ -x "$1" ] || { echo closed; exit 0; }
[ -w "$1" ] && echo writable || echo fixed
find -L "$1" -type f 2>/dev/null | head -n "$2" | { n=0 bad=
  while IFS= read -r f; do n=$((n + 1)); [ -r "$f" ] || bad=${bad:-$f}; done; echo "$n"; echo "$bad"; }
"""


def root(subject: str, transport: Transport, path: str) -> Found:
    """Room, inodes, and the right to write."""
    done = transport.run(["sh", "-c", _ROOM, "sh", path])
    if done.code != 0:
        mend = f"give this user the folder (sudo mkdir -p {path} && sudo chown $USER {path}), or set the host's root"
        return bad(subject, "root", f"cannot write in {path}: {last_of(done)}", mend)
    lines = text_of(done).splitlines()
    free, inodes = _column(lines[0]), _column(lines[-1])
    return judge_room(subject, path, None if free is None else free * 1024, inodes)


def judge_room(subject: str, path: str, free: int | None, inodes: int | None) -> Found:
    detail = f"{path} can be written"
    if free is not None:
        detail += f", {free / 2**30:.1f} GiB free"
    if inodes is not None and inodes < LOW_INODES:
        mend = "remove many small files (caches, old data sets), or set root elsewhere"
        return bad(subject, "root", f"{detail}, but only {inodes:,} more files can be made (inodes)", mend)
    if free is not None and free < LOW_DISK:
        return bad(subject, "root", detail, "free space, or set root elsewhere")
    return good(subject, "root", detail)


def _column(line: str) -> int | None:
    """What df says is free; "-" where a filesystem has no such bound."""
    words = line.split()
    return int(words[3]) if len(words) > 3 and words[3].isdigit() and int(words[1]) else None


def data(subject: str, transport: Transport, path: str) -> Found:
    """The folder that data sets are in."""
    done = transport.run(["sh", "-c", _DATA, "sh", path, str(_LOOKED_AT)], timeout=60.0)
    return judge_data(subject, path, text_of(done).splitlines())


def judge_data(subject: str, path: str, said: list[str]) -> Found:
    state = said[0] if said else ""
    if state == "absent":
        return good(subject, "data", f"{path} is not there yet: a trainer makes its data there")
    if state == "file":
        return bad(subject, "data", f"{path} is a file", "set TRAJ_DATA to a folder, or remove the file")
    if state not in ("writable", "fixed"):
        return bad(subject, "data", f"{path} cannot be read", f"sudo chmod -R a+rX {path}")
    count = int(said[1]) if len(said) > 1 and said[1].isdigit() else 0
    unreadable = said[2] if len(said) > 2 else ""
    if unreadable:
        return bad(subject, "data", f"{unreadable} cannot be read", f"sudo chmod -R a+rX {path}")
    many = f"{'at least ' if count >= _LOOKED_AT else ''}{count:,} files"
    if state == "fixed":
        mend = "nothing, if the data set is complete; else give this user the right to write there"
        return warning(subject, "data", f"{path}: {many}, readable, and not to be written by this user", mend)
    return good(subject, "data", f"{path}: {many}, readable")
