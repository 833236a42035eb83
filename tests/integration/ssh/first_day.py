"""A whole day in a minute, as a newcomer has it: an empty home, a host that nobody has trusted yet, two workers, one of
them stopped, compared, and what they came to brought home. Written once, for every screen that shows text and has keys.

After each key the state is waited for that the next key needs: on a busy machine a key that comes too early is lost.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from sshd_house import Sshd
from terminal import Seen

from console.config import load
from console.editing.draft import open_draft

REPOSITORY = Path(__file__).parents[3]
LINES = re.compile(r"line \d+ of (\d+)")
LONG = 200.0  # seconds for what processes on the host do
TINY = """task = "tiny"
[run]
epochs = {epochs}
batch = 24
log_every = 2
device = "cpu"
threads = 1
[optim]
lr = 0.01
[loss]
step_s = {step}
"""


def environment(home: Path, ssh_config: Path) -> dict[str, str]:
    """Of a newcomer, who has nothing yet but an ssh configuration."""
    home.mkdir()
    return {
        "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "TRAJCONSOLE_SSH_CONFIG": str(ssh_config),
        "XDG_CONFIG_HOME": str(home / ".config"), "XDG_STATE_HOME": str(home / ".state"), "LANG": "C.UTF-8",
        "TRAJCONSOLE_ROOT": str(home / "root"), "OMP_NUM_THREADS": "1", "TRAJCONSOLE_STATE": str(home / "state"),
    }  # fmt: skip


class Day:
    """The steps, in their order. `home` is the newcomer's."""

    def __init__(self, screen: Seen, host: Sshd, home: Path) -> None:
        self.screen, self.host, self.home = screen, host, home

    def live(self) -> None:
        """All of it."""
        self.first_run()
        self.trust_a_host()
        self.add_workers()
        self.start_two()
        self.filter_the_log()
        self.stop_one()
        self.compare()
        self.pull()
        self.screen.keys("q")
        self.screen.left()

    def first_run(self) -> None:
        text = self.screen.shows("this machine is your first host")
        assert "h adds hosts from ~/.ssh/config (1 found)" in " ".join(text.replace("▌", " ").split())

    def trust_a_host(self) -> None:
        """Ticked, its key compared, looked at, written down."""
        screen = self.screen
        screen.keys("h")
        screen.shows("[ ] ")
        screen.keys("Space")
        screen.shows("[x] ")
        screen.keys("c")
        text = screen.shows("›[ leave it ]", LONG)
        shown = subprocess.run(["ssh-keygen", "-lf", f"{self.host.host_key}.pub"], capture_output=True, text=True)
        assert shown.stdout.split()[1] in text
        screen.keys("Right")
        screen.shows("›[ it is the same: trust it ]")
        screen.keys("Enter")
        screen.until(lambda text: "✓ tmux" in text and "looking …" not in text, "all of gpu1 was looked at", LONG)
        screen.keys("w")
        screen.until(lambda text: "+[hosts.gpu1]" in text and "›[ save ]" in text, "the difference")
        screen.keys("Enter")
        screen.until(lambda text: "● gpu1" in text and "WORKERS" in text, "gpu1 is connected", LONG)
        assert list(load(self.config).hosts) == ["here", "gpu1"]

    def add_workers(self) -> None:
        """As in an editor, while the console is open. The host learns of the tiny task by its Python."""
        folder = self.home
        (folder / "sitecustomize.py").write_text("import tiny_task\n\ntiny_task.register()\n")
        env = {"PYTHONPATH": f"{folder}:{REPOSITORY}/tests/data", "OMP_NUM_THREADS": "1"}
        draft = open_draft(self.config).with_change(("hosts", "gpu1", "python"), sys.executable)
        for name, epochs, step in (("quick", 2, 0.01), ("slow", 5000, 0.03)):
            (self.config.parent / f"{name}.toml").write_text(TINY.format(epochs=epochs, step=step))
            draft = draft.with_change(("workers", name), {"host": "gpu1", "trainer": f"{name}.toml", "env": env})
        draft.save()
        self.screen.until(lambda text: "○ slow" in workers(text), "the new workers are listed")

    def start_two(self) -> None:
        """Found by the filter, tagged, started together, and watched."""
        screen = self.screen
        screen.keys("/")
        screen.shows("filter: text")
        screen.type("host=gpu1")
        screen.until(lambda text: "quick" in workers(text) and "pretrained" not in workers(text), "only those of gpu1")
        screen.keys("Enter")
        screen.shows("x stop")  # the box has no key of that name: the table has the keys again
        screen.keys("Space")
        screen.until(lambda text: text.count("+") == 1, "one is tagged")
        screen.keys("Space")
        screen.until(lambda text: text.count("+") == 2, "both are tagged")
        screen.keys("s")
        screen.until(lambda text: "▶ slow" in text, "slow trains", LONG)
        screen.until(lambda text: "✓ quick" in text, "quick is finished", LONG)

    def filter_the_log(self) -> None:
        """The logs of both, merged: only some lines; then all of them again, paused and followed."""
        screen = self.screen
        screen.keys("L")
        screen.shows("merged by time")
        screen.keys("/")
        screen.shows("filter: only lines with")
        screen.type("finished|epoch 2/")
        text = screen.shows("line 3 of 3")
        assert "quick finished: all 2 epochs are done" in text and "epoch 1/" not in text, text
        screen.keys("Enter")
        screen.shows("f follow")
        screen.keys("Escape")
        # A log that still fits has nowhere to scroll to.
        screen.until(lambda text: lines(text) > 40, "a log that can be scrolled", LONG)
        screen.keys("k")
        screen.shows("paused")
        screen.keys("f")
        screen.shows(" following")
        screen.keys("q")
        screen.shows("WORKERS")

    def stop_one(self) -> None:
        """Only the slow one: filter and tags are taken back first. Its ladder is shown before it begins."""
        screen = self.screen
        screen.keys("Escape")
        screen.until(lambda text: "pretrained" in workers(text), "all workers again")
        screen.keys("Escape")
        screen.until(lambda text: "+" not in text, "nobody is tagged")
        screen.keys("G")
        screen.until(lambda text: re.search("› . slow", text), "slow is selected")
        screen.keys("x")
        screen.until(
            lambda text: all(words in text for words in ("Stop 1 worker", "slow on gpu1", "INT after", "›[ stop ]")),
            "its ladder",
        )
        screen.keys("Enter")
        screen.until(lambda text: "gone, verified" in text and "›[ close ]" in text, "gone, verified", LONG)
        screen.keys("Enter")
        screen.until(lambda text: "Stop 1 worker" not in text and "■ slow" in text, "slow is stopped")

    def compare(self) -> None:
        """Curves over each other, then the settings that differ, then in words."""
        screen = self.screen
        screen.keys("c")
        text = screen.until(lambda text: "compare 2 runs" in text and "untrained" in text, "both runs")
        assert "a━━ quick" in text and "b╍╍ slow" in text, text
        screen.keys("]")
        text = screen.until(lambda text: "run.epochs" in text, "settings that differ")
        assert "loss.step_s" in text and "5000" in text, text
        screen.keys("]")
        screen.shows("slow: 120 points")
        screen.keys("q")
        screen.until(lambda text: "WORKERS" in text and "compare 2 runs" not in text, "the fleet again")

    def pull(self) -> None:
        """What the stopped one came to is here, whole, and still there."""
        screen = self.screen
        screen.keys("p")
        screen.until(lambda text: "Pull 1 run" in text and "›[ pull ]" in text, "what would be pulled")
        screen.keys("Enter")
        screen.until(lambda text: "✓ pull slow: pulled" in text and "›[ close ]" in text, "slow is here", LONG)
        (pulled,) = (self.home / "runs").glob("slow-*")
        assert json.loads((pulled / "pulled.json").read_text())["complete"] and list((pulled / "checkpoints").iterdir())
        assert list((self.host.home / ".trajconsole/runs").glob("slow-*"))
        screen.keys("Enter")
        screen.until(lambda text: "─ Pull" not in text, "the dialog is closed")

    @property
    def config(self) -> Path:
        return self.home / ".config/trajconsole/config.toml"


def lines(text: str) -> int:
    """How many a log has."""
    found = LINES.search(text)
    return int(found[1]) if found else 0


def workers(text: str) -> str:
    """What stands below that head."""
    return text.partition("WORKERS")[2]
