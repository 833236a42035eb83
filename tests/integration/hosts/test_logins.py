"""Logins that need a host's own /etc: passwords. And what a refused login must not lead to."""

import subprocess
import threading

import pytest
from sshd_house import make_key

from remote.errors import AuthFailed
from remote.events import LinkState
from remote.link import Link, Timing
from remote.watch import Watch, Watched

USER = "odd:x:4711:4711::/home:/bin/sh"


def hashed(password):
    argv = ["openssl", "passwd", "-6", "-salt", "trajconsole", password]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def lettered(bed):
    """A host that takes a password and no key."""
    wrong = make_key(bed.folder / "wrong")
    return bed.machine(
        "host",
        users=(USER,),
        shadow=(f"odd:{hashed('open sesame')}:19000:0:99999:7:::",),
        sshd="PasswordAuthentication yes\nPubkeyAuthentication no",
        settings=f"User odd\nIdentityFile {wrong}\nPasswordAuthentication yes",
    )


def test_a_password_is_asked_for_once_and_kept_in_memory(lettered, ssh):
    asked = []
    transport = ssh("host", ask=lambda prompt: asked.append(prompt) or "open sesame")
    assert transport.run(["id", "-un"]).stdout == b"odd\n"
    transport.close()
    assert transport.run(["id", "-un"]).stdout == b"odd\n"
    assert asked == [f"password of odd@{lettered.address}: "]


def test_a_wrong_password_is_not_asked_for_again_nor_told(lettered, ssh):
    asked = []
    transport = ssh("host", ask=lambda prompt: asked.append(prompt) or "wrong horse")
    for _ in range(2):
        with pytest.raises(AuthFailed) as caught:
            transport.connect()
        assert "wrong horse" not in str(caught.value) and "password" in caught.value.what
    assert len(asked) == 1


def test_a_refused_login_leads_to_no_storm(bed, ssh):
    """One connection, one refusal, and silence until a person says otherwise."""
    wrong = make_key(bed.folder / "wrong")
    host = bed.machine("host", settings=f"IdentityFile {wrong}")
    heard, refused = [], threading.Semaphore(0)

    def listen(events):
        heard.extend(event.phase for event in events if isinstance(event, LinkState))
        if heard[-1] == "auth failed":
            refused.release()

    before = host.wire.accepted()
    quick = Timing(first_retry=0.001, longest_retry=0.01)
    link = Link(ssh("host"), Watch("~/x", (Watched("runs", (), ("log",)),)), dict, listen, timing=quick)
    link.start()
    try:
        assert refused.acquire(timeout=30)
        assert not refused.acquire(timeout=1.0)  # hundreds of retries of this timing
        assert host.wire.accepted() == before + 1
        link.retry()
        assert refused.acquire(timeout=30)
        assert host.wire.accepted() == before + 2
    finally:
        link.close()
    assert heard == ["connecting", "auth failed", "connecting", "auth failed", "closed"]
