"""Look-ups that take longer than a try."""

import socket
import threading

import pytest

from remote.errors import TimedOut, Unreachable
from remote.ssh import names
from remote.ssh.patience import Patience


@pytest.fixture
def resolver(monkeypatch):
    """getaddrinfo that waits for the test."""
    real, asked, answer = socket.getaddrinfo, [], threading.Event()

    def look_up(host, port, **options):
        if options.get("flags"):
            return real(host, port, **options)
        asked.append(host)
        answer.wait(30)
        if host.startswith("no"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(names.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(names, "_lookups", {})
    yield asked, answer
    answer.set()
    for thread in threading.enumerate():
        if isinstance(thread, names._Lookup):
            thread.join()


def test_many_tries_are_one_question_and_its_late_answer_is_used_once(resolver):
    asked, answer = resolver
    for _ in range(3):
        with pytest.raises(TimedOut, match=r"gpu1 was not resolved within 0\.01 s"):
            names.addresses("gpu1", 22, 0.01, Patience())
    (thread,) = (thread for thread in threading.enumerate() if isinstance(thread, names._Lookup))
    answer.set()
    thread.join()  # nobody waits now
    assert names.addresses("gpu1", 22, 10.0, Patience())[0][4] == ("127.0.0.1", 22)
    assert asked == ["gpu1"]
    names.addresses("gpu1", 22, 10.0, Patience())
    assert asked == ["gpu1", "gpu1"], "an answer is not kept for ever"


def test_whoever_gives_up_is_let_go_at_once(resolver):
    patience = Patience()
    threading.Timer(0.05, patience.lose).start()
    with pytest.raises(Unreachable, match="given up"):
        names.addresses("gpu1", 22, 60.0, patience)
    with pytest.raises(Unreachable, match="given up"):
        names.addresses("gpu1", 22, 60.0, patience)


def test_a_name_that_is_not_there_and_an_address_that_needs_no_question(resolver):
    asked, answer = resolver
    answer.set()
    with pytest.raises(Unreachable, match="nowhere has no address"):
        names.addresses("nowhere", 22, 10.0, Patience())
    assert names.addresses("127.0.0.2", 22, 10.0, Patience())[0][4] == ("127.0.0.2", 22)
    assert asked == ["nowhere"]
