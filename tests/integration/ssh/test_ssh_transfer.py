"""Transfers over real sshd: every byte, once; through kills, cuts, hangs and hosts that have next to nothing."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sshd_house import until

from remote.errors import HostLacks, RemoteError
from remote.transfer import quiet
from remote.transfer.host.take import PARTS
from remote.transfer.listing import Link
from remote.transfer.pace import Bucket
from remote.transfer.pull import Pull, Stopped, Wish
from remote.transfer.push import Push

PYTHON = (sys.executable,)
NONE = ("no-python-at-all",)
MIB = 2**20


def run(transfer, each=lambda progress: None):
    steps = transfer.run()
    while True:
        try:
            each(next(steps))
        except StopIteration as done:
            return done.value


def content(folder):
    """Bytes, time and the mode's bits for the owner, of every file."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode & 0o700)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def noise(seed, size):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def far(lan):
    """A host with a folder of all sorts."""
    host = lan.host("far")
    run = host.home / "a run's folder"
    for number in range(25):
        path = run / f"many/{number % 7}/f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise(number, number * 197))
    (run / "empty").touch()
    (run / "-o$(x) `y` 'ü\\").write_bytes(b"odd name")
    (run / ("long" * 50)).write_bytes(b"long name")
    (run / "run.sh").write_bytes(b"#!/bin/sh\n")
    (run / "run.sh").chmod(0o755)
    (run / "big").write_bytes(noise("big", 6 * MIB))
    (run / "link").symlink_to("/etc")
    return host


def folder_of(host):
    return host.home / "a run's folder"


def wish(host, target, **more):
    return Wish(str(folder_of(host)), target, **more)


@pytest.mark.parametrize(
    "pythons", [PYTHON, NONE, (*NONE, *PYTHON)], ids=["python", "tar and tail", "the second python"]
)
def test_a_pull_is_equal_and_then_there_is_nothing_to_do(far, ssh, tmp_path, pythons):
    transport, target = ssh("far"), tmp_path / "here"
    transport.connect()
    done = run(Pull(transport, wish(far, target), pythons=pythons))
    assert content(target) == content(folder_of(far)) and not (target / PARTS).exists()
    assert [(item.path, item.why) for item in done.left] == [("link", "it is a link")]
    assert done.files == len(content(target)) == len(done.kept)
    again = run(Pull(transport, wish(far, target, kept=done.kept), pythons=pythons))
    assert (again.files, again.bytes, again.kept) == (0, 0, done.kept)
    blind = run(Pull(transport, wish(far, target), pythons=pythons))  # nobody wrote down what is here
    assert (blind.files, blind.bytes, blind.kept) == (0, 0, done.kept)


