"""The looks at one host, in the order in which a person would mend what they find."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace

from console.config import HostConfig
from console.examine import figures, folders, login, programs, torch
from console.examine.found import Found, bad
from console.hosts import Hosts
from console.preflight import data_folder
from remote.errors import RemoteError
from remote.survey import survey
from remote.transport import Transport

Look = Generator[Found, None, bool]  # what is found, and whether to go on


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
    yield from _guarded(case, "login", _login)
    case = _with_python(case)
    if (yield from _guarded(case, "python", _python)):
        yield from _guarded(case, "probe", _figures)
    yield from _guarded(case, "programs", _programs)
    yield from _guarded(case, "folders", _folders)


def _with_python(case: Case) -> Case:
    """With the Python that a start would take; when looking for it breaks, the looks that follow will say so."""
    with contextlib.suppress(RemoteError):
        found = case.hosts.python(case.name).command
        return replace(case, config=replace(case.config, python=found or case.config.any_python))
    return replace(case, config=replace(case.config, python=case.config.any_python))


def _guarded(case: Case, word: str, look: Callable[[Case], Look]) -> Look:
    """A connection that breaks on the way is a finding too."""
    try:
        return (yield from look(case))
    except RemoteError as error:
        yield bad(case.subject, word, error.what, error.mend)
        return False


def _login(case: Case) -> Look:
    if case.config.remote:
        yield from login.look(case.subject, case.transport)
    return True


def _python(case: Case) -> Look:
    """False when there is none: what needs it would only repeat that."""
    found, runs = programs.python(case.subject, case.transport, case.config.python, trains=case.trains)
    yield found
    return runs


def _programs(case: Case) -> Look:
    yield programs.tmux(case.subject, case.transport)
    yield programs.flock(case.subject, case.transport)
    return True


def _figures(case: Case) -> Look:
    """The probe's own view, then torch beside it."""
    seen = survey(case.transport, case.config.python, case.hosts.root(case.name))
    yield from figures.look(case.subject, seen)
    gpus = [gpu for gpu in seen.telemetry.gpus if gpu.instance is None] if seen.telemetry else []
    yield from torch.look(case.subject, case.transport, case.config.python, gpus, trains=case.trains)
    return True


def _folders(case: Case) -> Look:
    root = case.hosts.root(case.name)
    yield folders.root(case.subject, case.transport, root)
    yield folders.data(case.subject, case.transport, data_folder(case.config, root))
    return True
