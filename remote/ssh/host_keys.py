"""Is this the host that we know? Strict: known and matching, or a HostKeyProblem that says what to do."""

import base64
import os
from pathlib import Path

from remote.errors import HostKeyProblem
from remote.ssh import host_certificate, known_hosts
from remote.ssh.known_hosts import Entry, fingerprint
from remote.ssh.settings import Settings


class UnknownHostKey(HostKeyProblem):
    """Nobody has looked at this key yet: `trust` writes it down once somebody has."""

    def __init__(self, what: str, mend: str, settings: Settings, kind: str, key: bytes) -> None:
        super().__init__(what, mend)
        self.settings, self.kind, self.key = settings, kind, key

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.key)


def entries_of(settings: Settings) -> list[Entry]:
    """All lines of all files that are there."""
    found: list[Entry] = []
    for path in (*settings.known_hosts, *settings.global_known_hosts):
        try:
            found += known_hosts.read(path.read_text("utf-8", "surrogateescape"), str(path))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise HostKeyProblem(f"{path} cannot be read: {error.strerror}", "mend its permissions") from error
    return found


def known_kinds(settings: Settings, entries: list[Entry]) -> list[str]:
    """Types of the keys that the host is known by: these are what it must be asked for."""
    for name in settings.known_as:
        kinds = [entry.kind for entry in known_hosts.of_host(entries, name) if not entry.marker]
        if kinds:
            return kinds
    return []


def wants_certificate(settings: Settings, entries: list[Entry]) -> bool:
    """Is there an authority for the host? Then it must be asked for what the authority signed."""
    own = (entry for name in settings.known_as for entry in known_hosts.of_host(entries, name))
    return any(entry.marker == "@cert-authority" for entry in own)


def verify(
    settings: Settings, entries: list[Entry], kind: str, key: bytes, name: str, *, certificate: bytes = b""
) -> None:
    """HostKeyProblem unless the key is known or vouched for. `name` is what `trajconsole trust` takes."""
    fault = _fault(settings, entries, key, certificate)
    if fault == "":
        return
    judged = known_hosts.judge(entries, settings.known_as, kind, key)
    shown = f"{kind} {fingerprint(key)}"
    host, entry = settings.known_as[0], judged.entry
    match judged.verdict:
        case "known":
            return
        case "changed":
            assert entry is not None
            raise HostKeyProblem(
                f"{host} shows another key ({shown}) than the known one ({entry.kind} {fingerprint(entry.key)}, "
                f"{entry.where}): it was set up anew, or somebody stands in between",
                f"ask who runs it; if the new key is right: remove {entry.where}, then trajconsole trust {name}",
            )
        case "revoked":
            assert entry is not None
            mend = "do not log in; ask who runs the host for its new key"
            raise HostKeyProblem(f"{host} shows a key that is marked as revoked ({shown}, {entry.where})", mend)
        case "authority":
            assert entry is not None
            what = f"{host} is known only through a certificate authority ({entry.where}), but {fault}"
        case "unknown":
            what = f"the key of {host} is not known"
    mend = f"compare it with the host's own, then: trajconsole trust {name}"
    raise UnknownHostKey(f"{what}: {shown}", mend, settings, kind, key)


def _fault(settings: Settings, entries: list[Entry], key: bytes, data: bytes) -> str:
    """Why the host's certificate, if it has one, does not make its key known; empty when it does."""
    found = host_certificate.read(data) if data else None
    if found is None or found.key != key:
        return "it shows no certificate"
    line = known_hosts.authority_of(entries, settings.known_as, found.authority)
    if line is None:
        return f"its certificate is signed by another one ({fingerprint(found.authority)})"
    revoked = known_hosts.revoked_by(entries, settings.known_as, found.authority)
    if revoked is not None:
        return f"that authority is marked as revoked ({revoked.where})"
    if known_hosts.revoked_by(entries, settings.known_as, key) is not None:
        return "its key is marked as revoked"
    fault = host_certificate.fault(found, settings.host_key_alias or settings.host)
    return f"of its certificate: {fault}" if fault else ""


def trust(problem: UnknownHostKey) -> Path:
    """Append the one line that makes the key known to us and to ssh; returns the file."""
    settings = problem.settings
    if not settings.known_hosts:
        raise HostKeyProblem("there is no file to write the key to", "set UserKnownHostsFile in your ssh configuration")
    path, name = settings.known_hosts[0], settings.known_as[0]
    names = known_hosts.hashed(name) if settings.hash_known_hosts else name
    line = f"{names} {problem.kind} {base64.b64encode(problem.key).decode()}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, ("\n" * torn + line).encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise HostKeyProblem(f"{path} cannot be written: {error.strerror}", "mend its permissions") from error
    return path
