"""Commands on a real sshd."""

import os
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from sshd_house import command, until

from remote.errors import TimedOut, TooMuch, Unreachable


@pytest.fixture
def host(lan):
    return lan.host("gpu1")


@pytest.fixture
def gpu1(host, ssh):
    return ssh("gpu1")


def test_a_command_from_end_to_end(gpu1):
    done = gpu1.run(["sh", "-c", "cat; echo err >&2; exit 3"], input=b"some input\n")
    assert (done.code, done.stdout, done.stderr) == (3, b"some input\n", b"err\n")


def test_nasty_arguments_arrive_as_they_are(gpu1):
    nasty = ["a b", "'", '"', "$HOME", "`id`", "*", "", "two\nlines", "é", "-n", "\\n", "!!", "a!b", "%s", "\\", "~"]
    for words in (nasty, nasty, [word for word in nasty if word.isascii()]):
        done = gpu1.run(["printf", "%s\\0", *words])
        assert done.stdout == b"".join(word.encode() + b"\0" for word in words)


def test_a_missing_program_and_a_killed_one(gpu1):
    assert gpu1.run(["no-such-program"]).code == 127
    assert b"no-such-program" in gpu1.run(["no-such-program"]).stderr
    assert gpu1.run(["sh", "-c", "kill -9 $$"]).code == -signal.SIGKILL


def test_much_in_and_much_out_at_once(gpu1):
    data = os.urandom(12_000_000)
    assert gpu1.run(["cat"], input=data).stdout == data


def test_much_on_stderr_alone_blocks_nothing_and_is_bounded(gpu1):
    done = gpu1.run(["sh", "-c", "head -c 30000000 /dev/zero >&2; echo end"])
    assert done.code == 0 and done.stdout == b"end\n" and len(done.stderr) <= 64 * 1024


def test_a_command_that_says_too_much_is_ended(gpu1, host, monkeypatch):
    monkeypatch.setattr("remote.transport.MOST_OUTPUT", 2**20)
    with pytest.raises(TooMuch, match="yes said more than 1 MiB, and was ended"):
        gpu1.run(["yes"])
    until(lambda: not any(b"yes\0" in command(pid) for pid in host.sessions))
    assert gpu1.run(["head", "-c", "1000000", "/dev/zero"]).stdout == bytes(1_000_000)


def test_a_command_that_takes_too_long_is_ended(gpu1, tmp_path):
    mark = tmp_path / "pid"
    with pytest.raises(TimedOut):
        gpu1.run(["sh", "-c", f"echo $$ > {mark}; sleep 1000"], timeout=1.0)
    until(lambda: not Path("/proc", mark.read_text().strip()).exists())


def test_a_channel_gives_bytes_as_they_come(gpu1):
    channel = gpu1.open(["sh", "-c", "read a; echo got $a; read b; echo got $b"])
    for word in (b"one", b"two"):
        channel.send(word + b"\n")
        assert channel.recv(100) == b"got " + word + b"\n"
    assert channel.recv(100) == b""


def test_close_wakes_a_waiting_reader_and_ends_a_deaf_process(gpu1):
    channel = gpu1.open(["sh", "-c", "trap '' HUP; echo $$; exec sleep 1000"])
    pid = int(channel.recv(100))
    got = []
    reader = threading.Thread(target=lambda: got.append(channel.recv(100)))
    reader.start()
    channel.close()
    channel.close()
    reader.join(5)
    assert got == [b""]
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_a_connection_that_breaks_while_room_is_given_is_the_end(gpu1, host):
    """Whoever has read much tells the server so: that may be the moment in which the connection breaks."""
    channel = gpu1.open(["sh", "-c", "head -c 3000000 /dev/zero; exec sleep 1000"])
    engine = gpu1._first.engine
    until(lambda: channel._channel.recv_ready() and len(channel._channel.in_buffer) >= 2_900_000)
    host.harm(signal.SIGSTOP)
    engine.sock.shutdown(socket.SHUT_WR)  # and nobody has noticed yet
    got = 0
    while data := channel.recv(2_000_000):
        got += len(data)
    assert got <= 3_000_000


def test_a_broken_connection_is_no_exit_code(gpu1, host):
    threading.Timer(0.5, host.harm, [signal.SIGKILL]).start()
    assert gpu1.run(["sleep", "30"]).code is None
    gpu1.connect()
    assert gpu1.run(["true"]).code == 0


def test_connect_finds_out_that_an_open_connection_is_dead(gpu1, host):
    gpu1.connect()
    old = host.servers()
    host.harm(signal.SIGSTOP)
    gpu1.connect()
    assert gpu1.run(["true"]).code == 0
    assert set(host.servers()) > set(old)
    gpu1.close()
    gpu1.connect()
    assert gpu1.run(["true"]).code == 0


def test_without_a_server_it_is_unreachable(gpu1, host):
    host.stop()
    with pytest.raises(Unreachable, match="refused"):
        gpu1.connect()
    host.start()


def test_bulk_goes_over_a_connection_of_its_own(lan, ssh):
    host = lan.host("gpu1")
    gpu1 = ssh("gpu1")
    probe, files = gpu1.open(["cat"]), gpu1.open(["sh", "-c", "cat; exit 3"], bulk=True)
    files.send(b"x" * 1000)
    assert files.wait(0.05) is None
    files.end_input()
    received = b""
    while piece := files.recv(4096):
        received += piece
    assert received == b"x" * 1000
    assert files.wait(10) == 3
    assert len(host.connections()) == 2
    probe.send(b"still there\n")
    assert probe.recv(100) == b"still there\n"


