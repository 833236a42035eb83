"""A whole day in a minute, in a real terminal, as a newcomer has it: an empty home, a host that nobody has trusted yet,
two workers, one of them stopped, what they came to brought home.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import Terminal

from console.config import load
from console.editing.draft import open_draft

REPOSITORY = Path(__file__).parents[3]
TINY = """task = "tiny"
[run]
epochs = {epochs}
batch = 8
log_every = 2
device = "cpu"
threads = 1
[optim]
lr = 0.01
[loss]
step_s = {step}
"""


@pytest.fixture
def newcomer(lan, tmp_path):
    host = lan.host("gpu1", known=False)
    home = tmp_path / "newcomer"
    home.mkdir()
    env = {
        "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "TRAJCONSOLE_SSH_CONFIG": str(lan.config),
        "XDG_CONFIG_HOME": str(home / ".config"), "XDG_STATE_HOME": str(home / ".state"), "LANG": "C.UTF-8",
        "TRAJCONSOLE_ROOT": str(home / "root"), "OMP_NUM_THREADS": "1", "TRAJCONSOLE_STATE": str(home / "state"),
    }  # fmt: skip
    terminal = Terminal(home, [sys.executable, "-m", "console"], env, (100, 30))
    yield host, home, env, terminal
    terminal.close()


def add_workers(config: Path, folder: Path) -> None:
    """As a person does it in an editor, while the console is open. The host learns of the tiny task by its Python."""
    (folder / "sitecustomize.py").write_text("import tiny_task\n\ntiny_task.register()\n")
    env = {"PYTHONPATH": f"{folder}:{REPOSITORY}/tests/data", "OMP_NUM_THREADS": "1"}
    draft = open_draft(config).with_change(("hosts", "gpu1", "python"), sys.executable)
    for name, epochs, step in (("quick", 2, 0.01), ("slow", 500, 0.05)):
        (config.parent / f"{name}.toml").write_text(TINY.format(epochs=epochs, step=step))
        draft = draft.with_change(("workers", name), {"host": "gpu1", "trainer": f"{name}.toml", "env": env})
    draft.save()


@pytest.mark.timeout(400)  # half a minute on a quiet machine
def test_from_an_empty_home_to_results_on_this_laptop(newcomer):
    host, home, env, terminal = newcomer
    text = terminal.shows("this machine is your first host")
    assert "h adds hosts from ~/.ssh/config (1 found)" in " ".join(text.replace("▌", " ").split())

    terminal.keys("h")
    terminal.shows("gpu1")
    terminal.keys("Space", "c")
    text = terminal.shows("›[ leave it ]")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", f"{host.host_key}.pub"], capture_output=True, text=True
    ).stdout.split()[1]
    assert shown in text
    terminal.keys("Right", "Enter")
    terminal.shows("✓ tmux")
    terminal.keys("w")
    terminal.shows("+[hosts.gpu1]")
    terminal.keys("Enter")
    terminal.until(lambda text: "● gpu1" in text and "WORKERS" in text, "gpu1 is connected")
    config = home / ".config/trajconsole/config.toml"
    assert list(load(config).hosts) == ["here", "gpu1"]

    add_workers(config, home)
    terminal.shows("new workers quick, slow")
    terminal.keys("/")
    terminal.shows("filter: text")
    terminal.type("host=gpu1")
    terminal.keys("Enter")
    terminal.until(lambda text: "quick" in text and "pretrained" not in text.split("WORKERS")[1], "only those of gpu1")
    terminal.keys("Space", "Space", "s")
    terminal.until(lambda text: "▶ slow" in text or "slow       training" in text, "slow trains", 120)
    terminal.until(lambda text: "quick" in text and "finished" in text, "quick is finished", 120)

    terminal.keys("Escape")
    terminal.shows("pretrained")
    terminal.keys("Escape")
    terminal.until(lambda text: "+" not in text, "nobody is tagged")
    terminal.keys("G")
    terminal.shows("─ slow ─")
    terminal.keys("l")
    # A log that still fits has nowhere to scroll to: its first epoch must have left the view.
    terminal.until(
        lambda text: text.count("val_loss") > 10 and "epoch 1/500" not in text, "a log that can be scrolled", 120
    )
    terminal.keys("k")
    terminal.shows("paused")
    terminal.keys("f")
    terminal.shows("following")
    terminal.keys("x")
    terminal.until(
        lambda text: "Stop 1 worker" in text and "slow on gpu1" in text and "then INT after" in text, "its ladder"
    )
    terminal.keys("Enter")
    terminal.shows("gone, verified", 100)
    terminal.keys("Enter")
    terminal.shows("■ slow")

    done = subprocess.run(
        [sys.executable, "-m", "console", "compare", "quick", "slow"],
        env={**os.environ, **env}, capture_output=True, text=True, cwd=home,
    )  # fmt: skip
    assert done.returncode == 0 and "quick" in done.stdout and "slow" in done.stdout, done.stdout + done.stderr

    terminal.keys("p")
    terminal.shows("Pull 1 run")
    terminal.keys("Enter")
    terminal.shows("✓ pull slow: pulled")
    (pulled,) = (home / "runs").glob("slow-*")
    assert json.loads((pulled / "pulled.json").read_text())["complete"] and list((pulled / "checkpoints").iterdir())
    terminal.keys("Enter")
    terminal.until(lambda text: "─ Pull" not in text, "the dialog is closed")
    terminal.keys("q")
    terminal.until(lambda text: "WORKERS" not in text, "the console has left")
    assert [path.name for path in (host.home / ".trajconsole/runs").iterdir() if path.name.startswith("slow-")]
