"""The user's own code of a worker, as a tree: a folder, a git work tree, or a branch of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.config import Config
from console.preflight import Refused
from remote.deploy import checkout, folder
from remote.deploy.tree import Tree, tree

PLAIN_MEND = "make it a git checkout (git init) and keep things out with .gitignore"


@dataclass(frozen=True, slots=True)
class Project:
    """`origin` is what run.toml says of it."""

    tree: Tree
    origin: dict[str, Any]


def project_of(config: Config, worker: str) -> Project | None:
    """What [workers.NAME] code and branch name, as it is now. Refused, with the mend, when it cannot be shipped."""
    settings = config.workers[worker]
    if not settings.code:
        return None
    place = place_of(config, worker)
    if not place.is_dir():
        raise Refused(f"{config.path}: workers.{worker}.code: no such folder: {place}", "name a folder on this laptop")
    try:
        return at_commit(place, settings.branch) if settings.branch else as_it_is(place)
    except ValueError as error:
        key = "branch" if settings.branch else "code"
        raise Refused(f"{config.path}: workers.{worker}.{key}: {error}") from None


def place_of(config: Config, worker: str) -> Path:
    """Relative to config.toml."""
    return (config.path.absolute().parent / Path(config.workers[worker].code).expanduser()).resolve()


def as_it_is(place: Path) -> Project:
    """The work tree, new files that are not ignored included; or all of a plain folder."""
    origin: dict[str, Any] = {"folder": str(place)}
    if checkout.is_checkout(place):
        version = checkout.version(place)
        origin |= {"branch": version.branch, "commit": version.commit, "dirty": version.dirty}
        made = tree(place.name, checkout.work_tree(place))
    else:
        made = tree(place.name, folder.entries(place, PLAIN_MEND))
    if not made.entries:
        raise ValueError(f"{place} holds no code")
    return Project(made, {**origin, "tree": made.hash})


def at_commit(place: Path, ref: str) -> Project:
    """One branch, tag or commit, whatever is checked out."""
    if not checkout.is_checkout(place):
        raise ValueError(f"{place} is no git checkout: leave out branch, or make it one (git init)")
    commit = checkout.commit_of(place, ref)
    made = tree(f"{place.name} {ref}", checkout.at_commit(place, commit))
    origin = {"folder": str(place), "branch": ref, "commit": commit, "dirty": False, "tree": made.hash}
    return Project(made, origin)