@pytest.mark.parametrize("pythons", [PYTHON, NONE], ids=["python", "tar and tail"])
def test_what_was_damaged_here_is_found_by_verify(far, ssh, tmp_path, pythons):
    transport, target = ssh("far"), tmp_path / "here"
    done = run(Pull(transport, wish(far, target), pythons=pythons))
    about = (target / "big").stat()
    with (target / "big").open("r+b") as file:
        file.seek(3 * MIB)
        file.write(b"damage")
    os.utime(target / "big", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert run(Pull(transport, wish(far, target, kept=done.kept), pythons=pythons)).files == 0
    assert run(Pull(transport, wish(far, target, kept=done.kept, verify=True), pythons=pythons)).files == 1
    assert content(target) == content(folder_of(far))


PULL = """
import sys
from pathlib import Path
from remote.ssh.transport import SshTransport
from remote.transfer.listing import Link
from remote.transfer.pull import Pull, Wish
config, folder, target, python, limit = sys.argv[1:]
from remote.transfer.pace import Bucket
transport = SshTransport("far", config_file=config)
for _ in Pull(transport, Wish(folder, Path(target)), pythons=(python,), buckets=(Bucket(float(limit)),)).run():
    pass
"""


@pytest.mark.parametrize("pythons", [PYTHON, NONE], ids=["python", "tar and tail"])
def test_a_pull_that_is_killed_goes_on_where_it_was(far, ssh, lan, tmp_path, pythons):
    """kill -9 at random points; what had come is not sent again, and nothing half is ever under its own name."""
    target, chance = tmp_path / "here", random.Random(4)
    whole = content(folder_of(far))
    total = sum(len(data) for data, _mtime, _mode in whole.values())
    argv = [sys.executable, "-c", PULL, str(lan.config), str(folder_of(far)), str(target), pythons[0], str(4 * MIB)]

    def come():
        with contextlib.suppress(FileNotFoundError):
            return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        return 0

    for share in sorted(chance.uniform(0.05, 0.8) for _ in range(3)):
        process = subprocess.Popen(argv, stderr=subprocess.DEVNULL, start_new_session=True)
        until(lambda share=share, process=process: come() >= share * total or process.poll() is not None)
        process.kill()
        process.wait()
        assert all(whole[path] == found for path, found in content(target).items() if not path.startswith(PARTS))
    before = come()
    done = run(Pull(ssh("far"), wish(far, target), pythons=pythons))
    assert content(target) == whole
    assert before >= total // 10 and done.bytes == total - before


def test_a_cut_connection_is_made_anew_and_the_pull_goes_on(far, ssh, tmp_path):
    target = tmp_path / "here"
    (folder_of(far) / "big").write_bytes(noise("bigger", 24 * MIB))
    total = sum(len(data) for data, _mtime, _mode in content(folder_of(far)).values())
    words, cuts = [], []

    def each(progress):
        words.append(progress.words)
        if len(cuts) < 2 and progress.bytes > (len(cuts) + 1) * 5 * MIB:
            cuts.append(progress.bytes)
            far.harm(signal.SIGKILL)

    done = run(Pull(ssh("far"), wish(far, target), pythons=PYTHON, buckets=(Bucket(20 * MIB),)), each)
    assert content(target) == content(folder_of(far))
    assert len(cuts) == 2 and any("try 1" in text for text in words) and done.bytes == total


def test_a_server_that_hangs_is_left_for_a_new_connection(far, ssh, tmp_path, monkeypatch):
    monkeypatch.setattr(quiet, "SILENT_S", 1.0)
    target, hung = tmp_path / "here", []
    (folder_of(far) / "big").write_bytes(noise("bigger", 24 * MIB))

    def each(progress):
        if not hung and progress.bytes > 2 * MIB:
            hung.extend(far.servers())
            far.harm(signal.SIGSTOP)

    try:
        run(Pull(ssh("far"), wish(far, target), pythons=PYTHON, buckets=(Bucket(20 * MIB),)), each)
    finally:
        for pid in hung:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert hung and content(target) == content(folder_of(far))


@pytest.mark.parametrize("pythons", [PYTHON, NONE], ids=["python", "tar and tail"])
def test_a_log_that_grows_meanwhile_is_a_beginning_of_itself(far, ssh, tmp_path, pythons):
    """A worker writes its log and replaces its status all the time: each copy is something that was there.

    Without Python on the host the hash is a look of its own: a document must then stay for more than a moment.
    """
    source, target = folder_of(far), tmp_path / "here"
    over, written, often = threading.Event(), [0], 1 if pythons == PYTHON else 300

    def work():
        while not over.is_set():
            with (source / "train.log").open("ab") as log:
                log.write(b"line %06d\n" % written[0])
            if written[0] % often == 0:
                (source / ".status.part").write_text(f"{written[0]:06d}\n" * 50)
                (source / ".status.part").replace(source / "status.json")
            written[0] += 1
            time.sleep(0.002)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        until(lambda: written[0] > 20)
        kept, sizes = {}, []
        transport = ssh("far")
        for _ in range(4):
            options = {"kept": kept, "grows": lambda path: path == "train.log"}
            done = run(
                Pull(
                    transport,
                    wish(far, target, wanted=lambda path: not path.startswith("."), **options),
                    pythons=pythons,
                )
            )
            kept = done.kept
            log = (target / "train.log").read_bytes()
            assert (source / "train.log").read_bytes().startswith(log)
            status = (target / "status.json").read_text().splitlines()
            assert len(status) == 50 and len(set(status)) == 1
            sizes.append(len(log))
    finally:
        over.set()
        worker.join()
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0]
    assert [item.path for item in done.left if item.path != "status.json"] == ["link"]
    done = run(Pull(transport, wish(far, target, kept=kept), pythons=pythons))
    assert (target / "train.log").read_bytes() == (source / "train.log").read_bytes()


def test_one_session_at_a_time_is_enough(lan, ssh, tmp_path):
    host = lan.host("far", "MaxSessions 1")
    folder_of(host).mkdir()
    (folder_of(host) / "a").write_bytes(noise(1, MIB))
    transport = ssh("far")
    probe = transport.open(["cat"])  # as the console's probe does, it keeps the first connection's only session
    run(Pull(transport, wish(host, tmp_path / "here"), pythons=PYTHON))
    assert content(tmp_path / "here") == content(folder_of(host))
    probe.close()


