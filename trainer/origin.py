"""Which code this is: a hash of the trainer's own files, and the git commit when they lie in a checkout."""

import getpass
import hashlib
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent


def code_hash(package: Path = PACKAGE) -> str:
    """The same on two machines if and only if all files of the package are."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".toml") and path.is_file():
            digest.update(f"{path.relative_to(package).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def code() -> dict[str, Any]:
    """Content hash; commit and whether anything was changed since, where git can tell."""
    found: dict[str, Any] = {"code": code_hash()}
    commit = _git("rev-parse", "HEAD")
    if commit and _git("ls-files", "--", __file__):  # installed into somebody else's checkout: not our commit
        found |= {"commit": commit, "dirty": bool(_git("status", "--porcelain", "--", str(PACKAGE)))}
    return found


def by_hand() -> dict[str, Any]:
    """[origin] of a run that nobody started from a console."""
    return {"by": getpass.getuser(), "host": socket.gethostname(), "time": round(time.time(), 3), **code()}


def _git(*words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *words], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
