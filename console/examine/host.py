"""The looks at one host, in the order in which a person would mend what they find."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from console.config import HostConfig
from console.examine import figures, folders, login, programs, torch
from console.examine.found import Found, bad
from console.hosts import Hosts
from remote.errors import RemoteError
from remote.survey import Survey, survey
from remote.transport import Transport


@dataclass(frozen=True, slots=True)
class Case:
    """The host that is looked at. `trains`: a trainer is to run there, so that a missing one is a fault."""

    name: str
    config: HostConfig
    transport: Transport
    hosts: Hosts
    trains: bool

    @property
    def subject(self) -> str:
        return f"host {self.name}"


def examine_host(name: str, host: HostConfig, hosts: Hosts, *, trains: bool = True) -> Iterator[Found]:
    """Each thing as soon as it is known; the first says whether the host can be reached at all."""
    case = Case(name, host, hosts.transport(name), hosts, trains)
    reached = login.reach(case.subject, case.transport)
    yield reached
    if not reached.ok:
        return
    for word, look in _LOOKS:
        try:
            yield from look(case)
        except RemoteError as error:
            yield bad(case.subject, word, error.what, error.mend)


def _login(case: Case) -> Iterator[Found]:
    if case.config.remote:
        yield from login.look(case.subject, case.transport)


def _programs(case: Case) -> Iterator[Found]:
    yield programs.python(case.subject, case.transport, case.config.python, trains=case.trains)
    yield programs.tmux(case.subject, case.transport)
    yield programs.flock(case.subject, case.transport)


def _figures(case: Case) -> Iterator[Found]:
    """The probe's own view, then torch beside it."""
    seen = survey(case.transport, case.config.python, case.hosts.root(case.name))
    yield from figures.look(case.subject, seen)
    yield from _torch(case, seen)


def _torch(case: Case, seen: Survey) -> Iterator[Found]:
    gpus = [gpu for gpu in seen.telemetry.gpus if gpu.instance is None] if seen.telemetry else []
    yield from torch.look(case.subject, case.transport, case.config.python, gpus, trains=case.trains)


def _folders(case: Case) -> Iterator[Found]:
    root = case.hosts.root(case.name)
    yield folders.root(case.subject, case.transport, root)
    yield folders.data(case.subject, case.transport, case.hosts.trainer(case.name).env["TRAJ_DATA"])


_LOOKS: tuple[tuple[str, Callable[[Case], Iterator[Found]]], ...] = (
    ("login", _login),
    ("programs", _programs),
    ("probe", _figures),
    ("folders", _folders),
)
