"""What the trainer says of a configuration that is being written: asked of the trainer on this machine, as a process.

It is the very trainer that a start sends to the host, and reading a configuration needs no torch: the answer comes in a
fraction of a second, also while no host can be reached. The host's own trainer has the last word when it starts.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.editing.text import value_text
from trainer.record import code

_PATIENCE_S = 60.0  # on a machine that is busy with everything else
PRESETS = code.PACKAGE / "presets"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The complete configuration; or what is wrong, by key where the trainer names one."""

    table: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def problem_of(self, key: str) -> str:
        """What is wrong with this key."""
        return next((text.removeprefix(f"{key}: ") for text in self.problems if text.startswith(f"{key}: ")), "")


def presets() -> list[str]:
    """Names of the configurations that come with the trainer."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def resolve(spec: str, changes: Mapping[str, Any], *, text: str = "", folder: Path | None = None) -> Resolved:
    """Ask the trainer. `text`: a configuration that lies in no file yet."""
    if not text:
        return _ask(spec, changes, folder)
    with tempfile.TemporaryDirectory(prefix="trajconsole-") as place:
        path = Path(place) / "run.toml"
        path.write_text(text, "utf-8")
        return _ask(str(path), changes, folder)


def refusals(spec: str, changes: Sequence[Mapping[str, Any]], folder: Path | None = None) -> list[tuple[str, ...]]:
    """What is wrong with each of many variants of one configuration: nothing for those that are right."""
    with tempfile.TemporaryDirectory(prefix="trajconsole-") as place:
        path = Path(place) / "variants.json"
        path.write_text(json.dumps([[f"{key}={value_text(value)}" for key, value in one.items()] for one in changes]))
        done = _run(["config", spec, "--each", str(path)], folder)
    if isinstance(done, str):
        return [(done,) for _ in changes]
    if done.returncode:
        return [problems_of(done.stderr) for _ in changes]
    return [problems_of(text) if text else () for text in json.loads(done.stdout)["problems"]]


def _ask(spec: str, changes: Mapping[str, Any], folder: Path | None) -> Resolved:
    sets = [part for key, value in changes.items() for part in ("--set", f"{key}={value_text(value)}")]
    done = _run(["config", spec, "--json", *sets], folder)
    if isinstance(done, str):
        return Resolved(problems=(done,))
    if done.returncode:
        return Resolved(problems=problems_of(done.stderr))
    table = json.loads(done.stdout)
    assert isinstance(table, dict)
    return Resolved(table)


def _run(words: Sequence[str], folder: Path | None) -> "subprocess.CompletedProcess[str] | str":
    """The trainer of this machine; a text says why there is no answer."""
    path = os.pathsep.join(filter(None, [str(code.PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
    argv = [sys.executable, "-P", "-m", "trainer", *words]
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL,
            cwd=folder, env={**os.environ, "PYTHONPATH": path}, check=False,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"the trainer on this machine does not answer: {error}"


def problems_of(stderr: str) -> tuple[str, ...]:
    """What the trainer said, without its name and without that of --set."""
    lines = [line.removeprefix("trainer: ").removeprefix("--set: ") for line in stderr.strip().splitlines()]
    return tuple(line for line in lines if line) or ("the trainer refused it without a word",)
