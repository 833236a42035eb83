"""Which trainer code a run is started with: a hash of its own files, and the git commit when they lie in a checkout."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]


def code_files(package: Path = PACKAGE) -> Iterator[Path]:
    """The files that make up the package, in one order: what is shipped to a host, and what the hash is of."""
    return (path for path in sorted(package.rglob("*")) if path.suffix in (".py", ".toml") and path.is_file())


def code_hash(package: Path = PACKAGE) -> str:
    """The same on two machines if and only if all files of the package are."""
    digest = hashlib.sha256()
    for path in code_files(package):
        digest.update(f"{path.relative_to(package).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def version(package: Path = PACKAGE) -> dict[str, Any]:
    """`code` always; `commit` and `dirty` where the package is part of a git work tree."""
    found: dict[str, Any] = {"code": code_hash(package)}
    commit = _git(package, "rev-parse", "HEAD")
    if commit and _git(package, "ls-files", "--", "__init__.py"):  # else the work tree is somebody else's
        found |= {"commit": commit, "dirty": bool(_git(package, "status", "--porcelain", "--", "."))}
    return found


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
