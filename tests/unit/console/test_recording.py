"""A session kept as its messages, and shown again."""

import contextlib
import gzip
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fleet.fold import fold
from console.fleet.model import Planned
from console.recording.lines import LEFT_OUT, decode, encode, harmless
from console.recording.player import KEEP_EVERY, Player
from console.recording.recorder import Recorder
from remote.events import Chunk, Document, FolderGone, Gpu, GpuProcess, Hello, LinkState, Process, Synced, Telemetry
from trainer.schema import ConfigError

sys.path.insert(0, str(Path(__file__).parents[2] / "tui"))

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False)
events = st.one_of(
    st.builds(Chunk, text, text, st.integers(0, 9), st.integers(0, 2**40), st.binary(max_size=30), st.booleans()),
    st.builds(Process, text, text, st.integers(0, 99), st.booleans(), st.none() | st.integers(0, 9), st.none()),
    st.builds(FolderGone, text),
    st.just(Synced()),
    st.builds(LinkState, st.sampled_from(["connected", "stale", "host key"]), text, text, st.none() | number),
    st.builds(Hello, st.integers(0, 9), text, text, number, number, text, st.integers(1, 9), text, text),
    st.builds(
        Telemetry, st.integers(0, 9), number, number, st.none() | number, st.none() | number,
        st.none() | st.integers(0, 9), st.none() | st.integers(0, 9),
        gpus=st.lists(st.builds(Gpu, st.integers(0, 7), text, processes=st.just((GpuProcess(1, 2, "u", "c"),))),
                      max_size=2).map(tuple),
    ),
)  # fmt: skip


@given(events)
def test_an_event_comes_back_as_it_was(event):
    assert decode(json.loads(json.dumps(encode(event)))) == event


@given(st.text(max_size=40), st.sampled_from(["run.toml", "status.json", "x"]))
def test_no_document_can_make_it_fail(words, name):
    harmless(name, words)


@given(st.dictionaries(st.sampled_from(["k", "phase", "folder", "retry_in"]), st.one_of(text, st.none(), number)))
def test_no_row_can_make_it_fail_but_with_one_error(row):
    with contextlib.suppress(ValueError):
        decode(row)


def test_secrets_are_left_out():
    toml = '[command]\nargv = ["x", "--token", "s3cret", "--api-key=s3cret", "-v"]\n[command.env]\nA = "s3cret"\n'
    toml += '[set]\nwandb_api_key = "s3cret"\nlr = 0.1\n'
    found = harmless("run.toml", toml)
    assert "s3cret" not in found and found.count(LEFT_OUT) == 4 and "lr = 0.1" in found and '"-v"' in found
    assert "s3cret" not in harmless("launch.json", '{"env": {"A": ["s3cret"]}, "password": "s3cret", "pid": 3}')
    assert json.loads(harmless("status.json", '{"metrics": {"tokens": 3.5}}')) == {"metrics": {"tokens": 3.5}}
    assert harmless("run.toml", "password = s3cret") == "" and "s3cret" not in harmless("x", "PASSWORD: s3cret")


def record(path, batches=5):
    now = [1000.0]
    recorder = Recorder(path, lambda: now[0])
    recorder.plan(["here"], [Planned("a", "here", 990.0)], {"r": ("a", "b")})
    recorder.batch(
        "here", [Document("runs/a-1", "run.toml", '[origin]\nworker = "a"\n', 1.0), LinkState("connected")], 900.0
    )
    for n in range(batches):
        now[0] += 1.0
        recorder.batch("here", [Chunk("runs/a-1", "train.log", 1, n * 3, b"%02d\n" % n)], now[0])
    recorder.close()
    return recorder


def log_of(player):
    (run,) = player.fleet.runs.values()
    return list(run.log.lines)


