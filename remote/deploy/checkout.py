"""A git checkout as the entries of a tree: its work tree as it is, or one commit of it, submodules included."""

import difflib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from remote.deploy.folder import bounded, check_pointer, of_paths
from remote.deploy.tree import Entry, from_bytes, link

GIT_S = 120.0
MEND = "keep things out with .gitignore"


@dataclass(frozen=True, slots=True)
class Version:
    """What a tree was made from."""

    branch: str
    commit: str
    dirty: bool


def is_checkout(folder: Path) -> bool:
    """Whether git looks after the folder. ValueError when it should and does not."""
    try:
        done = _run(folder, "rev-parse", "--is-inside-work-tree")
    except FileNotFoundError:
        done = None
    if done is not None and done.returncode == 0:
        # ignored as a whole, in somebody's larger checkout: nothing of it is git's business
        return (folder / ".git").exists() or bool(
            _git(folder, "ls-files", "-co", "--exclude-standard", "-z", "--", ".")
        )
    if any((place / ".git").exists() for place in (folder, *folder.parents)):
        said = done.stderr.decode("utf-8", "replace").strip() if done else "git is not installed on this laptop"
        raise ValueError(f"{folder} is in a git checkout, but: {said}")
    return False


def work_tree(folder: Path) -> dict[str, Entry]:
    """Files as they are now: tracked ones, and new ones that are not ignored."""
    return of_paths(folder, _listed(folder), MEND)


def version(folder: Path) -> Version:
    """Of the work tree. A new repository has no commit yet."""
    commit = _run(folder, "rev-parse", "-q", "--verify", "HEAD").stdout.decode().strip()
    branch = _run(folder, "symbolic-ref", "-q", "--short", "HEAD").stdout.decode("utf-8", "replace").strip()
    return Version(branch, commit, bool(_git(folder, "status", "--porcelain", "--", ".")))


def commit_of(folder: Path, ref: str) -> str:
    """ValueError with the nearest name when there is no such branch, tag or commit."""
    done = _run(folder, "rev-parse", "-q", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if done.returncode == 0:
        return done.stdout.decode().strip()
    names = _git(folder, "for-each-ref", "--format=%(refname:short)").decode("utf-8", "replace").split()
    near = difflib.get_close_matches(ref, names, n=1) or [name for name in names if name.endswith(f"/{ref}")]
    mend = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names[:12]) or 'none'}"
    raise ValueError(f"no branch, tag or commit {ref!r} in {folder} — {mend}")


def at_commit(folder: Path, commit: str) -> dict[str, Entry]:
    """Files of a commit, whatever the work tree looks like."""
    plain: dict[str, tuple[str, str]] = {}
    sizes: dict[str, int] = {}
    found: dict[str, Entry] = {}
    for row in _names(_git(folder, "ls-tree", "-r", "-l", "-z", commit)):
        about, _, name = row.partition("\t")
        mode, kind, oid, size = about.split()
        if kind == "commit":
            found |= {f"{name}/{path}": entry for path, entry in _submodule(folder / name, name, oid).items()}
        else:
            plain[name], sizes[name] = (mode, oid), int(size)
    bounded(sizes, folder, "take large files out of that branch")
    blobs = _blobs(folder, [oid for _, oid in plain.values()])
    for (name, (mode, _)), data in zip(plain.items(), blobs, strict=True):
        check_pointer(name, data)
        text = data.decode("utf-8", "surrogateescape") if mode == "120000" else ""
        found[name] = link(text) if mode == "120000" else from_bytes(data, program=mode == "100755")
    return found


def _submodule(folder: Path, name: str, commit: str) -> dict[str, Entry]:
    if not (folder / ".git").exists() or _run(folder, "cat-file", "-e", commit).returncode != 0:
        raise ValueError(f"submodule {name} is not here at {commit[:10]}: git submodule update --init --recursive")
    return at_commit(folder, commit)


def _listed(folder: Path, at: str = "") -> Iterator[str]:
    for name in dict.fromkeys(_names(_git(folder, "ls-files", "-co", "--exclude-standard", "-z"))):
        path = folder / name
        if not path.is_dir() or path.is_symlink():
            yield f"{at}{name}"
        elif (path / ".git").exists():  # a submodule, or a checkout inside this one
            yield from _listed(path, f"{at}{name.rstrip('/')}/")
        else:
            raise ValueError(f"submodule {at}{name} is empty: git submodule update --init --recursive")


def _blobs(folder: Path, oids: list[str]) -> Iterator[bytes]:
    out = _git(folder, "cat-file", "--batch", data="".join(f"{oid}\n" for oid in oids).encode())
    at = 0
    for _ in oids:
        end = out.index(b"\n", at)
        size = int(out[at:end].split()[2])
        yield out[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _names(data: bytes) -> Iterator[str]:
    return (os.fsdecode(name) for name in data.split(b"\0") if name)


def _git(folder: Path, *words: str, data: bytes = b"") -> bytes:
    done = _run(folder, *words, data=data)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ValueError(f"git {words[0]} in {folder} failed: {said}")
    return done.stdout


def _run(folder: Path, *words: str, data: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *words],
            input=data,
            capture_output=True,
            timeout=GIT_S,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"git {words[0]} in {folder} took longer than {GIT_S:g} s") from None
