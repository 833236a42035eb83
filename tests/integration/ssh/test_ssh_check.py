"""`trajconsole check` against real sshd: what is in the way is named, and no host waits for another."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


class Laptop:
    """The command, with the hosts of a network in its configuration. Its Pythons find no torch, to save time."""

    def __init__(self, lan):
        self.lan, self.folder = lan, lan.folder / "laptop"
        self.folder.mkdir()
        self.python = self.folder / "bare-python"
        self.python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
        self.python.chmod(0o755)

    def check(self, *words, aliases):
        text = "".join(
            f'[hosts.{name}]\nssh = "{name}"\nssh_config = "{self.lan.config}"\npython = "{self.python}"\n'
            for name in aliases
        )
        text += "".join(f'[workers.w-{name}]\nhost = "{name}"\ncommand = ["sleep", "1"]\n' for name in aliases)
        (self.folder / "config.toml").write_text(text)
        env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TRAJCONSOLE_STATE": str(self.folder / "state")}
        return subprocess.Popen(
            [sys.executable, "-m", "console", "--config", str(self.folder / "config.toml"), "check", *words],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip

    def checks(self, *aliases):
        """name → what was found of the first host, and the exit code."""
        with self.check("--json", aliases=aliases) as process:
            out, err = process.communicate(timeout=120)
        found = json.loads(out)["checks"]
        assert err, "progress goes to stderr"
        rows = {item["name"]: item for item in found if item["subject"] == f"host {aliases[0]}"}
        return rows, found, process.returncode


@pytest.fixture
def laptop(lan):
    return Laptop(lan)


def test_a_plain_host_passes_with_all_that_was_looked_at(laptop):
    laptop.lan.host("gpu1")
    rows, found, code = laptop.checks("gpu1")
    assert code == 0 and all(item["ok"] for item in found)
    looked_at = "reach, login shell, sessions, python, tmux, flock, probe, clock, root, data"
    assert set(looked_at.split(", ")) <= set(rows)
    assert rows["torch"]["level"] == "warning" and "pip install" in rows["torch"]["mend"]  # nothing here trains
    assert rows["sessions"]["level"] == "ok" and "quiet" in rows["login shell"]["detail"]
    assert found[-1]["subject"] == "worker w-gpu1"


def test_a_noisy_login_with_one_session_a_connection(laptop):
    host = laptop.lan.host("gpu1", "MaxSessions 1")
    (host.home / ".bashrc").write_text("echo 'Welcome to the cluster'; echo psst >&2\n")
    (host.home / ".zshenv").write_text("echo 'Welcome to the cluster'; echo psst >&2\n")
    rows, _, code = laptop.checks("gpu1")
    assert code == 0
    assert rows["sessions"]["level"] == "warning" and "MaxSessions" in rows["sessions"]["mend"]
    shell = rows["login shell"]
    if shell["level"] == "ok":
        pytest.skip("the login shell of this user reads no start file for commands")
    assert "28 bytes" in shell["detail"] and "Welcome to the cluster" in shell["detail"] and "case $-" in shell["mend"]


def test_an_unknown_key_and_a_refused_login_have_names_and_mends(laptop):
    laptop.lan.host("gpu1", known=False)
    other = laptop.lan.host("gpu2")
    (other.folder / "authorized_keys").write_text("")
    _, found, code = laptop.checks("gpu1", "gpu2")
    bad = {item["subject"]: item for item in found if not item["ok"]}
    assert code == 3
    assert bad["host gpu1"]["name"] == "host key" and "trajconsole trust gpu1" in bad["host gpu1"]["mend"]
    assert bad["host gpu2"]["name"] == "login" and bad["host gpu2"]["mend"]


def test_a_host_that_hangs_delays_nobody(laptop):
    """The silent host is given a minute, and everything of the other is printed long before."""
    hung = laptop.lan.host("hung", settings="ConnectTimeout 60")
    laptop.lan.host("well")
    hung.harm(19)
    assert hung.process is not None
    os.kill(hung.process.pid, 19)
    with laptop.check(aliases=("hung", "well")) as process:
        guard = threading.Timer(90, process.kill)
        guard.start()
        lines = []
        try:
            for line in process.stdout:
                lines.append(line)
                if "w-well" in line:
                    break
            process.send_signal(2)
            assert process.wait(30) == 130
        finally:
            guard.cancel()
            process.kill()
    assert "✓ w-well" in lines[-1] and any("✓ host well: root" in line for line in lines)
    assert not any("host hung" in line for line in lines)