def test_a_host_with_nothing_says_what_it_lacks(far, ssh, tmp_path, lan):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "find", "cat"):
        (tools / tool).symlink_to(f"/bin/{tool}" if Path(f"/bin/{tool}").exists() else f"/usr/bin/{tool}")
    poor = lan.host("poor", f"SetEnv PATH={tools} HOME={lan.folder}/poor/home")
    folder_of(poor).mkdir()
    (folder_of(poor) / "a").write_bytes(b"1")
    with pytest.raises(HostLacks, match="tar or tail or head or sha256sum"):
        run(Pull(ssh("poor"), wish(poor, tmp_path / "here"), pythons=NONE))
    with pytest.raises(HostLacks, match="a push needs one"):
        (tmp_path / "file").write_text("x")
        run(Push(ssh("poor"), tmp_path / "file", str(poor.home / "data"), pythons=NONE))


def test_it_can_be_stopped_at_any_time(far, ssh, tmp_path):
    stop, target = threading.Event(), tmp_path / "here"
    transport = ssh("far")
    pull = Pull(transport, wish(far, target), pythons=PYTHON, buckets=(Bucket(MIB // 2),), stop=stop)
    with pytest.raises(Stopped):
        run(pull, lambda progress: stop.set() if progress.bytes > MIB // 2 else None)
    assert not (target / "big").exists()
    run(Pull(transport, wish(far, target), pythons=PYTHON))
    assert content(target) == content(folder_of(far))


def test_a_push_is_equal_and_goes_on_where_it_was(far, ssh, tmp_path):
    source, data = folder_of(far), far.home / "data/set"
    total = sum(len(body) for body, _mtime, _mode in content(source).values())
    cut = []

    def each(progress):
        if not cut and progress.bytes > 3 * MIB:
            cut.append(progress.bytes)
            far.harm(signal.SIGKILL)

    transport = ssh("far")
    done = run(Push(transport, source, str(data), pythons=PYTHON, buckets=(Bucket(8 * MIB),)), each)
    assert content(data) == content(source) and cut
    assert [item.path for item in done.left] == ["link"] and total <= done.bytes < total + 8 * MIB
    again = run(Push(transport, source, str(data), pythons=PYTHON))
    assert (again.bytes, again.same) == (0, len(content(source)))
    assert not (data / PARTS).exists()


def test_a_push_to_a_full_host_says_so_before_it_begins(far, ssh, tmp_path, monkeypatch):
    monkeypatch.setattr("remote.transfer.push.RESERVE", 2**60)
    with pytest.raises(RemoteError, match="are free in"):
        run(Push(ssh("far"), folder_of(far) / "big", str(far.home / "data"), pythons=PYTHON))


@pytest.mark.parametrize("pythons", [PYTHON, NONE], ids=["python", "tar and tail"])
def test_one_link_is_taken_as_the_file_that_it_was_made_for(far, ssh, tmp_path, pythons):
    """All other links stay where they are, and so does this one when it leads elsewhere."""
    folder, target, log = folder_of(far), tmp_path / "target", tmp_path / "far away" / "it's a log"
    log.parent.mkdir()
    log.write_text("line 1\n")
    secret = tmp_path / "secret"
    secret.write_text("no business of ours")
    (folder / "train.log").symlink_to(log)
    (folder / "other.log").symlink_to(secret)

    def pull(behind=log):
        wished = Wish(str(folder), target, grows=lambda path: path == "train.log", link=Link("train.log", str(behind)))
        done = run(Pull(ssh("far"), wished, pythons=pythons))
        return {item.path: item.why for item in done.left}

    if pythons == NONE:
        assert pull()["train.log"] == "it is a link" and not (target / "train.log").exists()
        return
    for text in ("line 1\n", "line 1\nline 2\n"):
        log.write_text(text)
        assert pull() == {"other.log": "it is a link", "link": "it is a link"}
        assert (target / "train.log").read_text() == text and not (target / "train.log").is_symlink()
    (folder / "train.log").unlink()
    (folder / "train.log").symlink_to(secret)
    assert pull()["train.log"] == "it is a link"
    log.unlink()
    log.symlink_to(secret)
    (folder / "train.log").unlink()
    (folder / "train.log").symlink_to(log)
    assert pull()["train.log"] == "it is a link", "what it leads to is a link, too"
    log.unlink()
    os.mkfifo(log)
    assert pull()["train.log"] == "it is a link", "no plain file"
    assert (target / "train.log").read_text() == "line 1\nline 2\n"
    assert not any(b"no business" in path.read_bytes() for path in target.rglob("*") if path.is_file())
