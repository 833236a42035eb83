"""The store on this machine, through the transport without a network."""

import json
import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest

from remote.bundle import argv, bundle, framed
from remote.deploy.folder import entries
from remote.deploy.store import Sent, Shipped, Store
from remote.deploy.tree import Tree, from_bytes, link, tree
from remote.errors import CommandFailed, HostLacks, Unreachable
from remote.fake import Drop, FakeTransport
from remote.local import LocalTransport
from remote.transport import Completed


@pytest.fixture
def root(tmp_path):
    return tmp_path / "ro ot 'ü"


@pytest.fixture
def make(root):
    """Stores as of new processes: none remembers what another has verified."""
    transport = LocalTransport()
    yield lambda: Store(transport, sys.executable, str(root))
    transport.close()


def ensure(store, *trees):
    shipment, told = store.ensure(trees), []
    while True:
        try:
            told.append(next(shipment))
        except StopIteration as end:
            return end.value, told


def code(**files):
    return tree("code", {name.replace("__", "/"): from_bytes(text.encode()) for name, text in files.items()})


def test_a_tree_arrives_as_it_is(make, root):
    nasty = ["a b.py", "it's.py", 'qu"ote', "ü/é.py", "new\nline", "x\udcff", "$HOME", "-n"]
    made = tree(
        "nasty",
        {
            **{name: from_bytes(name.encode("utf-8", "surrogateescape") * 1000) for name in nasty},
            "bin/run": from_bytes(b"#!/bin/sh\n", program=True),
            "empty": from_bytes(b""),
            "to": link("ü/é.py"),
        },
    )
    shipped, told = ensure(make(), made)
    assert (shipped.objects, shipped.there) == (10, 0) and told[-1] == Sent(made.size, made.size)
    assert shipped.wire < made.size
    folder = Path(make().folder(made.hash))
    for name in nasty:
        assert Path(os.fsdecode(os.fsencode(folder) + b"/" + name.encode("utf-8", "surrogateescape"))).is_file()
    assert (folder / "to").read_text() == "ü/é.py" * 1000
    assert (folder / "bin/run").stat().st_mode & 0o777 == 0o555
    assert (folder / "empty").stat().st_mode & 0o777 == 0o444
    assert ensure(make(), made) == (Shipped(there=10), [])
    assert entries(folder, "").keys() == made.entries.keys()
    assert tree("copy", entries(folder, "")).hash == made.hash


def test_only_what_is_new_is_sent_and_trees_share_the_rest(make, root):
    first, second = code(a="1", b="2", sub__c="3"), code(a="1", b="new", sub__c="3")
    store = make()
    assert ensure(store, first)[0].objects == 3
    assert ensure(store, second)[0].objects == 1
    shipped, _ = ensure(make(), code(a="1", b="newer", sub__c="3"))
    assert (shipped.objects, shipped.there) == (1, 2)
    inodes = {(Path(store.folder(made.hash)) / "sub/c").stat().st_ino for made in (first, second)}
    assert len(inodes) == 1


def test_a_process_asks_once(make):
    asked = []

    class Counting(LocalTransport):
        def run(self, argv, **options):
            asked.append(argv)
            return super().run(argv, **options)

    store = make()
    store._transport = Counting()
    made = code(a="1")
    ensure(store, made)
    assert ensure(store, made) == (Shipped(), []) and len(asked) == 1


@pytest.mark.parametrize("harm", ["changed", "cut", "gone", "a folder"])
def test_damage_is_found_and_mended_and_strangers_stay(make, harm):
    store, made = make(), code(a__m="x = 1", b="2")
    ensure(store, made)
    path = Path(store.folder(made.hash)) / "a/m"
    (path.parent / "__pycache__").mkdir()
    (path.parent / "result.txt").write_text("somebody's")
    path.chmod(0o644)
    if harm == "changed":
        path.write_text("x = 2")
    elif harm == "cut":
        path.write_text("")
    else:
        path.unlink()
    if harm == "a folder":
        path.mkdir()
        with pytest.raises(CommandFailed, match="a/m: Is a directory"):
            ensure(make(), made)
        path.rmdir()
    shipped, _ = ensure(make(), made)
    assert shipped.mended == ("a/m",)
    assert path.read_text() == "x = 1" and (path.parent / "result.txt").exists()
    assert not (path.parent / "__pycache__").exists()
    assert make().whole([made.hash]) == {made.hash}


def test_a_tree_is_whole_or_it_is_not(make):
    made = code(a="1")
    assert make().whole([made.hash]) == set()
    ensure(make(), made)
    path = Path(make().folder(made.hash)) / "a"
    path.chmod(0o644)
    path.write_text("2")
    assert make().whole([made.hash, "0" * 64]) == set()