def test_a_session_is_shown_again_forward_and_back(tmp_path):
    many = 3 * KEEP_EVERY
    record(tmp_path / "s", many)
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
    player = Player(tmp_path / "s")
    assert player.races() == {"r": ("a", "b")} and player.fleet.planned["a"].since == 990.0 and player.clock() == 1000.0
    player.seek(player.end + 50)
    whole = log_of(player)
    assert len(whole) == many and player.clock() == player.end == 1000.0 + many
    versions = [player.fleet.version]
    for moment in (1250.0, 1003.0, 1101.0, 1000.0, 1299.0):
        player.seek(moment)
        versions.append(player.fleet.version)
        assert log_of(player) == whole[: int(moment - 1000)] if moment > 1000 else True
    assert versions == sorted(set(versions)), "a screen would miss a change"


def test_a_torn_end_is_where_it_ends(tmp_path):
    record(tmp_path / "s", 400)
    data = (tmp_path / "s").read_bytes()
    (tmp_path / "torn").write_bytes(data[: len(data) // 2])
    player = Player(tmp_path / "torn")
    player.seek(player.end)
    assert player.clock() < 1400.0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no recording"),
        (b"hello", "is no recording"),
        (gzip.compress(b'{"k": "trajconsole", "schema": 99}\n'), "schema 99"),
        (gzip.compress(b'{"k": "trajconsole", "schema": 1}\n{"k": "batch", "at": "x"}\n'), "is damaged"),
        (gzip.compress(b"[1]\nno json\n"), "cannot be read"),
    ],
    ids=["nothing", "no gzip", "newer", "no number", "no object"],
)
def test_what_is_no_recording_is_one_clear_error(tmp_path, data, words):
    (tmp_path / "s").write_bytes(data)
    with pytest.raises(ConfigError, match=words):
        Player(tmp_path / "s")


def test_a_recording_is_never_written_over_and_a_full_disk_ends_it_quietly(tmp_path):
    record(tmp_path / "s")
    with pytest.raises(FileExistsError):
        Recorder(tmp_path / "s")
    full = Recorder(tmp_path / "full")
    full._file.close()
    full._raw.close()

    class Full:
        closed = False

        def write(self, data):
            raise OSError(28, "No space left on device")

    full._file = Full()
    full.batch("here", [Synced()], 1.0)
    full.batch("here", [Synced()], 1.0)
    assert "No space left" in full.problem


async def test_the_screen_of_a_recording(tmp_path):
    from screen_text import screen_text, settled

    from console.recording.app import ReplayApp

    record(tmp_path / "s", 60)
    player = Player(tmp_path / "s")
    player.paused = True
    app = ReplayApp(player)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "READ-ONLY" in screen_text(app) and "a recording, paused, 0:00 of 1:00" in screen_text(app)
        await pilot.press("greater_than_sign", "greater_than_sign")
        await settled(pilot)
        assert player.clock() == 1020.0 and len(log_of(player)) == 20 and "0:20 of 1:00" in screen_text(app)
        await pilot.press("less_than_sign")
        assert player.clock() == 1010.0
        await pilot.press("right_curly_bracket", "right_curly_bracket", "left_curly_bracket")
        assert player.speed == 2.0
        await pilot.press("s", "x", "h", "e", "n")
        await settled(pilot)
        assert app.screen is app.screen_stack[0]
        await pilot.press("P")
        assert not player.paused
        for _ in range(300):
            if player.clock() > 1010.5:
                break
            await pilot.pause(0.02)
        assert player.clock() > 1010.5


def test_the_fleet_is_the_one_that_was_on_the_screen(tmp_path):
    from tui_fleets import busy

    told = busy().fleet
    path = tmp_path / "s"
    recorder = Recorder(path, lambda: 5000.0)
    recorder.plan(list(told.hosts), list(told.planned.values()), {})
    figures = [(name, [host.link, *filter(None, [host.hello, host.telemetry])]) for name, host in told.hosts.items()]
    for name, items in figures:
        recorder.batch(name, items, 4999.0)
    recorder.close()
    player = Player(path)
    wanted = {name: fold(player.fleet, name, items, 4999.0).hosts[name] for name, items in figures}
    player.seek(player.end)
    assert {name: host.telemetry for name, host in player.fleet.hosts.items()} == {
        n: h.telemetry for n, h in wanted.items()
    }
