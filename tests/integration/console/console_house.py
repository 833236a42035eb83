"""A house to itself for each test: configuration, root, state and tmux server of its own; the console as a process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.config import socket_of

REPOSITORY = Path(__file__).parents[3]


class House:
    """One host (this machine), its folders, and the command `trajconsole` on them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.state = folder, folder / "root", folder / "state"
        self.config = folder / "config.toml"
        self.env = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "TRAJCONSOLE_ROOT": str(self.root),
            "TRAJCONSOLE_STATE": str(self.state),
            "NO_COLOR": "1",
            "OMP_NUM_THREADS": "1",
        }
        self._open: list[subprocess.Popen[bytes]] = []

    def write(self, text: str) -> None:
        self.config.write_text(f"[hosts.here]\n{text}")

    def worker(self, name: str, script: str) -> str:
        """A worker in sh, as configuration text."""
        path = self.folder / f"{name}.sh"
        path.write_text(script)
        return f'[workers.{name}]\nhost = "here"\ncommand = ["sh", "{path}", "{{run}}"]\n'

    def run(self, *arguments: str, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self._argv(arguments), env=self.env, capture_output=True, text=True, timeout=timeout, cwd=self.folder
        )

    def spawn(self, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "console.out").open("ab") as out:
            process = subprocess.Popen(
                self._argv(arguments), env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder
            )
        self._open.append(process)
        return process

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found

    def row(self, worker: str) -> dict[str, Any]:
        return next(row for row in self.status()["workers"] if row["worker"] == worker)

    def wait(self, worker: str, wanted: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
        """The worker's row as soon as it is as wanted."""
        end = time.monotonic() + seconds
        while not wanted(row := self.row(worker)):
            assert time.monotonic() < end, row
            time.sleep(0.3)
        return row

    def wait_for(self, condition: Callable[[], object], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    def folder_of(self, worker: str) -> Path:
        """The worker's only run, on the host."""
        (found,) = (self.root / "runs").glob(f"{worker}-*")
        return found

    def mirror_of(self, run: Path) -> Path:
        return self.state / "mirror" / "here" / "runs" / run.name

    def close(self) -> None:
        for process in self._open:
            process.kill()
            process.wait()
        subprocess.run(["tmux", "-L", socket_of(str(self.root)), "kill-server"], capture_output=True, check=False)

    def _argv(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "console", "--config", str(self.config), *arguments]
