"""The console itself on a host: what `trajconsole watch --on HOST` needs there, brought as a worker's code is."""

from collections.abc import Generator, Iterator
from pathlib import Path

from console.format import plural, size
from console.hosts import Hosts
from console.preflight import Refused
from console.shipping import packages
from console.source import Step
from remote import pythons
from remote.deploy.store import Store
from remote.deploy.tree import Tree, from_file, tree

PACKAGES = ("console", "remote", "trainer")
# What a watch imports: requirement → module. The second where it reaches other hosts from there.
NEEDS = {"rich>=14": "rich", "msgspec>=0.19": "msgspec"}
OVER_SSH = {"paramiko>=4": "paramiko"}


def console_tree() -> Tree:
    """The packages of this laptop, with all that lies in them."""
    home = Path(__file__).parents[2]
    files = (path for name in PACKAGES for path in sorted((home / name).rglob("*")))
    wanted = [path for path in files if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"]
    return tree("console", {path.relative_to(home).as_posix(): from_file(path, program=False) for path in wanted})


def bring(hosts: Hosts, host: str, named: str, *, over_ssh: bool) -> Generator[Step, None, tuple[str, tuple[str, ...]]]:
    """The Python that runs it there, and the folders that it must look through. `named`: the configuration's Python.
    Refused or a RemoteError when that cannot be."""
    needs = {**NEEDS, **(OVER_SSH if over_ssh else {})}
    transport = hosts.transport(host)
    modules = tuple(needs.values())
    search = pythons.find(transport, named, modules) if hosts.finds_python(host) else pythons.this_one(modules)
    best = search.best
    if best is None or best.version < pythons.NEEDED:
        mend = f"install Python 3.11 or newer there, or name one: [hosts.{host}] python = …"
        raise Refused(f"the watch needs Python 3.11 or newer; on {host} there is: {search.seen}", mend)
    store = Store(transport, search.command, hosts.root(host))
    trees = [console_tree()]
    wanted = [name for name, module in needs.items() if module in best.missing]
    there = ""
    if wanted:
        label = packages.label(best, wanted)
        there = min(store.whole([stored.hash for stored in store.list() if stored.label == label]), default="")
        if not there:
            yield Step(host, f"{best.name} there lacks {', '.join(map(packages.project, wanted))}: bringing that along")
            trees.append(packages.bring(best, wanted, search.command))
    yield from _send(host, store, trees)
    names = [made.hash for made in trees] + ([there] if there else [])
    return search.command, tuple(map(store.folder, names))


def _send(host: str, store: Store, trees: list[Tree]) -> Iterator[Step]:
    shipment = store.ensure(trees)
    while True:
        try:
            next(shipment)
        except StopIteration as end:
            if end.value.objects:
                sent = f"{plural(end.value.objects, 'file')}, {size(end.value.size)}"
                yield Step(host, f"the console was sent there: {sent}; {end.value.there} were there already")
            return