def test_max_sessions_1_is_enough(lan, ssh):
    lan.host("narrow", "MaxSessions 1")
    narrow = ssh("narrow")
    channel = narrow.open(["cat"])
    found = []
    threads = [threading.Thread(target=lambda: found.append(narrow.run(["echo", "x"]).stdout)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [b"x\n"] * 4
    channel.send(b"still there\n")
    assert channel.recv(100) == b"still there\n"


NOISE = "echo 'noise before everything'; echo more >&2; trap 'echo bye' EXIT; cd /\n"
SHELLS = {
    "bash": (".bashrc", NOISE),
    "dash": ("", ""),
    "zsh": (".zshenv", NOISE),
    "fish": (".config/fish/config.fish", "echo 'noise from fish'; echo more >&2\n"),
    "tcsh": (".cshrc", "echo 'noise from csh'\n"),
}


@pytest.mark.parametrize("shell", [name for name in SHELLS if shutil.which(name)])
def test_the_login_shell_and_its_noise_do_not_matter(lan, ssh, shell):
    """sshd gives ForceCommand's original to the shell as a login shell would get it."""
    wrapper = f'ForceCommand SHELL=$(command -v {shell}) exec {shell} -c "$SSH_ORIGINAL_COMMAND"'
    odd = lan.host("odd", wrapper)
    name, text = SHELLS[shell]
    if name:
        (odd.home / name).parent.mkdir(parents=True, exist_ok=True)
        (odd.home / name).write_text(text)
    transport = ssh("odd")
    nasty = ["it's", "a!b", "$x `y`", "two\nlines", "é", "\\", '"', "%d"]
    for words in (nasty, nasty, [word for word in nasty if word.isascii()]):  # the second and third know the shell
        argv = ["sh", "-c", 'cat; printf "%s|" "$@"; echo words >&2; exit 7', "sh", *words]
        done = transport.run(argv, input=b"in\n")
        assert (done.code, done.stdout.decode(), done.stderr) == (7, "in\n" + "|".join(words) + "|", b"words\n")
    assert transport._first.engine.shell == shell


def test_a_login_shell_that_is_not_what_it_says_costs_one_more_try(lan, ssh):
    """$SHELL is bash, and something else reads the line: nothing is begun twice."""
    odd = lan.host(
        "odd", 'ForceCommand case $SSH_ORIGINAL_COMMAND in exec*) eval "$SSH_ORIGINAL_COMMAND";; *) exit 2;; esac'
    )
    transport = ssh("odd")
    mark = odd.folder / "mark"
    for count in (1, 2, 3):
        assert transport.run(["sh", "-c", f"echo x >> {mark}; echo done"]).stdout == b"done\n"
        assert mark.read_text() == "x\n" * count
    assert transport._first.engine.shell == "?"


def test_what_a_start_file_leaves_behind_does_not_speak_between_our_words(lan, ssh):
    odd = lan.host("odd", 'ForceCommand SHELL=/bin/bash exec bash -c "$SSH_ORIGINAL_COMMAND"')
    (odd.home / ".bashrc").write_text(
        "trap 'echo step' DEBUG\ntrap 'echo bye' EXIT\nset -x\necho() { printf 'no echo'; }\n"
    )
    transport = ssh("odd")
    for _ in range(3):
        done = transport.run(["printf", "words"])
        assert (done.code, done.stdout) == (0, b"words"), done
        assert transport.run(["no-such-program"]).code == 127
        assert b"bye" not in transport.run(["no-such-program"]).stdout


def test_a_shell_that_does_not_let_in_is_quoted(lan, ssh):
    lan.host("closed", "ForceCommand echo 'This account is currently not available.' >&2; exit 1")
    done = ssh("closed").run(["true"])
    assert done.code == 1 and b"not available" in done.stderr and done.stdout == b""


def test_the_attach_command_runs_as_it_is(gpu1):
    argv = gpu1.attach_argv(["echo", "it's", "here"])
    assert argv[:2] == ["ssh", "-t"] and argv[-2] == "gpu1"
    import subprocess

    done = subprocess.run([argv[0], *argv[2:]], capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
    assert done.stdout == b"it's here\n", done.stderr


def test_keys_are_renewed_with_closes_in_flight(lan, ssh):
    renewed(lan, ssh, 10)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_keys_are_renewed_many_times_with_closes_in_flight(lan, ssh):
    renewed(lan, ssh, 50)


def renewed(lan, ssh, times):
    """Both sides ask for new keys while commands end: nothing may stand still."""
    lan.host("busy", "RekeyLimit 256K")
    transport = ssh("busy")
    transport.connect()
    engine = transport._first.engine
    first = engine.session_id

    def pull(got):
        got.append(len(transport.run(["head", "-c", "600000", "/dev/zero"], timeout=20).stdout))

    for number in range(times):
        got = []
        works = [threading.Thread(target=pull, args=(got,)) for _ in range(3)]
        for work in works:
            work.start()
        time.sleep(0.003 * (number % 10))
        engine.renew_keys(20)
        for work in works:
            work.join(30)
        assert got == [600_000] * 3
    assert transport._first.engine is engine and engine.session_id == first
