"""A laptop with a configuration of its own, and the command `trajconsole` on it, with one host behind ssh."""

import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


class Laptop:
    def __init__(self, lan, host):
        self.lan, self.host, self.folder = lan, host, lan.folder / "laptop"
        self.folder.mkdir()
        self.config = self.folder / "config.toml"
        self.python = sys.executable
        self.write("")

    def write(self, text, more=""):
        (self.folder / "ssh_config").write_text(self.lan.config.read_text())
        python = f'python = "{self.python}"\n' if self.python else ""
        self.config.write_text(f'[hosts.far]\nssh = "gpu1"\nssh_config = "ssh_config"\n{python}{more}\n{text}')

    def run(self, *words):
        return subprocess.run(
            self._argv(words), env=self._env(), capture_output=True, text=True, timeout=120, cwd=self.folder,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def spawn(self, *words):
        with (self.folder / "console.out").open("ab") as out:
            return subprocess.Popen(
                self._argv(words), env=self._env(), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder
            )

    def said(self):
        return (self.folder / "console.out").read_text()

    def row(self, worker):
        done = self.run("status", "--json")
        assert done.returncode == 0, done.stderr
        return next(row for row in json.loads(done.stdout)["workers"] if row["worker"] == worker)

    def wait(self, worker, wanted):
        end = time.monotonic() + 90
        while not wanted(row := self.row(worker)):
            assert time.monotonic() < end, row
        return row

    def run_folder(self, worker):
        """The worker's newest run, on the host."""
        return max((self.host.home / ".trajconsole/runs").glob(f"{worker}-*"))

    def run_toml(self, worker):
        return tomllib.loads((self.run_folder(worker) / "run.toml").read_text())

    def objects(self):
        """What the host's store holds."""
        return sorted((self.host.home / ".trajconsole/code/objects").glob("*/*"))

    def bare_python(self, *packages):
        """A Python on the host that has of this one's packages only these, and what torch needs."""
        (site,) = {path for path in map(Path, sys.path) if (path / "torch/__init__.py").exists()}
        own = self.host.home / "its packages"
        own.mkdir()
        torch = ["filelock", "typing_extensions.py", "sympy", "mpmath", "networkx", "jinja2", "markupsafe", "fsspec"]
        for name in (*packages, *torch, "torchgen"):
            if (site / name).exists():
                (own / name).symlink_to(site / name)
        venv = self.host.home / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        (folder,) = venv.glob("lib/python3*/site-packages")
        (folder / "own.pth").write_text(f"{own}\n")
        self.python = ""

    def _argv(self, words):
        return [sys.executable, "-m", "console", "--config", str(self.config), *words]

    def _env(self):
        return {**os.environ, "PYTHONPATH": str(REPOSITORY), "TRAJCONSOLE_STATE": str(self.folder / "state")}
