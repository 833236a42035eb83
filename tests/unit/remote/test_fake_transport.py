"""The shipped fake says what it is told to say, with faults where they were asked for."""

import threading

import pytest

from remote.errors import AuthFailed, Unreachable
from remote.fake import Drop, FakeTransport, Pause, Silence
from remote.transport import Completed


def test_a_script_is_said_in_pieces_then_the_channel_ends():
    transport = FakeTransport([[b"abc", Pause(0.0), b"d"]])
    channel = transport.open(["probe"])
    assert [channel.recv(2) for _ in range(4)] == [b"ab", b"c", b"d", b""]
    channel.send(b"beat")
    assert (bytes(channel.sent), transport.opened) == (b"beat", [("probe",)])


def test_a_drop_breaks_both_directions():
    channel = FakeTransport([[Drop()]]).open(["probe"])
    with pytest.raises(Unreachable):
        channel.recv(1)
    with pytest.raises(Unreachable):
        channel.send(b"x")


def test_silence_ends_with_close_from_another_thread():
    channel = FakeTransport([[Silence(), b"never"]]).open(["probe"])
    threading.Timer(0.05, channel.close).start()
    assert channel.recv(1) == b""


def test_refusals_come_first_and_channels_run_out():
    transport = FakeTransport(refusals=[AuthFailed("no key fits")])
    with pytest.raises(AuthFailed):
        transport.connect()
    transport.connect()
    with pytest.raises(Unreachable):
        transport.open(["probe"])


def test_commands_are_answered_by_a_function():
    transport = FakeTransport(commands=lambda argv, given: Completed(0, given + argv[0].encode(), b""))
    assert transport.run(["sh"], input=b"x").stdout == b"xsh"
    assert FakeTransport().run(["sh"]).code == 127
    assert transport.attach_argv(["tmux"]) == ["tmux"]
