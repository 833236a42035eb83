"""Real sshd processes on loopback, each with keys, home and configuration of its own; only they are ended."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", str(path)], check=True)
    return path


def children(pid: int) -> list[int]:
    """Everything below a process."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # it may end while it is looked at
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, task.read_text().split()):
                found += [child, *children(child)]
    return found


class Sshd:
    """One host."""

    def __init__(self, folder: Path, address: str, user_key: Path, extra: str = "") -> None:
        folder.mkdir(parents=True)
        self.folder, self.address, self.home = folder, address, folder / "home"
        self.home.mkdir()
        self.host_key = make_key(folder / "host_key")
        with socket.socket() as free:
            free.bind((address, 0))
            self.port = free.getsockname()[1]
        (folder / "authorized_keys").write_text(Path(f"{user_key}.pub").read_text())
        self.config = folder / "sshd_config"
        self.config.write_text(
            f"{extra}\nPort {self.port}\nListenAddress {address}\nHostKey {self.host_key}\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
            f"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPrintMotd no\n"
            f"SetEnv HOME={self.home} TMUX_TMPDIR={folder}\n"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.process = subprocess.Popen(
            [SSHD, "-D", "-f", str(self.config), "-E", str(self.folder / "sshd.log")],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(self._listens)

    def _listens(self) -> bool:
        assert self.process is not None and self.process.poll() is None, (self.folder / "sshd.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex((self.address, self.port)) == 0

    @property
    def sessions(self) -> list[int]:
        """Its processes for connections, with what runs in them."""
        assert self.process is not None
        return children(self.process.pid)

    def connections(self) -> list[int]:
        """One process of the listener's own for each connection."""
        assert self.process is not None
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in task.read_text().split()]

    def servers(self) -> list[int]:
        """Only the sshd processes of connections."""
        return [pid for pid in self.sessions if _name(pid).startswith("sshd")]

    def harm(self, number: int) -> None:
        for pid in self.servers():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def known_line(self, name: str = "") -> str:
        words = Path(f"{self.host_key}.pub").read_text().split()
        return f"{name or f'[{self.address}]:{self.port}'} {words[0]} {words[1]}\n"

    def restart(self) -> None:
        self.stop()
        self.start()

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)  # no new session while the old ones are ended
        left = [*self.sessions, self.process.pid]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        subprocess.run(
            ["sh", "-c", f'for s in {self.folder}/tmux-*/*; do [ -S "$s" ] && tmux -S "$s" kill-server; done'],
            capture_output=True,
            check=False,
        )


def command(pid: int) -> bytes:
    """Its command line; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


class Lan:
    """Hosts, one user's keys, and an ssh configuration of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = make_key(folder / "id_user")
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text("")
        self.config = folder / "ssh_config"
        self.config.write_text("")
        self.hosts: list[Sshd] = []

    def host(self, alias: str, extra: str = "", *, known: bool = True, settings: str = "") -> Sshd:
        """A running host that can be reached by its alias."""
        host = Sshd(self.folder / alias, f"127.0.1.{len(self.hosts) + 1}", self.key, extra)
        self.hosts.append(host)
        self.alias(alias, f"HostName {host.address}\nPort {host.port}\n{settings}")
        if known:
            self.know(host.known_line())
        return host

    def alias(self, name: str, text: str) -> None:
        with self.config.open("a") as file:
            file.write(
                f"Host {name}\n{text}\nUserKnownHostsFile {self.known_hosts}\nGlobalKnownHostsFile none\n"
                f"HashKnownHosts no\nIdentityAgent none\nIdentitiesOnly yes\nConnectTimeout 5\n"
            )
            if "IdentityFile" not in text:
                file.write(f"IdentityFile {self.key}\n")

    def know(self, line: str) -> None:
        with self.known_hosts.open("a") as file:
            file.write(line)

    def close(self) -> None:
        for host in self.hosts:
            host.stop()
