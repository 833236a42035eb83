"""A host's key signed by an authority (PROTOCOL.certkeys of OpenSSH): read, and judged. Pure but for the signature.

The key exchange itself has proved that the host owns the key inside; what is judged here is whether the authority of an
`@cert-authority` line says that this key is this host's, now.
"""

import fnmatch
import time
from dataclasses import dataclass

import paramiko
from paramiko.pkey import UnknownKeyType

SUFFIX = "-cert-v01@openssh.com"
_NUMBERS = {
    "ssh-ed25519": 1,
    "ssh-rsa": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
}
_OF_A_HOST = 2
_FOR_EVER = 2**64 - 1


@dataclass(frozen=True, slots=True)
class HostCertificate:
    """`key` is the plain key inside, `authority` the key that signed `signed` with `signature`."""

    kind: str
    key: bytes
    of_a_host: bool
    principals: tuple[str, ...]
    valid_from: int
    valid_until: int
    critical: bytes
    authority: bytes
    signed: bytes
    signature: bytes


def read(data: bytes) -> HostCertificate | None:
    """None when it is no certificate, or a damaged one."""
    message = paramiko.Message(data)
    kind = _text(message.get_binary())
    plain = kind.removesuffix(SUFFIX)
    if plain == kind or plain not in _NUMBERS:
        return None
    message.get_binary()  # a random number
    key = paramiko.Message()
    key.add_string(plain)
    for _ in range(_NUMBERS[plain]):
        key.add_string(message.get_binary())
    message.get_int64()  # serial number
    sort = message.get_int()
    message.get_binary()  # the authority's name for it
    names = paramiko.Message(message.get_binary())
    principals = []
    while names.get_remainder():
        principals.append(_text(names.get_binary()))
    valid_from, valid_until = message.get_int64(), message.get_int64()
    critical = message.get_binary()
    message.get_binary()  # extensions: a host has none that must be understood
    message.get_binary()  # reserved
    authority = message.get_binary()
    signed = data[: message.packet.tell()]
    signature = message.get_binary()
    if not authority or not signature or message.get_remainder():
        return None
    of_a_host, names_of = sort == _OF_A_HOST, tuple(principals)
    times = valid_from, valid_until
    return HostCertificate(plain, key.asbytes(), of_a_host, names_of, *times, critical, authority, signed, signature)


def fault(certificate: HostCertificate, host: str, now: float | None = None) -> str:
    """What keeps it from vouching for `host`; empty when nothing does. A name may be a pattern, as with ssh."""
    now = time.time() if now is None else now
    names = certificate.principals
    if not certificate.of_a_host:
        return "it is a user's certificate"
    if names and not any(fnmatch.fnmatchcase(host.lower(), name.lower().replace("[", "[[]")) for name in names):
        return f"it is for {', '.join(names)}"
    if now < certificate.valid_from:
        return "it is not valid yet"
    if certificate.valid_until != _FOR_EVER and now >= certificate.valid_until:
        return "it has run out"
    if certificate.critical:
        return "it has conditions that are not known here"
    if not _signed(certificate):
        return "its signature is wrong"
    return ""


def _signed(certificate: HostCertificate) -> bool:
    try:
        authority = paramiko.PKey.from_type_string(_first(certificate.authority), certificate.authority)
        if _first(certificate.signature) == "ssh-rsa":
            return False  # SHA-1
        return bool(authority.verify_ssh_sig(certificate.signed, paramiko.Message(certificate.signature)))
    except (paramiko.SSHException, UnknownKeyType, ValueError):
        return False


def _first(data: bytes) -> str:
    """The name of the type that a key or a signature begins with."""
    return _text(paramiko.Message(data).get_binary())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
