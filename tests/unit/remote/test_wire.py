"""Lines of the probe to records: exact on good lines, calm on everything else."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote import events, wire
from remote.watch import Watch, Watched

LINES = [
    (
        {"k": "hello", "version": 1, "hostname": "h", "boot_id": "b", "boot_time": 5, "clock": 7.5, "python": "3.8.1"}
        | {"cores": 8, "user": "u", "root": "/r"},
        events.Hello(1, "h", "b", 5.0, 7.5, "3.8.1", 8, "u", "/r"),
    ),
    (
        {"k": "doc", "folder": "runs/a", "name": "s.json", "text": "é{}", "mtime": 3.25},
        events.Document("runs/a", "s.json", "é{}", 3.25),
    ),
    ({"k": "doc", "folder": "runs/a", "name": "s", "text": None}, events.Document("runs/a", "s", None)),
    (
        {"k": "chunk", "folder": "runs/a", "name": "log", "inode": 7, "start": 3, "text": "ü\n"},
        events.Chunk("runs/a", "log", 7, 3, "ü\n".encode()),
    ),
    (
        {"k": "chunk", "folder": "f", "name": "n", "inode": 7, "start": 0, "b64": base64.b64encode(b"\xff\n").decode()}
        | {"reset": True},
        events.Chunk("f", "n", 7, 0, b"\xff\n", True),
    ),
    (
        {"k": "process", "folder": "f", "document": "d", "pid": 9, "alive": False, "memory": None, "cpu_s": None},
        events.Process("f", "d", 9, False),
    ),
    (
        {
            "k": "facts",
            "blocks": [
                {"name": "sda1", "path": "/dev/sda1", "kind": "partition", "size": 9, "start": 1, "number": 1}
                | {"below": ["sda", 4], "table": "gpt", "mount": "/", "filesystem": "ext4", "filesystem_size": 8}
            ],
            "caches": [{"name": "pip", "path": "/p", "bytes": 7, "whole": True, "empty": "pip cache purge"}, "odd"],
            "sees_others": False,
        },
        events.Facts(
            (events.Block("sda1", "/dev/sda1", "partition", 9, 1, 1, ("sda",), "gpt", "/", "ext4", 8, None),),
            (events.Cache("pip", "/p", 7, True, "pip cache purge"),),
            False,
        ),
    ),
    ({"k": "gone", "folder": "f"}, events.FolderGone("f")),
    ({"k": "synced"}, events.Synced()),
]
TELEMETRY = {
    "k": "host",
    "seq": 4,
    "time": 10.5,
    "mono": 2,
    "cpu": 0.5,
    "load": None,
    "memory_used": 1,
    "memory_total": 2,
    "disks": [
        {"mount": "/", "device": "/dev/x", "kind": "ext4", "total": 3, "used": 2, "free": 1, "inodes_free": None}
    ],
    "gpus": [
        {"index": 0, "name": "G", "utilisation": None, "processes": [{"pid": 5, "memory": None}, "odd"]},
        3,
        {"index": 0, "instance": 1, "name": "part", "clock": 1980, "slowed_by": ["heat", 7], "error": "GPU is lost"},
    ],
    "gpu_source": "nvml",
    "unknown": {"deep": []},
}


def encode(row: object) -> bytes:
    return json.dumps(row).encode() + b"\n"


@pytest.mark.parametrize(("row", "event"), LINES)
def test_every_kind_becomes_its_record(row, event):
    assert wire.decode_line(encode(row)) == event


def test_telemetry_keeps_what_fits_and_drops_what_does_not():
    event = wire.decode_line(encode(TELEMETRY))
    assert isinstance(event, events.Telemetry)
    assert (event.seq, event.time, event.cpu, event.load, event.gpu_source) == (4, 10.5, 0.5, None, "nvml")
    assert event.disks == (events.Disk("/", "/dev/x", "ext4", 3, 2, 1, None),)
    assert event.gpus == (
        events.Gpu(0, "G", processes=(events.GpuProcess(5),)),
        events.Gpu(0, "part", instance=1, clock=1980.0, slowed_by=("heat",), error="GPU is lost"),
    )


@pytest.mark.parametrize(
    "line",
    [
        b"Last login: Monday",
        b"[1]",
        b'{"a": 1}',
        b'{"k": ["list"]}',
        b'{"k": "host", "seq": 1, "time": NaN}',
        b'{"k": "host", "seq": true, "time": 1}',
        b'{"k": "chunk", "folder": "f", "name": "n", "inode": 1, "start": -1, "text": "x"}',
        b'{"k": "chunk", "folder": "f", "name": "n", "inode": 1, "start": 0, "b64": "?"}',
        b'{"k": "chunk", "folder": "f", "name": "n", "inode": 1, "start": 0, "text": "\\ud800"}',
        b'{"k": "process", "folder": "f", "document": "d", "pid": 1, "alive": "yes"}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_is_counted_and_the_next_one_is_read(line):
    decoder = wire.Decoder()
    assert decoder.feed(line + b"\n" + encode({"k": "synced"})) == [events.Synced()]
    assert decoder.damaged == 1


def test_an_unknown_kind_is_no_damage():
    decoder = wire.Decoder()
    assert decoder.feed(encode({"k": "from the future"}) + b"\n\n") == []
    assert decoder.damaged == 0


@given(st.lists(st.integers(0, 400), max_size=12))
def test_pieces_may_be_cut_anywhere(cuts):
    data = b"".join(encode(row) for row, _ in LINES)
    decoder, found, last = wire.Decoder(), [], 0
    for cut in sorted(min(cut * 3, len(data)) for cut in cuts):
        found += decoder.feed(data[last:cut])
        last = cut
    assert found + decoder.feed(data[last:]) == [event for _, event in LINES]


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_arbitrary_bytes_never_raise(pieces):
    decoder = wire.Decoder()
    for piece in pieces:
        decoder.feed(piece)
    rest = decoder.feed(b"\n" + encode({"k": "synced"}))
    assert rest[-1] == events.Synced()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))


@given(st.sampled_from([row for row, _ in LINES] + [TELEMETRY]), st.data())
def test_a_line_with_any_values_is_a_record_or_damaged(row, data):
    changed = {
        key: data.draw(VALUES) if data.draw(st.booleans()) else value for key, value in row.items() if key != "k"
    }
    decoder = wire.Decoder()
    found = decoder.feed(encode({"k": row["k"], **changed}))
    assert len(found) + decoder.damaged == 1
    for event in found:
        hash(repr(event).encode())  # nothing in it that cannot be written again


def test_a_line_without_end_is_given_up_and_the_next_one_read(monkeypatch):
    monkeypatch.setattr(wire, "LONGEST_LINE", 100)
    decoder = wire.Decoder()
    for _ in range(5):
        assert decoder.feed(b"x" * 60) == []
    assert decoder.feed(b"x\n" + encode({"k": "synced"})) == [events.Synced()]
    assert decoder.damaged == 1


def test_commands_are_lines_that_the_probe_can_read():
    watch = Watch("~/t", (Watched("runs", ("s.json",), ("log",)), Watched("races", ("winner.json",))))
    line = wire.encode_watch(watch, {"runs/a": {"log": (7, 12)}}, 15.0)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "k": "watch",
        "root": "~/t",
        "folders": [
            {"parent": "runs", "documents": ["s.json"], "streams": ["log"]},
            {"parent": "races", "documents": ["winner.json"], "streams": []},
        ],
        "offsets": {"runs/a": {"log": [7, 12]}},
        "lease": 15.0,
        "heartbeat": 1.0,
    }
    assert json.loads(wire.encode_beat()) == {"k": "beat"}


def test_a_root_that_depends_on_where_one_stands_is_refused():
    with pytest.raises(ValueError, match="starts with ~"):
        Watch("runs", ())
