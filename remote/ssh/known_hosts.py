"""known_hosts, read by ourselves: plain, wildcard and hashed names, @revoked and @cert-authority lines. Pure.

A line that cannot be read is passed over, as OpenSSH does.
"""

import base64
import binascii
import fnmatch
import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["known", "unknown", "changed", "revoked", "authority"]
_MARKERS = ("@revoked", "@cert-authority")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line."""

    path: str
    line: int
    marker: str
    names: str
    kind: str
    key: bytes

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the files say of a key; `entry` is the line that decided."""

    verdict: Verdict
    entry: Entry | None = None


def read(text: str, path: str) -> Iterator[Entry]:
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) < 3 or words[0].startswith("#") or (marker and marker not in _MARKERS):
            continue
        try:
            key = base64.b64decode(words[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        yield Entry(path, number, marker, words[0], words[1], key)


def matches(names: str, host: str) -> bool:
    """Is the host one of the names of a line? A name with ! in front excludes it."""
    if names.startswith("|"):
        return _hash_matches(names, host)
    found = False
    for name in names.lower().split(","):
        pattern = name.removeprefix("!")
        # "[" begins an address with a port here, never a set of characters
        if pattern and fnmatch.fnmatchcase(host.lower(), pattern.replace("[", "[[]")):
            if name.startswith("!"):
                return False
            found = True
    return found


def hashed(host: str, salt: bytes | None = None) -> str:
    """The name as HashKnownHosts writes it."""
    salt = salt or os.urandom(20)
    digest = hmac.new(salt, host.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def _hash_matches(names: str, host: str) -> bool:
    parts = names.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, wanted = (base64.b64decode(part, validate=True) for part in parts[2:])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.new(salt, host.encode(), hashlib.sha1).digest(), wanted)


def of_host(entries: Iterable[Entry], host: str) -> list[Entry]:
    return [entry for entry in entries if matches(entry.names, host)]


def authority_of(entries: Iterable[Entry], names: Sequence[str], key: bytes) -> Entry | None:
    """The line that lets this authority vouch for the host."""
    own = (entry for name in names for entry in of_host(entries, name))
    return next((entry for entry in own if entry.marker == "@cert-authority" and entry.key == key), None)


def revoked_by(entries: Iterable[Entry], names: Sequence[str], key: bytes) -> Entry | None:
    own = (entry for name in names for entry in of_host(entries, name))
    return next((entry for entry in own if entry.marker == "@revoked" and entry.key == key), None)


def judge(entries: Sequence[Entry], names: Sequence[str], kind: str, key: bytes) -> Judgement:
    """What is known of the key that a host showed. The first of `names` decides; the others can only confirm."""
    judged = Judgement("unknown")
    for position, name in enumerate(names):
        own = of_host(entries, name)
        revoked = [entry for entry in own if entry.marker == "@revoked" and entry.key == key]
        if revoked:
            return Judgement("revoked", revoked[0])
        plain = [entry for entry in own if not entry.marker]
        same = [entry for entry in plain if entry.key == key and entry.kind == kind]
        if same and judged.verdict in ("unknown", "authority"):
            return Judgement("known", same[0])
        if position == 0 and plain:
            judged = Judgement("changed", next((entry for entry in plain if entry.kind == kind), plain[0]))
        elif judged.verdict == "unknown" and any(entry.marker == "@cert-authority" for entry in own):
            judged = Judgement("authority", next(entry for entry in own if entry.marker == "@cert-authority"))
    return judged


def fingerprint(key: bytes) -> str:
    """As ssh shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
