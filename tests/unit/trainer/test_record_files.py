import errno
import json
import os
import resource
import subprocess
import sys
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.record import RunLocked, RunReader, RunWriter, Status, atomic, files, race, toml
from trainer.record.status import Criterion, Stopping, from_json

ROOT = Path(__file__).parents[3]

# ---- status.json --------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [*Status().to_json(), "progress", "stopping", "best", "metrics", "device", "findings", "epoch", "other"]
)


@given(st.dictionaries(keys, json_values))
def test_any_json_object_is_a_status(data: dict[str, Any]) -> None:
    found = from_json(data)
    assert isinstance(found.state, str) and isinstance(found.metrics, Mapping)
    assert from_json(found.to_json()) == found


def test_a_value_of_a_wrong_type_counts_as_missing() -> None:
    found = from_json({"state": "training", "epoch": "three", "step": 4.0, "pid": True, "metrics": {"a": 1, "b": "?"}})
    assert (found.epoch, found.step, found.pid, dict(found.metrics)) == (None, 4, None, {"a": 1.0})


def test_unknown_keys_survive_and_none_is_left_out() -> None:
    status = from_json({"state": "training", "later": [1]})
    assert status.to_json() == {"state": "training", "schema": 1, "later": [1]}


def test_a_verdict_that_is_not_there_yet_is_none() -> None:
    status = Status(stopping=Stopping((Criterion("a", ">=", 1.0),)))
    assert from_json(status.to_json()).stopping == status.stopping


# ---- writer and reader --------------------------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run", clock=lambda: 7.0) as writer:
        writer.status(Status(state="training", epoch=3))
        writer.metric({"step": 1, "loss": 0.5})
        writer.event("checkpoint", file="x")
        writer.document(files.RESULTS, {"a": 1})
    reader = RunReader(tmp_path / "run")
    status = reader.status()
    assert status is not None and (status.state, status.epoch) == ("training", 3)
    assert reader.metrics() == [{"t": 7.0, "step": 1, "loss": 0.5}]
    assert reader.events() == [{"t": 7.0, "event": "checkpoint", "file": "x"}]
    assert reader.document(files.RESULTS) == {"a": 1}


def test_a_folder_with_nothing_in_it_reads_as_nothing(tmp_path: Path) -> None:
    reader = RunReader(tmp_path / "nowhere")
    assert (reader.status(), reader.config(), reader.metrics(), reader.events()) == (None, {}, [], [])
    assert (reader.log(), reader.damaged_lines(), reader.document("x.json")) == (b"", 0, None)


def test_files_that_are_rubbish_read_as_nothing(tmp_path: Path) -> None:
    for name in (files.STATUS, files.RUN, files.RESULTS):
        (tmp_path / name).write_bytes(b"\xff{[")
    reader = RunReader(tmp_path)
    assert (reader.status(), reader.config(), reader.document(files.RESULTS)) == (None, {}, None)


def test_the_end_of_a_log_can_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / files.LOG).write_bytes(b"one\ntwo\n")
    assert RunReader(tmp_path).log(last=4) == b"two\n"


def test_a_second_writer_is_refused_in_this_process_and_in_another(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from trainer.record import RunWriter; RunWriter(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with RunWriter(tmp_path):
        with pytest.raises(RunLocked):
            RunWriter(tmp_path)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert "RunLocked" in done.stderr
    assert subprocess.run(command, env=environment, check=False).returncode == 0


def test_a_torn_line_of_a_killed_writer_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / files.METRICS).write_bytes(b'{"step":1}\n{"step":2,"lo')
    with RunWriter(tmp_path) as writer:
        writer.metric({"step": 3})
    reader = RunReader(tmp_path)
    assert [row["step"] for row in reader.metrics()] == [1, 3]
    assert reader.damaged_lines() == 1


def test_a_line_that_does_not_fit_leaves_no_torn_part(tmp_path: Path) -> None:
    """A limit on the file's size makes the kernel write half a line, as a disk that becomes full does."""
    code = """
import resource, signal, sys
from pathlib import Path
from trainer.record import RunWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = RunWriter(Path(sys.argv[1]), clock=lambda: 1.0)
writer.metric({"step": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (30, 30))
try:
    writer.metric({"step": 2, "text": "x" * 100})
except OSError as error:
    print(error.errno)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) == errno.ENOSPC
    assert (tmp_path / files.METRICS).read_bytes() == b'{"t":1.0,"step":1}\n'
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


# ---- whole or not at all ------------------------------------------------------------------------------------------


def test_a_reader_never_sees_half_a_document(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    texts = [b"a" * 5000, b"b" * 9000]
    atomic.replace(path, texts[0])
    ended = threading.Event()

    def write() -> None:
        for number in range(300):
            atomic.replace(path, texts[number % 2])
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not ended.is_set():
        seen.add(path.read_bytes())
    writer.join()
    assert seen <= set(texts)
    assert [item.name for item in tmp_path.iterdir()] == ["status.json"]


def test_a_replacement_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    (tmp_path / "status.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic.replace(tmp_path / "status.json", b"x")
    assert [item.name for item in tmp_path.iterdir()] == ["status.json"]


def test_exactly_one_of_many_creates(tmp_path: Path) -> None:
    barrier, won = threading.Barrier(8), []

    def try_it(number: int) -> None:
        barrier.wait()
        if race.claim(tmp_path / "race", f"run-{number}", f"worker-{number}"):
            won.append(number)

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = race.winner(tmp_path / "race")
    assert len(won) == 1 and found is not None and found.worker == f"worker-{won[0]}"
    assert race.claim(tmp_path / "race", f"run-{won[0]}", "again")  # the winner asks again after a resume
    assert not race.claim(tmp_path / "race", "late", "late")


def test_a_race_without_a_winner_and_a_damaged_marker_have_none(tmp_path: Path) -> None:
    assert race.winner(tmp_path) is None
    (tmp_path / files.WINNER).write_text("{")
    assert race.winner(tmp_path) is None


# ---- TOML ---------------------------------------------------------------------------------------------------------

characters = st.characters(codec="utf-8")
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(characters)
toml_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(characters), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(characters), toml_values, max_size=5))
def test_toml_reads_back_as_itself(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(table)) == table


def test_toml_writes_not_a_number_and_leaves_none_out() -> None:
    text = toml.dumps({"a": float("nan"), "b": None, "c": {"d": None}, "e": [1.0, -float("inf")]})
    assert text == "a = nan\ne = [1.0, -inf]\n\n[c]\n"
    assert json.dumps(tomllib.loads(text)) == '{"a": NaN, "e": [1.0, -Infinity], "c": {}}'
