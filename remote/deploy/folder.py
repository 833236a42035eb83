"""A plain folder as the entries of a tree: all files, but for what every project has and no host needs."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from remote.deploy.tree import Entry, from_file, link

MOST = 256 * 2**20  # bytes of code; what is larger is data
CACHES = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints"})
LEFT_OUT = CACHES | {".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", ".eggs", "node_modules", ".DS_Store"}
_LFS = b"version https://git-lfs.github.com/spec/"


def entries(folder: Path, mend: str) -> dict[str, Entry]:
    """ValueError when it holds what cannot be sent; `mend` says how to keep things out."""
    return of_paths(folder, walk(folder), mend)


def of_paths(folder: Path, paths: Iterator[str], mend: str) -> dict[str, Entry]:
    """These paths below `folder`; what is not there (any more) is passed over."""
    found: dict[str, tuple[Path, os.stat_result]] = {}
    for name in paths:
        path = folder / name
        try:
            found[name] = path, path.lstat()
        except FileNotFoundError:
            continue
    bounded({name: about.st_size for name, (_, about) in found.items()}, folder, mend)
    return {name: _entry(path, about) for name, (path, about) in found.items()}


def bounded(sizes: Mapping[str, int], folder: Path, mend: str) -> None:
    """ValueError when that is too much to be code."""
    total = sum(sizes.values())
    if total > MOST:
        largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[:3]
        names = ", ".join(f"{name} ({sizes[name] / 2**20:.0f} MiB)" for name in largest)
        raise ValueError(
            f"{folder} holds {total / 2**20:.0f} MiB, and {MOST // 2**20} MiB of code is the most that is shipped; the "
            f"largest: {names}. {mend}, and put data into the data folder of the host"
        )


def check_pointer(name: str, data: bytes) -> None:
    """ValueError for the stand-in of a file that git-lfs keeps elsewhere."""
    if data.startswith(_LFS):
        raise ValueError(f"{name} is kept by git-lfs and is not here: git lfs pull, and leave out branch = …")


def walk(folder: Path) -> Iterator[str]:
    """Paths of all files and links, without what is left out and without virtual environments."""
    for here, folders, files in os.walk(folder):
        at = Path(here)
        links = [name for name in folders if (at / name).is_symlink() and name not in LEFT_OUT]
        folders[:] = [
            name
            for name in sorted(folders)
            if name not in LEFT_OUT and name not in links and not (at / name / "pyvenv.cfg").exists()
        ]
        for name in [*files, *links]:
            if name not in LEFT_OUT and not name.endswith((".pyc", ".pyo")):
                yield (at / name).relative_to(folder).as_posix()


def _entry(path: Path, about: os.stat_result) -> Entry:
    if stat.S_ISLNK(about.st_mode):
        return link(str(path.readlink()))
    if not stat.S_ISREG(about.st_mode):
        raise ValueError(f"{path} is neither a file nor a link: remove it, or keep it out")
    try:
        if about.st_size < 1024:
            check_pointer(str(path), path.read_bytes())
        return from_file(path, program=bool(about.st_mode & 0o100))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
