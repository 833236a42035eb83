"""The trainer on a host, asked before a start: what would this configuration do, and would it work?"""

import json
import os
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.config import HostConfig
from remote.bundle import script
from remote.transport import Channel, Completed, Transport
from trainer.record.jsonl import decode_document

RESOLVE_S = 60.0
CHECK_S = 300.0
COMPARE_S = 3600.0
TRIAL_S = 3600.0

# The configuration comes on stdin: nothing has to be on the host before, and nothing stays after.
_CHECK = 'd=$(mktemp -d) || exit 1; trap \'rm -rf "$d"\' EXIT; cat > "$d/run.toml"; "$@" "$d/run.toml"'

# A folder beside the runs, on their disk. What the trial says goes to stderr, what it came to to stdout.
_TRIAL = (
    'mkdir -p "$1" && d=$(mktemp -d "$1/.trial-XXXXXX") || exit 1; shift; trap \'rm -rf "$d"\' EXIT; '
    'cat > "$d/run.toml"; "$@" run "$d/run.toml" --trial --run-dir "$d/trial" >&2; c=$?; '
    'cat "$d/trial/trial.json" 2>/dev/null; exit $c'
)

# In the folder of the file, so that the trainer calls it by its name.
_RESOLVE = 'd=$(mktemp -d) && cd "$d" || exit 1; trap \'rm -rf "$d"\' EXIT; f="./$1"; shift; cat > "$f"; "$@" "$f"'

# Beside the study, so that what is refused leaves the study's own run.toml as it was.
_STUDY_FILE = ".asked.toml"
_WRITE = 'mkdir -p "$1" && cat > "$1/$2.part" && mv "$1/$2.part" "$1/$2"'


# Where the queue looks from: a script of its own, replaced as a whole.
_PUT = 'mkdir -p "$(dirname "$1")" && cat > "$1.$$" && mv -f "$1.$$" "$1"'
_BUSY = 75


class Refused(Exception):
    """The host's trainer does not accept it. `mend` says what to do."""

    def __init__(self, what: str, mend: str = "") -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


class Busy(Exception):
    """The GPUs that it would need are not free now."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One line of `trainer check`."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a trial came to."""

    ok: bool
    wrong: str
    words: str  # what the long run would cost
    seconds: float
    findings: tuple[tuple[str, str], ...]  # proof and mend


