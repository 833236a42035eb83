"""The mirror: whatever happens to the console, data and offsets agree."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.fleet.fold import recall
from console.fleet.model import Fleet
from console.fleet.points import points
from console.mirror import Gap, Mirror
from remote.events import Chunk, Document, FolderGone, Telemetry

FOLDER = "runs/a"
LINES = [b"line one\n", b"two\n", b"three is longer\n", b"4\n"]
WHOLE = b"".join(LINES)


def chunk(start: int, data: bytes, *, inode: int = 7, reset: bool = False, name: str = "train.log") -> Chunk:
    return Chunk(FOLDER, name, inode, start, data, reset)


def mirrored(mirror: Mirror, name: str = "train.log") -> bytes:
    return (mirror.path / FOLDER / name).read_bytes()


@pytest.fixture
def mirror(tmp_path):
    mirror = Mirror(tmp_path, "h")
    yield mirror
    mirror.close()


def test_the_size_is_the_offset(mirror, tmp_path):
    mirror.take(chunk(0, LINES[0]))
    mirror.take(chunk(len(LINES[0]), LINES[1]))
    assert mirror.offsets == {FOLDER: {"train.log": (7, 13)}}
    mirror.close()
    again = Mirror(tmp_path, "h")
    (dated,) = again.load()
    assert dated.event.data == LINES[0] + LINES[1] and again.offsets == {FOLDER: {"train.log": (7, 13)}}
    again.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(WHOLE)), max_size=8), st.integers(0, len(WHOLE)))
def test_no_line_lost_and_none_twice_after_a_kill_at_any_byte(tmp_path_factory, starts, torn):
    """Pieces come, the console dies with `torn` bytes on the disk, another one goes on from what it finds."""
    state = tmp_path_factory.mktemp("state")
    first = Mirror(state, "h")
    for start in starts:
        first.take(chunk(min(start, first.offsets.get(FOLDER, {}).get("train.log", (0, 0))[1]), WHOLE))
    first.take(chunk(0, WHOLE))
    first.close()
    os.truncate(state / "mirror" / "h" / FOLDER / "train.log", torn)
    second = Mirror(state, "h")
    loaded = b"".join(dated.event.data for dated in second.load())
    inode, offset = second.offsets[FOLDER]["train.log"]
    assert inode == 7 and offset == len(loaded) and WHOLE.startswith(loaded) and loaded[-1:] in (b"", b"\n")
    event = second.take(chunk(offset, WHOLE[offset:]))
    assert loaded + (event.data if event else b"") == WHOLE == mirrored(second)
    second.close()


def test_what_came_before_is_not_taken_twice(mirror):
    mirror.take(chunk(0, WHOLE))
    assert mirror.take(chunk(0, WHOLE)) is None
    event = mirror.take(chunk(9, WHOLE[9:] + b"more\n"))
    assert (event.start, event.data) == (len(WHOLE), b"more\n")


def test_a_replaced_file_replaces_the_mirror(mirror):
    mirror.take(chunk(0, WHOLE))
    event = mirror.take(chunk(0, b"new\n", inode=8, reset=True))
    assert event.reset and mirrored(mirror) == b"new\n" and mirror.offsets[FOLDER]["train.log"] == (8, 4)
    event = mirror.take(chunk(0, b"", inode=9, reset=True))
    assert event.reset and mirrored(mirror) == b""


def test_a_gap_is_told_and_the_whole_file_asked_for(mirror):
    mirror.take(chunk(0, LINES[0]))
    with pytest.raises(Gap):
        mirror.take(chunk(50, LINES[1]))
    assert mirror.offsets[FOLDER]["train.log"][1] == 0
    assert mirror.take(chunk(0, WHOLE)).reset and mirrored(mirror) == WHOLE


def test_a_mirror_that_somebody_removed_is_a_gap(mirror):
    mirror.take(chunk(0, LINES[0]))
    os.truncate(mirror.path / FOLDER / "train.log", 0)
    with pytest.raises(Gap):
        mirror.take(chunk(len(LINES[0]), LINES[1]))
    assert mirror.take(chunk(0, WHOLE)).reset and mirrored(mirror) == WHOLE


def test_documents_are_replaced_and_removed(mirror, tmp_path):
    mirror.take(Document(FOLDER, "status.json", "{}"))
    mirror.take(Document(FOLDER, "exit.json", "{}"))
    mirror.take(Document(FOLDER, "exit.json", None))
    mirror.take(Document(FOLDER, "status.json", None, problem="too large"))
    assert sorted(path.name for path in (mirror.path / FOLDER).iterdir()) == ["status.json"]


def test_a_removed_run_stays_readable_and_is_known_as_gone(mirror, tmp_path):
    mirror.take(chunk(0, WHOLE))
    mirror.take(FolderGone(FOLDER))
    mirror.close()
    again = Mirror(tmp_path, "h")
    assert [type(dated.event) for dated in again.load()] == [Chunk, FolderGone]
    assert again.offsets == {} and again.documents == {}
    again.close()


def test_a_second_console_reads_and_does_not_write(mirror, tmp_path):
    mirror.take(chunk(0, LINES[0]))
    second = Mirror(tmp_path, "h")
    assert mirror.owner and not second.owner
    assert [dated.event.data for dated in second.load()] == [LINES[0]]
    assert second.take(chunk(len(LINES[0]), LINES[1])).data == LINES[1]
    assert second.offsets[FOLDER]["train.log"] == (7, 13) and mirrored(mirror) == LINES[0]
    second.close()


@pytest.mark.parametrize("folder", ["runs/..", "runs/.hidden", "runs/a/../../b", "etc/a", "runs/", "runs", "/runs/a"])
def test_a_name_that_would_leave_the_mirror_is_not_taken(mirror, folder):
    assert mirror.take(Document(folder, "status.json", "{}")) is None
    assert mirror.take(Chunk(folder, "train.log", 1, 0, b"x\n")) is None
    assert mirror.take(Document(FOLDER, "../x", "{}")) is None
    assert [path.name for path in mirror.path.iterdir()] == [".lock"]


def test_a_disk_that_fails_ends_the_writing_not_the_console(mirror):
    (mirror.path / "runs").write_text("in the way")
    assert mirror.take(chunk(0, WHOLE)).data == WHOLE
    assert not mirror.owner and "cannot be written" in mirror.problem
    assert mirror.take(chunk(len(WHOLE), b"more\n")).data == b"more\n"


def test_other_events_pass_through(mirror):
    event = Telemetry(1, 0.0, 0.0, None, None, None, None)
    assert mirror.take(event) is event


def test_a_status_that_moves_all_the_time_is_on_the_disk_when_the_console_is_closed(mirror, tmp_path):
    for step in range(4):
        assert mirror.take(Document(FOLDER, "status.json", f'{{"step": {step}}}')) is not None
    assert mirror.take(Document(FOLDER, "status.json", '{"step": 3}')) is None, "nothing is new in it"
    mirror.close()
    assert (mirror.path / FOLDER / "status.json").read_text() == '{"step": 3}'
    again = Mirror(tmp_path, "h")
    (dated,) = again.load()
    assert again.take(dated.event) is None and again.take(Document(FOLDER, "status.json", None)) is not None
    again.close()
    assert not (mirror.path / FOLDER / "status.json").exists()


def test_of_a_long_stream_the_end_is_read_and_the_rest_when_it_is_asked_for(mirror, tmp_path):
    lines = [b'{"step": %d, "loss": %d.5}\n' % (n, n) for n in range(3000)]
    mirror.take(chunk(0, b"".join(lines), name="metrics.jsonl"))
    mirror.close()
    again = Mirror(tmp_path, "h")
    (dated,) = again.load()
    fleet = recall(Fleet(), "h", [(dated.event, dated.time, dated.before)])
    (run,) = fleet.runs.values()
    assert (
        dated.event.start > 0
        and not run.rows.complete
        and again.offsets[FOLDER]["metrics.jsonl"][1] == sum(map(len, lines))
    )
    assert list(points(run, "loss")[1]) == [n + 0.5 for n in range(3000)] and run.rows.complete
    again.close()


def test_the_end_of_a_long_log_says_that_there_is_more_before_it(mirror, tmp_path):
    whole = b"".join(b"line %06d\n" % n for n in range(60_000))
    mirror.take(chunk(0, whole))
    mirror.close()
    again = Mirror(tmp_path, "h")
    fleet = recall(Fleet(), "h", [(dated.event, dated.time, dated.before) for dated in again.load()])
    (run,) = fleet.runs.values()
    assert run.log.first > 0 and run.log.end == len(whole) and run.log.lines[-1] == "line 059999"
    again.close()