def test_many_at_once_make_one_tree(make):
    made = tree("many", {f"{number}/f": from_bytes(b"%d" % number * 100) for number in range(100)})
    found = []
    threads = [threading.Thread(target=lambda: found.append(ensure(make(), made))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4 and [stored.files for stored in make().list()] == [100]


def test_what_a_killed_process_left_is_swept_away(make, root):
    ensure(make(), code(a="1"))
    left = root / "code/incoming/0123456789abcdef"
    (left / "tree").mkdir(parents=True)
    os.utime(left, (1, 1))
    ensure(make(), code(a="2"))
    assert list((root / "code/incoming").iterdir()) == []


def test_an_interrupted_stream_keeps_what_was_whole(make, root):
    made = tree("code", {"a": from_bytes(b"a"), "b": from_bytes(os.urandom(300_000))})
    question = {"ask": "take", "root": str(root), "trees": [made.to_json()]}
    packer = zlib.compressobj(wbits=31)
    stream = b"".join(
        packer.compress(f"{entry.key} {entry.size}\n".encode() + b"".join(entry.pieces()))
        for entry in made.entries.values()
    )
    stream += packer.flush(zlib.Z_SYNC_FLUSH)
    done = subprocess.run(
        argv(sys.executable), input=bundle("remote.store") + framed(json.dumps(question).encode()) + stream[:-1000],
        capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (5, b"")
    assert list((root / "code/trees").iterdir()) == []
    shipped, _ = ensure(make(), made)
    assert (shipped.objects, shipped.there) == (1, 1)


def test_a_file_that_changes_while_it_is_sent_is_told(make, tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/a").write_text("one")
    made = tree("p", entries(tmp_path / "p", ""))
    (tmp_path / "p/a").write_text("two")
    with pytest.raises(ValueError, match="changed while it was sent"):
        ensure(make(), made)
    (tmp_path / "p/a").write_text("one")
    assert ensure(make(), made)[0].objects == 1


def test_prune_keeps_what_is_needed(make, root):
    used, named, worked, free = code(a="1"), code(a="2", b="b"), code(a="3"), code(a="4", b="b")
    store = make()
    ensure(store, used, named, worked, free)
    run = root / "runs/r-1"
    run.mkdir(parents=True)
    (run / "run.toml").write_text(f'[origin]\ntree = "{named.hash}"\n')
    (Path(store.folder(worked.hash)) / "out.txt").write_text("a result")
    (Path(store.folder(free.hash)) / "__pycache__").mkdir()
    for made in (named, worked, free):
        os.utime(root / f"code/trees/{made.hash}.json", (1, 1))
    assert store.prune(60.0) == (free.hash,)
    assert {stored.hash for stored in make().list()} == {used.hash, named.hash, worked.hash}
    assert make().whole([used.hash, named.hash, worked.hash]) == {used.hash, named.hash, worked.hash}
    assert ensure(store, free)[0].there >= 1  # forgotten by this process too


def test_a_root_that_cannot_be_written_is_told_with_the_mend(make, root):
    root.write_text("a file")
    with pytest.raises(CommandFailed, match="Not a directory"):
        ensure(make(), code(a="1"))


LOOKED = b'trajconsole {"missing": %s, "damaged": [], "free": %d}\n'


def answering(free, *channels):
    missing = json.dumps([entry.key for entry in code(a="1").entries.values()]).encode()
    return FakeTransport(channels, lambda *_: Completed(0, b"noise\n" + LOOKED % (missing, free), b""))


def test_a_full_disk_is_told_before_anything_is_sent():
    with pytest.raises(HostLacks, match=r"no room in /r/code on the host: .* and 0\.0 MiB are free"):
        ensure(Store(answering(1000), "python3", "/r"), code(a="1"))


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (b'trajconsole {"failed": "No space left on device", "errno": "ENOSPC"}\n', HostLacks, "no room in /r/code"),
        (b'trajconsole {"failed": "an object arrived damaged: ab"}\n', CommandFailed, "damaged"),
        (b'trajconsole {"failed": "Read-only file system", "errno": "EROFS", "path": "/r/x"}\n', CommandFailed, "/r/x"),
        (b'trajconsole {"missing": ["ab"]}\n', CommandFailed, "lost what it was sent"),
        (b"trajconsole {half\n", Unreachable, "broke before the host had answered"),
        (Drop(), Unreachable, "broke before the host had answered"),
    ],
)
def test_what_goes_wrong_while_sending(said, error, words):
    with pytest.raises(error, match=words):
        ensure(Store(answering(10**12, [said]), "python3", "/r"), code(a="1"))


@pytest.mark.parametrize(
    ("done", "error", "words"),
    [
        (Completed(127, b"", b"sh: python3: not found\n"), HostLacks, "the host has no python3"),
        (Completed(4, b"", b"Python 3.6 is too old for the store: it needs 3.8 or newer\n"), CommandFailed, "too old"),
        (Completed(None, b"", b""), Unreachable, "broke"),
        (Completed(0, b"trajconsole [1]\n", b""), CommandFailed, "did not answer"),
    ],
)
def test_a_host_that_does_not_answer(done, error, words):
    with pytest.raises(error, match=words):
        ensure(Store(FakeTransport(commands=lambda *_: done), "python3", "/r"), code(a="1"))


def test_a_name_that_is_not_the_hash_is_refused(make):
    made = code(a="1")
    wrong = Tree("x", made.entries)
    wrong.__dict__["hash"] = "0" * 64
    with pytest.raises(CommandFailed, match="not the hash"):
        ensure(make(), wrong)


def test_a_full_disk_in_the_middle_is_told(make, root):
    """A limit of the process stands in for the disk: writing fails at the same place, with another number."""
    made = tree("big", {"a": from_bytes(os.urandom(3_000_000))})
    store = make()
    store._python = str(root.parent / "limited")
    Path(store._python).write_text(f'#!/bin/sh\nulimit -f 1000\ntrap "" XFSZ\nexec {sys.executable} "$@"\n')
    Path(store._python).chmod(0o755)
    with pytest.raises((CommandFailed, Unreachable), match="File too large"):
        ensure(store, made)
    assert list((root / "code/trees").iterdir()) == []
