"""The local transport with real processes: nothing blocks for ever, nothing is left behind."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from remote.errors import TimedOut, TooMuch, Unreachable
from remote.local import KEPT_STDERR, LocalTransport


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def transport():
    descriptors, threads = open_descriptors(), threading.active_count()
    made = LocalTransport()
    yield made
    made.close()
    assert threading.active_count() <= threads
    assert open_descriptors() <= descriptors


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_bytes_come_as_soon_as_there_are_any(transport):
    channel = transport.open([sys.executable, "-u", "-c", "import os, time; os.write(1, b'first'); time.sleep(60)"])
    assert channel.recv(65536) == b"first"


def test_what_is_sent_arrives_also_when_it_is_larger_than_a_pipe(transport):
    channel = transport.open(["cat"])
    data = os.urandom(3_000_000)
    received = bytearray()

    def receive() -> None:
        while len(received) < len(data):
            received.extend(channel.recv(65536))

    reader = threading.Thread(target=receive)
    reader.start()
    channel.send(data)
    reader.join(20)
    assert bytes(received) == data


def test_close_from_another_thread_ends_a_recv_that_waits(transport):
    channel = transport.open(["sleep", "1000"])
    threading.Timer(0.1, channel.close).start()
    assert channel.recv(10) == b""
    until(lambda: channel.closed)
    assert not is_there(channel.pid)
    channel.close()


def test_close_ends_a_send_that_waits(transport):
    channel = transport.open(["sleep", "1000"])
    threading.Timer(0.1, channel.close).start()
    with pytest.raises(Unreachable):
        channel.send(b"x" * 10_000_000)


def test_a_process_that_ignores_everything_is_ended_with_its_children(transport):
    channel = transport.open(["sh", "-c", "trap '' TERM HUP INT; sleep 1000 & echo $!; while :; do sleep 1; done"])
    child = int(channel.recv(100))
    channel.close()
    assert not is_there(channel.pid)
    until(lambda: not is_there(child))


def test_stderr_is_drained_and_bounded(transport):
    channel = transport.open([sys.executable, "-c", "import sys; sys.stderr.write('x' * 500_000 + 'end')"])
    assert channel.recv(10) == b""
    channel.close()
    assert channel.stderr() == b"x" * (KEPT_STDERR - 3) + b"end"


def test_sending_to_a_process_that_is_gone_is_unreachable(transport):
    channel = transport.open(["true"])
    assert channel.recv(10) == b""
    until(lambda: not is_there(channel.pid))
    with pytest.raises(Unreachable):
        channel.send(b"hello")
    channel.close()
    with pytest.raises(Unreachable):
        channel.send(b"hello")
    assert channel.recv(10) == b""


def test_a_missing_program_shows_as_on_any_shell(transport):
    assert transport.run(["no-such-program"]).code == 127
    channel = transport.open(["no-such-program"])
    assert channel.recv(10) == b""
    channel.close()
    assert b"not found" in channel.stderr()


def test_the_end_of_the_input_and_of_the_process(transport):
    channel = transport.open(["sh", "-c", "cat; exit 3"], bulk=True)
    channel.send(b"all")
    assert channel.wait(0.05) is None
    channel.end_input()
    channel.end_input()
    with pytest.raises(Unreachable):
        channel.send(b"more")
    assert channel.recv(10) == b"all"
    assert channel.recv(10) == b""
    assert channel.wait(10) == 3


def test_run_gives_input_output_and_code(transport):
    done = transport.run(["sh", "-s"], input=b"echo out; echo err >&2; exit 3\n")
    assert (done.code, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_run_takes_arguments_as_they_are(transport):
    nasty = ["a b", "'", '"', "$HOME", "`id`", "*", "", "é\n"]
    done = transport.run([sys.executable, "-c", "import sys; print(sys.argv[1:])", *nasty])
    assert done.stdout.decode() == f"{nasty}\n"


def test_a_command_that_takes_too_long_is_ended_with_its_children(transport, tmp_path):
    with pytest.raises(TimedOut, match=r"sh took longer than 0.3 s"):
        transport.run(["sh", "-c", f"sleep 1000 & echo $! >{tmp_path}/pid; wait"], timeout=0.3)
    child = int((tmp_path / "pid").read_text())
    until(lambda: not is_there(child))


def test_closing_the_transport_closes_its_channels(transport):
    channels = [transport.open(["cat"]) for _ in range(3)]
    transport.close()
    transport.close()
    assert all(channel.closed and not is_there(channel.pid) for channel in channels)
    transport.connect()
    assert transport.run(["true"]).code == 0


def test_a_command_that_says_too_much_is_ended(transport, monkeypatch):
    monkeypatch.setattr("remote.transport.MOST_OUTPUT", 2**20)
    with pytest.raises(TooMuch, match="yes said more than 1 MiB, and was ended"):
        transport.run(["yes"])
    loud = transport.run(["sh", "-c", "head -c 3000000 /dev/zero >&2; echo end"])
    assert loud.stdout == b"end\n" and len(loud.stderr) <= 64 * 1024


def test_a_command_that_takes_no_input_ends_all_the_same(transport):
    assert transport.run(["true"], input=bytes(3_000_000)).code == 0
    assert transport.run(["sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 4"], input=bytes(3_000_000)).code == 4
