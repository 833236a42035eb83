"""What we offer a server, and settings of a connection that no server can show."""

import socket
import threading
import time
from pathlib import Path

import paramiko
import pytest

from remote.errors import TimedOut, Unreachable
from remote.ssh import dial
from remote.ssh.patience import Patience
from remote.ssh.protocol import FAR_WINDOW, NEAR_WINDOW, REKEY_BYTES, Engine, window_for

OLD = ("cbc", "3des", "md5", "sha1", "arcfour", "ssh-rsa", "ssh-dss", "group1-")


@pytest.fixture
def engine():
    ours, theirs = socket.socketpair()
    engine = Engine(ours)
    yield engine
    engine.end()
    theirs.close()


def test_only_modern_algorithms_and_aes_gcm_first(engine):
    options = engine.get_security_options()
    offered = (*options.ciphers, *options.digests, *options.kex, *options.key_types)
    assert not [name for name in offered for old in OLD if old in name]
    assert options.ciphers[0] == "aes128-gcm@openssh.com" and "curve25519" in "".join(options.kex[:2])


def test_known_types_of_keys_are_asked_for_first(engine):
    engine.prefer(["ssh-rsa"])
    assert engine.get_security_options().key_types[:2] == ("rsa-sha2-512", "rsa-sha2-256")


def test_keys_are_renewed_late_and_per_connection(engine):
    assert engine.packetizer.REKEY_BYTES == REKEY_BYTES == 2**35
    assert paramiko.packet.Packetizer.REKEY_BYTES < REKEY_BYTES


def test_small_packets_do_not_wait_and_silence_ends():
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = dial.tcp("127.0.0.1", server.getsockname()[1], 5, Patience())
    with sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


def test_a_name_server_that_does_not_answer_holds_nobody_up(monkeypatch):
    over, real = threading.Event(), socket.getaddrinfo

    def slow(host, *arguments, **more):
        if more.get("flags"):
            return real(host, *arguments, **more)
        over.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(TimedOut, match="was not resolved"):
        dial.tcp("gpu1.example", 22, 0.2, Patience())
    over.set()


def test_a_closed_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match=f"127.0.0.1 port {port}: .*refused"):
        dial.tcp("127.0.0.1", port, 5, Patience())


def test_a_proxy_ends_with_all_that_it_started(tmp_path):
    mark = tmp_path / "pid"
    proxy = dial.Proxy(f"sh -c 'sleep 1000 & echo $! > {mark}; echo ready; wait'")
    proxy.sock.settimeout(5)
    assert proxy.sock.recv(100) == b"ready\n"
    proxy.close()
    place = Path("/proc", mark.read_text().strip(), "stat")
    for _ in range(500):
        try:
            if place.read_text().rpartition(")")[2].split()[0] == "Z":
                return  # ended; whoever adopted it has not looked yet
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)
    raise AssertionError("the proxy's child lives on")


def test_the_window_follows_the_round_trip():
    assert window_for(0.0) == window_for(0.005) == NEAR_WINDOW
    assert NEAR_WINDOW < window_for(0.05) < window_for(0.07) < FAR_WINDOW
    assert window_for(0.3) == window_for(float("inf")) == FAR_WINDOW


def test_a_name_that_is_given_up_is_not_waited_for(monkeypatch):
    over, real = threading.Event(), socket.getaddrinfo

    def slow(host, *arguments, **more):
        if more.get("flags"):
            return real(host, *arguments, **more)
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    patience = Patience()
    threading.Timer(0.1, patience.lose).start()
    with pytest.raises(Unreachable) as caught:
        dial.tcp("gpu1.example", 9, 120, patience)
    over.set()
    assert not isinstance(caught.value, TimedOut)


def test_a_packet_that_nobody_answers_is_not_waited_for_once_given_up():
    patience = Patience()
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        threading.Timer(0.1, patience.lose).start()
        with pytest.raises(Unreachable) as caught:
            dial.tcp("127.0.0.1", full.getsockname()[1], 120, patience)
    assert not isinstance(caught.value, TimedOut)
