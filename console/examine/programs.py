"""Programs on the host: which are there, and whether they are new enough."""

import re

from console.examine.found import Found, bad, good, last_of, text_of, warning
from remote.transport import Transport

TRAINER_PYTHON = (3, 11)
PROBE_PYTHON = (3, 8)
TMUX = (2, 1)  # since then a session's name can be asked for exactly: -t =name
_PYTHON = "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.executable)"


def python(subject: str, transport: Transport, path: str, *, trains: bool) -> tuple[Found, bool]:
    """The finding, and whether it runs at all."""
    done = transport.run([path, "-c", _PYTHON])
    if done.code != 0:
        mend = "set the host's python to one that is there; or: sudo apt-get install -y python3"
        return bad(subject, "python", f"{path} does not run: {last_of(done)}", mend), False
    version, _, where = text_of(done).splitlines()[-1].partition(" ")
    return judge_python(subject, version, where or path, trains=trains), True


def judge_python(subject: str, version: str, where: str, *, trains: bool) -> Found:
    """The probe needs one version, the trainer a newer one."""
    found = version_of(version)
    if found < PROBE_PYTHON:
        return bad(
            subject,
            "python",
            f"{where} is {version}",
            f"set the host's python to one of at least {_dotted(PROBE_PYTHON)}",
        )
    if found < TRAINER_PYTHON:
        mend = f"for workers with trainer = …, set the host's python to one of at least {_dotted(TRAINER_PYTHON)}"
        return (bad if trains else warning)(
            subject, "python", f"{where} is {version}: enough to watch, not to train", mend
        )
    return good(subject, "python", f"{version} at {where}")


def tmux(subject: str, transport: Transport) -> Found:
    done = transport.run(["tmux", "-V"])
    if done.code != 0:
        return bad(subject, "tmux", "the host has no tmux", "install it: sudo apt-get install -y tmux")
    return judge_tmux(subject, text_of(done))


def judge_tmux(subject: str, said: str) -> Found:
    """ "tmux 3.3a", "tmux next-3.5", "tmux master"."""
    found = version_of(said)
    if found and found < TMUX:
        mend = "install a newer one; without root: conda install -c conda-forge tmux"
        return bad(subject, "tmux", f"{said} is too old: {_dotted(TMUX)} is needed", mend)
    return good(subject, "tmux", said)


def flock(subject: str, transport: Transport) -> Found:
    done = transport.run(["flock", "--version"])
    if done.code == 127:
        return bad(subject, "flock", "the host has no flock", "install it: sudo apt-get install -y util-linux")
    return good(subject, "flock", text_of(done).partition("\n")[0] or "there")


def version_of(text: str) -> tuple[int, ...]:
    """The first number with a dot in it: (3, 3) of "tmux 3.3a"; nothing where there is none."""
    match = re.search(r"(\d{1,4})\.(\d{1,4})", text)
    return (int(match[1]), int(match[2])) if match else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
