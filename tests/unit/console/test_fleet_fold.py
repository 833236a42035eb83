"""The fold takes whatever a host sends, and old snapshots stay what they were."""

from fleet_evidence import RUN, Evidence, document
from hypothesis import given
from hypothesis import strategies as st

from console.fleet.fold import LOG_LINES, fold
from console.fleet.model import Fleet
from console.fleet.view import host_rows, race_views, worker_rows
from remote.events import Chunk, Document, FolderGone, LinkState, Process

FOLDERS = st.sampled_from(["runs/a", "runs/b", "races/r", "runs/", "odd", ""])
NAMES = st.sampled_from(
    ["status.json", "launch.json", "exit.json", "results.json", "run.toml", "metrics.jsonl", "train.log", "winner.json"]
)
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.sampled_from(['{"state": "training", "heartbeat": 1e999, "metrics": {"a": "NaN"}}', "[1]", "{", "a = 1"]),
)
EVENTS = st.one_of(
    st.builds(Document, FOLDERS, NAMES, TEXTS),
    st.builds(Chunk, FOLDERS, NAMES, st.integers(0, 3), st.integers(0, 9), st.binary(max_size=60), st.booleans()),
    st.builds(Process, FOLDERS, NAMES, st.integers(1, 9), st.booleans()),
    st.builds(FolderGone, FOLDERS),
    st.builds(LinkState, st.sampled_from(["connecting", "connected", "unreachable"])),
)


@given(st.lists(EVENTS, max_size=12))
def test_any_events_fold_and_show(events):
    fleet = Fleet()
    for number, event in enumerate(events):
        fleet = fold(fleet, "h", [event], float(number))
    assert fleet.version == len(events)
    worker_rows(fleet, 100.0), host_rows(fleet, 100.0), race_views(fleet, {"r": ("a",)}, 100.0)


def test_old_snapshots_do_not_change(evidence):
    evidence.rows({"step": 1, "loss": 1.0})
    before = evidence.run.rows
    evidence.rows({"step": 2, "loss": 0.5})
    assert (len(before), len(evidence.run.rows)) == (1, 2)


def test_a_torn_document_leaves_the_last_whole_one(evidence):
    evidence.status("training").tell(document("status.json", '{"state": "fin'))
    assert evidence.run.status.state == "training" and evidence.run.damaged_lines == 1


def test_a_replaced_log_begins_anew(evidence):
    evidence.log("one\ntwo\n")
    evidence.tell(Chunk(f"runs/{RUN}", "train.log", 9, 0, b"three\n", reset=True))
    assert list(evidence.run.log.lines) == ["three"]


def test_the_log_is_bounded_and_counts_what_it_dropped():
    evidence = Evidence()
    for part in range(30):
        evidence.log("".join(f"line {part * 1000 + n}\n" for n in range(1000)))
    log = evidence.run.log
    assert LOG_LINES <= len(log.lines) <= 2 * LOG_LINES
    assert log.lines[0] == f"line {log.first}" and log.lines[-1] == "line 29999"


def test_a_removed_folder_that_comes_back_is_there_again(evidence):
    evidence.status("training").tell(FolderGone(f"runs/{RUN}"))
    assert evidence.run.gone
    assert not evidence.status("training").run.gone


def test_progress_bars_and_escapes_are_folded(evidence):
    evidence.log("  0%\r 50%\r100% done\n\x1b[31mred\x1b[0m \x1b]0;title\x07end\x1b[2J\n")
    assert list(evidence.run.log.lines) == ["100% done", "red end"]
