"""All that is to be known before a connection: what `ssh -G` says of a host, or an own reading where there is no ssh.

The own reading goes through paramiko's parser: it follows no Include and no CanonicalizeHostname, and a Match line with
conditions other than host, user, originalhost, localuser and all is not to be relied on.
"""

import contextlib
import getpass
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remote.errors import RemoteError
from remote.ssh.destination import Destination, parse
from remote.ssh.patience import Patience
from remote.ssh.tokens import expand

RESOLVE_S = 10.0
CONNECT_S = 10.0
_DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_DEFAULT_KNOWN = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
_GLOBAL_KNOWN = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"

Table = Mapping[str, Sequence[str]]  # lower-case keyword → its values, in order


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one hop."""

    typed: str
    host: str
    port: int
    user: str
    identities: tuple[Path, ...] = ()
    certificates: tuple[Path, ...] = ()
    identities_only: bool = False
    agent: str | None = None  # the agent's socket; None: there is none
    jumps: tuple[str, ...] = ()
    proxy_command: str = ""
    known_hosts: tuple[Path, ...] = ()
    global_known_hosts: tuple[Path, ...] = ()
    host_key_alias: str = ""
    hash_known_hosts: bool = False
    connect_timeout: float = CONNECT_S
    password: bool = True  # may a password be asked for
    interactive: bool = True  # may a server ask whatever it likes

    @property
    def known_as(self) -> tuple[str, ...]:
        """The names under which its key is looked up; the first is the one to write."""
        if self.host_key_alias:
            return (self.host_key_alias.lower(),)
        host = self.host.lower()
        return (host,) if self.port == 22 else (f"[{host}]:{self.port}", host)


def resolve(typed: str, config_file: str | None = None, patience: Patience | None = None) -> Settings:
    """Settings of what a person typed. RemoteError when the ssh configuration cannot be read."""
    try:
        wanted = parse(typed)
    except ValueError as error:
        raise RemoteError(str(error), "mend the host's `ssh` key") from None
    ssh = shutil.which("ssh")
    table = _ask_ssh(ssh, wanted, config_file, patience or Patience()) if ssh else _read_file(wanted, config_file)
    return from_table(typed, wanted, table)


def _ask_ssh(ssh: str, wanted: Destination, config_file: str | None, patience: Patience) -> Table:
    """A configuration may run programs and ask name servers: bounded, and ended with all that it started."""
    argv = [ssh, "-G", *options(wanted, config_file), "--", wanted.host]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as words:
        process = subprocess.Popen(argv, stdout=out, stderr=words, stdin=subprocess.DEVNULL, start_new_session=True)

        def end() -> None:
            if process.poll() is None:  # afterwards the number may be another's
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

        patience.wakes(end)
        try:
            code = process.wait(RESOLVE_S)
        except subprocess.TimeoutExpired:
            end()
            process.wait()
            mend = "look for a Match exec that does not end in your ssh configuration"
            raise RemoteError(f"ssh -G {wanted.host} took longer than {RESOLVE_S:g} s", mend) from None
        patience.check()
        out.seek(0)
        words.seek(0)
        said = (words.read().decode("utf-8", "replace").strip().splitlines() or ["no word"])[-1]
        text = out.read().decode("utf-8", "surrogateescape")
    if code != 0:
        raise RemoteError(f"ssh cannot use its configuration for {wanted.host}: {said}", "mend your ssh configuration")
    return parse_table(text)


def options(wanted: Destination, config_file: str | None) -> list[str]:
    """Options of ssh that say the same as what was typed."""
    found = ["-F", str(Path(config_file).expanduser())] if config_file else []
    found += ["-l", wanted.user] if wanted.user else []
    return found + (["-p", str(wanted.port)] if wanted.port else [])


def parse_table(text: str) -> Table:
    """`ssh -G` output."""
    table: dict[str, list[str]] = {}
    for line in text.splitlines():
        keyword, _, value = line.partition(" ")
        if keyword:
            table.setdefault(keyword.lower(), []).append(value)
    return table


def _read_file(wanted: Destination, config_file: str | None) -> Table:
    import paramiko  # noqa: PLC0415 - only where there is no ssh

    path = Path(config_file or "~/.ssh/config").expanduser()
    table: dict[str, list[str]] = {}
    try:
        if path.exists() or config_file:
            found: Mapping[str, Any] = paramiko.SSHConfig.from_path(str(path)).lookup(wanted.host)
            table = {key: value if isinstance(value, list) else [str(value)] for key, value in found.items()}
    except (OSError, UnicodeDecodeError, paramiko.SSHException) as error:
        raise RemoteError(f"{path} cannot be read: {error}", "mend your ssh configuration") from error
    if wanted.user:
        table["user"] = [wanted.user]
    if wanted.port:
        table["port"] = [str(wanted.port)]
    return table


def from_table(typed: str, wanted: Destination, table: Table) -> Settings:
    """Settings from keywords, tokens expanded. Pure but for the user's name, home and environment."""

    def one(key: str, default: str = "") -> str:
        return next(iter(table.get(key, ())), default)

    host, port = one("hostname", wanted.host), int(one("port", "22"))
    user = one("user") or getpass.getuser()
    alias = _unless_none(one("hostkeyalias"))
    about = {"h": host, "n": wanted.host, "p": str(port), "r": user, "k": alias or wanted.host}

    def paths(words: Sequence[str]) -> tuple[Path, ...]:
        return tuple(Path(expand(word, about)).expanduser() for word in words if _unless_none(word))

    jumps = _unless_none(one("proxyjump"))
    command = _unless_none(one("proxycommand"))
    timeout = one("connecttimeout")
    asks = one("batchmode") != "yes"
    return Settings(
        typed,
        host,
        port,
        user,
        identities=paths([_unquoted(word) for word in table.get("identityfile", _DEFAULT_KEYS)]),
        certificates=paths([_unquoted(word) for word in table.get("certificatefile", ())]),
        identities_only=one("identitiesonly") == "yes",
        agent=_agent(expand(one("identityagent", "SSH_AUTH_SOCK"), about)),
        jumps=tuple(part.strip() for part in jumps.split(",")) if jumps else (),
        proxy_command="" if jumps else expand(command, about),
        known_hosts=paths(shlex.split(one("userknownhostsfile", _DEFAULT_KNOWN))),
        global_known_hosts=paths(shlex.split(one("globalknownhostsfile", _GLOBAL_KNOWN))),
        host_key_alias=alias,
        hash_known_hosts=one("hashknownhosts") == "yes",
        connect_timeout=float(timeout) if timeout.isdecimal() and timeout != "0" else CONNECT_S,
        password=asks and one("passwordauthentication", "yes") == "yes",
        interactive=asks and one("kbdinteractiveauthentication", "yes") == "yes",
    )


def _unless_none(value: str) -> str:
    return "" if value.lower() == "none" else value


def _unquoted(word: str) -> str:
    return word[1:-1] if re.fullmatch(r'".*"', word) else word


def _agent(value: str) -> str | None:
    if value == "SSH_AUTH_SOCK" or value.startswith("$"):
        value = os.environ.get(value.strip("${}"), "")
    return str(Path(value).expanduser()) if _unless_none(value) else None
