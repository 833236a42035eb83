"""A host of its own: network, processes, mounts, name, users, home and /tmp; sshd is its first process."""

import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from sshd_house import SSHD, Lan, children, make_key, until
from wire import WITH_US, Wire

REPOSITORY = Path(__file__).parents[3]

# $1 the host's folder, $2 its name, then what must be seen although it lies in a covered place. They are covered last.
INIT = r"""
set -eu
folder=$1; hostname "$2"; shift 2
mount -t proc proc /proc
mount --bind "$folder/boot_id" /proc/sys/kernel/random/boot_id
mount -t tmpfs tmpfs /run
mkdir -p -m 755 /run/sshd /run/host
mount --bind "$folder" /run/host
for file in "$folder"/etc/*; do mount --bind "$file" "/etc/${file##*/}"; done
mount -t tmpfs -o mode=755 tmpfs "$folder/home"
mount -t tmpfs -o mode=1777 tmpfs "$folder/tmp"
for seen; do
  case $seen in /tmp/* | /root/* | /home/*) mkdir -p "$folder$seen"; mount --bind "$seen" "$folder$seen";; esac
done
cd /
for place in root home tmp; do mount --rbind "$folder/$place" "/$place"; done
. /run/host/setup.sh
exec "$sshd" -D -e -f /run/host/sshd_config
"""


class Machine:
    """`setup` is sh that runs on it before sshd; `users` are lines of /etc/passwd, `shadow` their password hashes;
    `etc` are further files there, which cover what lies at the top of their path.
    """

    def __init__(
        self,
        folder: Path,
        user_key: Path,
        *,
        sshd: str = "",
        setup: str = "",
        users: tuple[str, ...] = (),
        shadow: tuple[str, ...] = (),
        etc: Mapping[str, str] | None = None,
        wire: Wire | None = None,
    ) -> None:
        self.folder, self.port, self.wire = folder, 22, wire or Wire()
        self.address = self.wire.address
        for part in ("root", "home", "tmp", "etc"):
            (folder / part).mkdir(parents=True)
        self.home = folder / "root"
        folder.chmod(0o755)
        self.host_key = make_key(folder / "host_key")
        (folder / "authorized_keys").write_text(Path(f"{user_key}.pub").read_text())
        for name, more in (("passwd", users), ("shadow", shadow)):
            copy = folder / "etc" / name
            copy.write_text(Path("/etc", name).read_text() + "".join(f"{line}\n" for line in more))
            copy.chmod(0o644 if name == "passwd" else 0o600)
        for name, text in (etc or {}).items():
            (folder / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "etc" / name).write_text(text)
        (folder / "setup.sh").write_text(setup)
        (folder / "sshd_config").write_text(
            f"{sshd}\nPort 22\nHostKey /run/host/host_key\nPidFile none\nAuthorizedKeysFile /run/host/authorized_keys\n"
            "StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPrintMotd no\nUseDNS no\n"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Switch it on: each time it has another boot id."""
        (self.folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
        argv = [*WITH_US, *self.wire.enter, *WITH_US, "unshare", "-m", "-u", "-p", "-f", "--kill-child", "sh", "-c"]
        seen = [str(REPOSITORY), sys.prefix, sys.base_prefix]
        with (self.folder / "console").open("ab") as console:
            self.process = subprocess.Popen(
                [*argv, INIT, "init", str(self.folder), self.folder.name, *dict.fromkeys(seen)],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "sshd": SSHD},
            )
        until(self._listens)

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "console").read_text()
        return "listening on 0.0.0.0" in (self.folder / "console").read_text().rpartition("\n--\n")[2]

    def run(self, script: str) -> str:
        """As root on the host, without ssh."""
        assert self.process is not None
        (init,) = children_of(self.process.pid)
        argv = ["nsenter", f"--target={init}", "--all", "sh", "-c", script]
        return subprocess.run(argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout

    def path(self, inside: str) -> Path:
        """A path of the host, seen from here."""
        assert self.process is not None
        (init,) = children_of(self.process.pid)
        return Path(f"/proc/{init}/root{inside}")

    @property
    def sessions(self) -> list[int]:
        """Everything that runs on it but its first process."""
        assert self.process is not None
        return children(self.process.pid)[1:]

    def servers(self) -> list[int]:
        """The sshd processes of connections."""
        return [pid for pid in self.sessions if name_of(pid).startswith("sshd")]

    def harm(self, number: int) -> None:
        """A signal to all of them."""
        for pid in self.servers():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def known_line(self, name: str = "") -> str:
        words = Path(f"{self.host_key}.pub").read_text().split()
        return f"{name or self.address} {words[0]} {words[1]}\n"

    def crash(self) -> None:
        """At once, with everything on it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        with (self.folder / "console").open("a") as console:
            console.write("\n--\n")

    def stop(self) -> None:
        self.crash()
        self.wire.close()


def children_of(pid: int) -> list[int]:
    """Only the direct ones."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


class Testbed(Lan):
    """Hosts in namespaces, beside those on loopback; one user's keys and ssh configuration."""

    __test__ = False

    def machine(self, alias: str, *, settings: str = "", known: bool = True, **options) -> Machine:
        machine = Machine(self.folder / alias, self.key, **options)
        self.hosts.append(machine)
        self.alias(alias, f"HostName {machine.address}\n{settings}")
        if known:
            self.know(machine.known_line())
        return machine
