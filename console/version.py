"""Which trainer code a run is started with: a hash of its files, and the commit where there is one."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import trainer


def trainer_home() -> Path:
    """The folder that holds the trainer package: what a host's Python must have on its path."""
    return Path(trainer.__file__).parent.parent


def trainer_version(home: Path | None = None) -> dict[str, Any]:
    """`content` always; `commit` and `dirty` when the package is part of a git work tree."""
    home = home or trainer_home()
    return {"content": content_hash(home / "trainer"), **_commit(home)}


def content_hash(package: Path) -> str:
    """The same for the same code and presets, wherever they are installed."""
    total = hashlib.blake2b(digest_size=16)
    for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".toml") and path.is_file()):
        data = path.read_bytes()
        total.update(f"{path.relative_to(package).as_posix()}\0{len(data)}\0".encode() + data)
    return total.hexdigest()


def _commit(home: Path) -> dict[str, Any]:
    if _git(home, "ls-files", "--error-unmatch", "trainer/__init__.py") is None:
        return {}  # an installed copy: a work tree around it is somebody else's
    commit = _git(home, "rev-parse", "HEAD")
    changed = _git(home, "status", "--porcelain", "--", "trainer")
    return {"commit": commit.strip(), "dirty": bool(changed and changed.strip())} if commit else {}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
