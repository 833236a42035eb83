"""The reader of known_hosts: names, hashes, markers, and any bytes at all."""

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.ssh.known_hosts import fingerprint, hashed, judge, matches, read

KEY, OTHER = b"\0\0\0\x0bssh-ed25519one", b"\0\0\0\x0bssh-ed25519two"


def line(names, key=KEY, kind="ssh-ed25519", marker=""):
    return f"{marker} {names} {kind} {base64.b64encode(key).decode()} comment\n".lstrip()


def verdict(text, names=("gpu1",), kind="ssh-ed25519", key=KEY):
    return judge(list(read(text, "f")), names, kind, key).verdict


@pytest.mark.parametrize(
    ("names", "host", "found"),
    [
        ("gpu1", "gpu1", True),
        ("GPU1,10.0.0.1", "gpu1", True),
        ("gpu?", "gpu1", True),
        ("gpu*,!gpu1", "gpu1", False),
        ("!gpu2", "gpu1", False),
        ("[gpu1]:2200", "[gpu1]:2200", True),
        ("[gpu*]:2200", "[gpu1]:2200", True),
        ("[gpu1]:2200", "gpu1", False),
        ("gpu", "gpu1", False),
    ],
)
def test_names(names, host, found):
    assert matches(names, host) is found


def test_verdicts():
    assert verdict("") == "unknown"
    assert verdict(line("gpu1")) == "known"
    assert verdict(line("gpu1", OTHER)) == "changed"
    assert verdict(line("gpu1", OTHER) + line("gpu1")) == "known"
    assert verdict(line("gpu1", OTHER, "ssh-rsa")) == "changed"  # another type is no reason to be less careful
    assert verdict(line("gpu1") + line("*", KEY, marker="@revoked")) == "revoked"
    assert verdict(line("gpu1") + line("*", OTHER, marker="@revoked")) == "known"
    assert verdict(line("*", marker="@cert-authority")) == "authority"
    assert verdict(line("gpu1", marker="@something-new")) == "unknown"


def test_a_name_without_the_port_can_confirm_but_not_contradict():
    names = ("[gpu1]:2200", "gpu1")
    assert verdict(line("gpu1"), names) == "known"
    assert verdict(line("gpu1", OTHER), names) == "unknown"
    assert verdict(line("[gpu1]:2200", OTHER) + line("gpu1"), names) == "changed"


def test_the_deciding_line_is_named():
    text = "# first\n\n" + line("gpu1", OTHER)
    assert judge(list(read(text, "file")), ("gpu1",), "ssh-ed25519", KEY).entry.where == "file:3"


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), st.binary(min_size=1, max_size=40))
def test_a_hashed_name_matches_itself_alone(host, salt):
    assert matches(hashed(host, salt), host)
    assert not matches(hashed(host, salt), host + "x")


def test_ssh_keygen_finds_what_we_hash(tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    kind, text = (tmp_path / "key.pub").read_text().split()[:2]
    known = tmp_path / "known"
    known.write_text(f"{hashed('[gpu1]:2200')} {kind} {text}\n")
    done = subprocess.run(["ssh-keygen", "-F", "[gpu1]:2200", "-f", str(known)], capture_output=True, text=True)
    assert done.returncode == 0 and "line 1" in done.stdout
    shown = subprocess.run(["ssh-keygen", "-lf", str(known)], capture_output=True, text=True).stdout
    assert fingerprint(base64.b64decode(text)) in shown


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(data):
    text = data.decode("utf-8", "surrogateescape")
    for entry in read(text, "f"):
        matches(entry.names, "gpu1")


@given(st.lists(st.tuples(st.sampled_from(["gpu1", "*", "!gpu1,*", hashed("gpu1"), "|1|x|y"]), st.booleans())))
def test_a_key_is_known_only_by_a_line_that_holds_it(lines):
    text = "".join(line(names, KEY if same else OTHER) for names, same in lines)
    expected = any(same and matches(names, "gpu1") for names, same in lines)
    assert (verdict(text) == "known") == expected
