"""Certificates of hosts: bytes from elsewhere are read or refused, and each fault is named."""

import base64
import dataclasses
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.ssh.host_certificate import HostCertificate, fault, read


def made(folder: Path, *options: str) -> bytes:
    for name in ("ca", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    argv = ["ssh-keygen", "-q", "-s", folder / "ca", "-I", "it", *options, folder / "host.pub"]
    subprocess.run(argv, check=True, capture_output=True)
    return base64.b64decode((folder / "host-cert.pub").read_text().split()[1])


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> bytes:
    return made(tmp_path_factory.mktemp("keys"), "-h", "-n", "gpu1,*.lan", "-V", "20200101:20400101")


@pytest.fixture
def certificate(data) -> HostCertificate:
    found = read(data)
    assert found is not None
    return found


def test_it_vouches_for_its_names_in_its_time(certificate):
    assert certificate.of_a_host and certificate.principals == ("gpu1", "*.lan")
    assert fault(certificate, "gpu1") == fault(certificate, "GPU7.lan") == ""
    assert "it is for gpu1" in fault(certificate, "gpu2")
    assert "not valid yet" in fault(certificate, "gpu1", 1e9) and "run out" in fault(certificate, "gpu1", 3e9)


def test_a_users_certificate_and_unknown_conditions_do_not_count(certificate, tmp_path):
    user = read(made(tmp_path, "-n", "gpu1"))
    assert user is not None and "user's" in fault(user, "gpu1")
    assert "conditions" in fault(dataclasses.replace(certificate, critical=b"\0\0\0\1x\0\0\0\0"), "gpu1")


def test_every_byte_is_signed(certificate, data):
    for at in range(0, len(certificate.signed), 7):
        changed = bytearray(data)
        changed[at] ^= 1
        found = read(bytes(changed))
        assert found is None or fault(found, "gpu1")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(junk):
    prefix = b"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com"
    for text in (junk, prefix + junk):
        found = read(text)
        assert found is None or fault(found, "gpu1")
