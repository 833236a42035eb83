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
    transport = ssh("host", ask=lambda prompt, echo=False: asked.append(prompt) or "open sesame")
    assert transport.run(["id", "-un"]).stdout == b"odd\n"
    transport.close()
    assert transport.run(["id", "-un"]).stdout == b"odd\n"
    assert asked == [f"password of odd@{lettered.address}: "]


def test_a_wrong_password_is_not_asked_for_again_nor_told(lettered, ssh):
    asked = []
    transport = ssh("host", ask=lambda prompt, echo=False: asked.append(prompt) or "wrong horse")
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


PAM = "auth optional pam_echo.so The vault\nauth required pam_unix.so\naccount required pam_permit.so\n"


def asking(bed, sshd="", identity="", settings=""):
    """A host whose PAM asks, and which takes nothing else at the end."""
    host = bed.machine(
        "host",
        users=(USER,),
        shadow=(f"odd:{hashed('open sesame')}:19000:0:99999:7:::",),
        sshd=f"UsePAM yes\nKbdInteractiveAuthentication yes\n{sshd}",
        etc={"pam.d/sshd": PAM + "session required pam_permit.so\n"},
        settings=f"User odd\nIdentityFile {identity or make_key(bed.folder / 'wrong')}\n{settings}",
    )
    return host


def test_pam_asks_through_the_server(bed, ssh):
    host, asked = asking(bed, "PubkeyAuthentication no"), []
    transport = ssh("host", ask=lambda prompt, echo: asked.append((prompt, echo)) or "open sesame")
    assert transport.run(["id", "-un"]).stdout == b"odd\n"
    transport.close()
    assert transport.run(["id", "-un"]).stdout == b"odd\n"
    assert asked == [(f"odd@{host.address} asks:\nThe vault\nPassword: ", False)]


def test_pam_that_refuses_is_one_try(bed, ssh):
    host, asked = asking(bed, "PubkeyAuthentication no"), []
    transport = ssh("host", ask=lambda prompt, echo: asked.append(prompt) or "wrong horse")
    for _ in range(2):
        with pytest.raises(AuthFailed, match="keyboard-interactive") as caught:
            transport.connect()
        assert "wrong horse" not in str(caught.value)
    assert len(asked) == 1
    assert (host.folder / "console").read_text().count("authentication failure") <= 1


@pytest.mark.parametrize("then", ["keyboard-interactive", "keyboard-interactive,password", "password"])
def test_a_key_and_then_an_answer(bed, ssh, then):
    methods = f"PasswordAuthentication yes\nAuthenticationMethods publickey,{then}"
    host, asked = asking(bed, methods, identity=bed.key), []
    transport = ssh("host", ask=lambda prompt, echo: asked.append(prompt) or "open sesame")
    assert transport.run(["id", "-un"]).stdout == b"odd\n"
    assert len(asked) == 1 and host.address in asked[0]


def test_a_key_alone_is_not_enough_where_an_answer_is_wanted(bed, ssh):
    asking(bed, "PasswordAuthentication yes\nAuthenticationMethods publickey,password", identity=bed.key)
    with pytest.raises(AuthFailed, match="it takes password"):
        ssh("host").connect()


def test_batch_mode_asks_nobody(bed, ssh):
    asking(bed, "PubkeyAuthentication no", settings="BatchMode yes")
    asked = []
    with pytest.raises(AuthFailed):
        ssh("host", ask=lambda prompt, echo: asked.append(prompt) or "open sesame").connect()
    assert asked == []
