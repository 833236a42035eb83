"""Four hosts and thirteen workers of a night: rivals, and programs that fail in their own ways when told to."""

import os
import signal
from pathlib import Path

from machine import REPOSITORY, Machine, Testbed, name_of
from night_laptop import NightLaptop
from sshd_house import command

HOSTS = ("north", "east", "south", "west")
ROOT = "/root/.trajconsole"
# Each host has a disk of its own, which outlives a crash; but for south, whose disk can be filled to the last byte.
SMALL = f"mkdir -p {ROOT}; mount -t tmpfs -o size=200m tmpfs {ROOT}\n"
LARGE = f"""
if [ ! -e /run/host/disk ]; then
  truncate -s 20G /run/host/disk
  mkfs.ext4 -q -m 0 -O ^has_journal -E lazy_itable_init=1,nodiscard /run/host/disk
fi
mkdir -p {ROOT}
mount -o loop,noinit_itable /run/host/disk {ROOT}
"""

# The tiny task of the tests, known to every trainer that a host starts; without importing torch.
KNOWN = (
    "from trainer.tasks import REGISTRY, Entry\n"
    'REGISTRY["tiny"] = Entry("tiny_settings:Settings", "tiny_task:TinyTask", "tiny_task:inspect")\n'
)
TRAINING = """
task = "tiny"
[run]
epochs = 100000
batch = 8
log_every = 5
device = "cpu"
[optim]
lr = 0.003
[loss]
step_s = 0.2
[stop]
all = ["val_accuracy >= 0.6", "val_loss <= {loss}"]
every = {every}
"""
EASY, HARD, NEVER = (10.0, 160), (-1.0, 5), (-1.0, 100_000)  # the loss to reach, and how often that is decided

RACE = {"quick": "north", "close": "east", "slow": "south", "lost": "west"}
TRAINERS = {**RACE, "stuck": "north", "nan": "west"}

_TOLD = "import os, time\nwhile not os.path.exists(os.path.expanduser('~/go-{0}')): time.sleep(0.2)\n"
PROGRAMS = {
    "import": ("north", "import no_such_module_at_all\n"),
    "missing": ("east", "open('/data/clips/of/nobody.pt')\n"),
    "memory": ("south", "raise MemoryError\n"),
}
SHELLS = {
    "shot": ("north", "while :; do date; sleep 1; done"),
    "forgotten": ("east", "exec true"),
    "hoard": (
        "south",
        "cd ~/.trajconsole; until [ -e ~/fill ]; do sleep 0.2; done; "
        "until [ -e ~/empty ]; do cat /dev/zero >> scratch; sync; sleep 0.5; done 2>/dev/null; rm scratch",
    ),
}
SILENT = ("south", "import time\nwhile True:\n  print('working')\n  time.sleep(1)\n")  # Python keeps it back
WORKERS = {**TRAINERS, "silent": SILENT[0], **{name: host for name, (host, _) in (PROGRAMS | SHELLS).items()}}


class NightHosts:
    """`machines` by name."""

    def __init__(self, bed: Testbed) -> None:
        self.machines: dict[str, Machine] = {}
        for name in HOSTS:
            self.machines[name] = bed.machine(name, setup=SMALL if name == "south" else LARGE)
            code = self.machines[name].home / "code"
            code.mkdir()
            (code / "trainer").symlink_to(REPOSITORY / "trainer")
            for part in ("tiny_task.py", "tiny_settings.py"):
                (code / part).symlink_to(REPOSITORY / "tests/data" / part)
            (code / "sitecustomize.py").write_text(KNOWN)

    def configuration(self, bed: Testbed, laptop: NightLaptop, python: str) -> str:
        parts = [laptop.alerts()]
        for name in HOSTS:
            about = f'ssh = "{name}"\nssh_config = "{bed.config}"\npython = "{python}"\ncode = "/root/code"'
            parts.append(f"[hosts.{name}]\n{about}\n")
        for name, host in TRAINERS.items():
            rule = {"slow": HARD, "lost": HARD, "stuck": NEVER, "nan": NEVER}.get(name, EASY)
            (laptop.folder / f"{name}.toml").write_text(TRAINING.format(loss=rule[0], every=rule[1]))
            changes = "set = { loss.nan_at = 100 }\n" if name == "nan" else ""
            parts.append(f'[workers.{name}]\nhost = "{host}"\ntrainer = "{name}.toml"\n{changes}')
        for name, (host, text) in PROGRAMS.items():
            parts.append(_as_command(name, host, ["{python}", "-c", _TOLD.format(name) + text]))
        for name, (host, text) in SHELLS.items():
            parts.append(_as_command(name, host, ["sh", "-c", text]))
        parts.append(_as_command("silent", SILENT[0], ["env", "-u", "PYTHONUNBUFFERED", "{python}", "-c", SILENT[1]]))
        rivals = ", ".join(f'"{name}"' for name in RACE)
        return "\n".join([*parts, f"[races.night]\nworkers = [{rivals}]\n"])

    def folder(self, name: str) -> Path:
        """Where a worker's only run lies, seen from here."""
        (found,) = self.runs(WORKERS[name]).glob(f"{name}-*")
        return found

    def runs(self, host: str) -> Path:
        return self.machines[host].path(f"{ROOT}/runs")

    def go(self, worker: str) -> None:
        (self.machines[WORKERS[worker]].home / f"go-{worker}").touch()

    def processes(self, worker: str) -> list[int]:
        """All that belong to its run: they have its folder in their environment or command line."""
        found, mark = [], f"{ROOT}/runs/{worker}-".encode()
        for pid in self.machines[WORKERS[worker]].sessions:
            try:
                words = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if mark in words and not name_of(pid).startswith("tmux"):
                found.append(pid)
        return found

    def own(self, worker: str) -> list[int]:
        """Without what the launcher has around them."""
        return [pid for pid in self.processes(worker) if b"launch.sh" not in command(pid)]

    def signal(self, worker: str, number: signal.Signals, *, name: str) -> None:
        """To those of its own that are called so."""
        for pid in self.own(worker):
            if name_of(pid).startswith(name):
                os.kill(pid, number)

    def marks(self) -> dict[str, bytes]:
        """The winner, as each host has it."""
        found = {}
        for name, machine in self.machines.items():
            for path in machine.path(f"{ROOT}/races").glob("*/winner.json"):
                found[name] = path.read_bytes()
        return found


def _as_command(name: str, host: str, argv: list[str]) -> str:
    words = ", ".join(f"'''{word}'''" if "\n" in word or '"' in word else f'"{word}"' for word in argv)
    return f'[workers.{name}]\nhost = "{host}"\ncommand = [{words}]\n'