class HostTrainer:
    """`python -m trainer` on a host. `path`: folders there in which Python finds it, and what it needs."""

    def __init__(self, transport: Transport, host: HostConfig, root: str, python: str, path: Sequence[str]) -> None:
        self._transport, self._host, self._root = transport, host, root
        self._python, self._path = python, tuple(path)

    @property
    def env(self) -> dict[str, str]:
        """What a trainer on this host needs around it."""
        path = {"PYTHONPATH": ":".join(self._path)} if self._path else {}
        return {**path, "PYTHONUNBUFFERED": "1", "TRAJ_DATA": data_folder(self._host, self._root)}

    def around(self, own: Mapping[str, str]) -> dict[str, str]:
        """The same with a worker's own environment; its PYTHONPATH comes behind the code."""
        path = [*self._path, *filter(None, [own.get("PYTHONPATH", "")])]
        return {**self.env, **own, **({"PYTHONPATH": ":".join(path)} if path else {})}

    def argv(self, *arguments: str) -> tuple[str, ...]:
        """-P: only what is on the path, never a `trainer` of the folder it happens to start in."""
        return (self._python, "-P", "-m", "trainer", *arguments)

    def resolve(self, spec: str, overrides: Sequence[str], env: Mapping[str, str]) -> dict[str, Any]:
        """The complete resolved configuration. Refused when it cannot be used."""
        changes = [part for item in overrides for part in ("--set", item)]
        if self._host.remote and Path(spec).is_file():
            done = self._resolve_here(Path(spec), changes, env)
        else:
            done = self._run(["config", spec, *changes, "--json"], env, RESOLVE_S)
        if done.code != 0:
            raise self._refusal(done)
        value = json.loads(done.stdout)
        assert isinstance(value, dict)
        return value

    def check(self, text: str, env: Mapping[str, str], gpus: float = 0.0) -> tuple[Checked, ...]:
        """Try the configuration out on the host, with so many GPUs of its queue; Busy when they are not free. Refused
        when not even the trainer itself could be started there."""
        words = ["mkdir", "-p", self._root, "&&", "sh", "-c", _CHECK, "sh", "env", *_settings(self.around(env))]
        words += [*self._with_gpus(gpus), *self.argv("check", "--json", "--beside", self._root)]
        line = " ".join(word if word == "&&" else shlex.quote(word) for word in words)
        done = self._transport.run(["sh", "-c", line], input=text.encode(), timeout=CHECK_S)
        if gpus and done.code == _BUSY:
            raise Busy(_complaint(done))
        try:
            value = json.loads(done.stdout)
            found = tuple(
                Checked(str(item["name"]), bool(item["ok"]), str(item["detail"]), str(item.get("mend", "")))
                for item in value["checks"]
            )
        except (ValueError, KeyError, TypeError):
            raise self._refusal(done) from None
        return found

    def trial(self, text: str, env: Mapping[str, str], gpus: float = 0.0) -> "Tried":
        """Everything once on the host, on a few samples; as `check`."""
        around = _settings(self.around(env))
        words = ["sh", "-c", _TRIAL, "sh", self._root, "env", *around, *self._with_gpus(gpus), *self.argv()]
        done = self._transport.run(words, input=text.encode(), timeout=TRIAL_S)
        if gpus and done.code == _BUSY:
            raise Busy(_complaint(done))
        found = decode_document(done.stdout)
        if found is None or not isinstance(found.get("ok"), bool):
            raise self._refusal(done)
        rows = [row for row in found.get("findings") or () if isinstance(row, Mapping)]
        said = tuple((str(row.get("proof", "")), str(row.get("mend", ""))) for row in rows)
        seconds = found.get("seconds")
        seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
        return Tried(found["ok"], str(found.get("wrong", "")), str(found.get("words", "")), seconds, said)

    def compare(self, folders: Sequence[str]) -> Mapping[str, Any]:
        """`trainer compare` of runs on the host. Refused when it says nothing."""
        done = self._run(["compare", *folders, "--json"], {}, COMPARE_S)
        found = decode_document(done.stdout)
        if found is None:
            raise self._refusal(done)
        return found

    def study(self, name: str, text: str, env: Mapping[str, str]) -> Channel:
        """`trainer tune --serve` on the host, in the folder of the run `name`, with this configuration."""
        folder = f"{self._root}/runs/{name}"
        settings = _settings({**self.around(env), "TRAJ_RUN_DIR": folder})  # a stop of the run finds it by that
        argv = self.argv("tune", f"{folder}/{_STUDY_FILE}", "--run-dir", folder, "--serve")
        written = self._transport.run(["sh", "-c", _WRITE, "sh", folder, _STUDY_FILE], input=text.encode())
        if written.code != 0:
            raise self._refusal(written)
        return self._transport.open(["env", *settings, *argv])

    def _with_gpus(self, gpus: float) -> list[str]:
        """What comes before a command that is to have GPUs of the host's queue, if they are free now."""
        if not gpus:
            return []
        path, name = f"{self._root}/slots.py", f"check-{secrets.token_hex(4)}"
        self._transport.run(["sh", "-c", _PUT, "sh", path], input=script("remote.slots", "remote.probe"))
        place = ["env", f"TRAJ_RUN_DIR={self._root}/runs/{name}"]
        return [*place, self._python, "-B", path, "--gpus", f"{gpus:g}", "--now", "--"]

    def _resolve_here(self, path: Path, changes: Sequence[str], env: Mapping[str, str]) -> Completed:
        """A configuration that lies on this laptop, shown to the trainer on the host."""
        settings = _settings(self.around(env))
        words = ["sh", "-c", _RESOLVE, "sh", path.name, "env", *settings, *self.argv("config")]
        return self._transport.run([*words, "--json", *changes], input=path.read_bytes(), timeout=RESOLVE_S)

    def _refusal(self, done: Completed) -> Refused:
        text = _complaint(done)
        if self._host.remote and "No module named trainer" in text:
            if not self._host.code:
                return Refused(
                    "the trainer that was sent to the host is gone from there", "trajconsole deploy, then again"
                )
            return Refused(
                f"{self._python} on the host finds no trainer in code = {self._host.code!r}",
                "name a folder there that holds trainer/, or leave code out: then the trainer is sent there",
            )
        if done.code == 127:
            return Refused(f"the host has no {self._python}", "set the host's python to one that has torch")
        return Refused(text)

    def _run(self, arguments: Sequence[str], env: Mapping[str, str], timeout: float) -> Completed:
        settings = _settings(self.around(env))
        return self._transport.run(["env", *settings, *self.argv(*arguments)], timeout=timeout)


def data_folder(host: HostConfig, root: str) -> str:
    """Where data sets lie on a host."""
    given = "" if host.remote else os.environ.get("TRAJ_DATA")
    return given or f"{root}/data"


def _settings(env: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in env.items()]


def _complaint(done: Completed) -> str:
    """What the trainer said of it, without its name in front of every line."""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    if any(line.startswith("Traceback") for line in lines):
        lines = lines[-1:]
    text = "\n".join(line.removeprefix("trainer: ") for line in lines)
    return text or f"the trainer ended with code {done.code} and said nothing"
