"""Which trainer code a run is started with: the same names and the same hash as the trainer writes into its events."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import trainer


def trainer_home() -> Path:
    """The folder that holds the trainer package: what a host's Python must have on its path."""
    return Path(trainer.__file__).parent.parent


def trainer_version(home: Path | None = None) -> dict[str, Any]:
    """`code` always; `commit` and `dirty` when the package is part of a git work tree."""
    home = home or trainer_home()
    found: dict[str, Any] = {"code": code_hash(home / "trainer")}
    commit = _git(home, "rev-parse", "HEAD")
    if commit and _git(home, "ls-files", "--", "trainer/__init__.py"):  # else the work tree is somebody else's
        found |= {"commit": commit, "dirty": bool(_git(home, "status", "--porcelain", "--", "trainer"))}
    return found


def code_hash(package: Path) -> str:
    """The same on two machines if and only if all files of the package are."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".toml") and path.is_file():
            digest.update(f"{path.relative_to(package).as_posix()}\n".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
