"""A host looked at before it is needed: is it there, and has it what a start needs?"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from console.config import HostConfig
from console.hosts import Hosts
from remote.errors import RemoteError
from remote.transport import Completed, Transport

LOW_DISK = 2 * 2**30  # bytes free that a first run should find
TORCH_S = 120.0  # a first import of torch from a cold network disk

_PYTHON = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
_TORCH = """
import json, torch
found = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
print(json.dumps({"torch": torch.__version__, "gpus": found}))
"""
_ROOM = 'mkdir -p "$1" && f=$(mktemp "$1/.check-XXXXXX") && rm -f "$f" && df -Pk "$1" | tail -n 1'


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was looked at."""

    subject: str
    name: str
    ok: bool
    detail: str
    mend: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def examine_host(name: str, host: HostConfig, hosts: Hosts) -> Iterator[Found]:
    """Each thing as soon as it is known; the first says whether the host can be reached at all."""
    subject, transport = f"host {name}", hosts.transport(name)
    try:
        transport.connect()
        done = transport.run(["uname", "-sr"])
    except RemoteError as error:
        yield Found(subject, "reach", False, error.what, error.mend)
        return
    yield Found(subject, "reach", True, _text(done.stdout))
    host = replace(host, python=hosts.python(name).command or host.any_python)
    looks = (_python, _torch, _tmux, lambda *about: _room(*about, root=hosts.root(name)))
    for word, look in zip(("python", "torch", "tmux", "room"), looks, strict=True):
        try:
            yield look(subject, host, transport)
        except RemoteError as error:
            yield Found(subject, word, False, error.what, error.mend)


def _python(subject: str, host: HostConfig, transport: Transport) -> Found:
    done = transport.run([host.python, "-c", _PYTHON])
    if done.code != 0:
        return Found(subject, "python", False, f"{host.python} does not run: {_last(done)}", "set the host's python")
    version = _text(done.stdout)
    if tuple(int(part) for part in version.split(".")[:2]) < (3, 11):
        return Found(subject, "python", False, f"{host.python} is {version}", "the trainer needs 3.11 or newer")
    return Found(subject, "python", True, f"{version} at {host.python}")


def _torch(subject: str, host: HostConfig, transport: Transport) -> Found:
    done = transport.run([host.python, "-c", _TORCH], timeout=TORCH_S)
    if done.code != 0:
        mend = f"{host.python} -m pip install 'trajconsole[train]'"
        return Found(subject, "torch", False, _last(done), mend)
    value = json.loads(done.stdout)
    gpus = ", ".join(value["gpus"]) or "no GPU: it trains on the CPU"
    return Found(subject, "torch", True, f"{value['torch']}, {gpus}")


def _tmux(subject: str, host: HostConfig, transport: Transport) -> Found:
    done = transport.run(["tmux", "-V"])
    if done.code != 0:
        return Found(subject, "tmux", False, "the host has no tmux", "install it: sudo apt-get install -y tmux")
    return Found(subject, "tmux", True, _text(done.stdout))


def _room(subject: str, host: HostConfig, transport: Transport, *, root: str) -> Found:
    done = transport.run(["sh", "-c", _ROOM, "sh", root])
    if done.code != 0:
        return Found(subject, "room", False, f"cannot write in {root}: {_last(done)}", "set the host's root")
    free = int(_text(done.stdout).split()[3]) * 1024
    detail = f"{free / 2**30:.1f} GiB free for {root}, and it can be written"
    ok = free >= LOW_DISK
    return Found(subject, "room", ok, detail, "" if ok else "free space, or set root elsewhere")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()


def _last(done: Completed) -> str:
    lines = _text(done.stderr).splitlines() or [f"it ended with code {done.code}"]
    return lines[-1]
