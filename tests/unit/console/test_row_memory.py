"""Remembered rows are the rows: made again when what they came from changed; and what counts as news."""

from fleet_evidence import NOW, RUN, Evidence, document, telemetry

from console.cli import _of_the_screen
from console.fleet.memory import RowMemory
from console.fleet.view import worker_rows
from remote.events import Chunk, LinkState, Process


def test_a_row_is_made_again_when_its_run_its_link_or_its_second_changed():
    evidence, memory = Evidence().launch().status("training", epoch=1), RowMemory()
    (first,) = worker_rows(evidence.fleet, NOW, memory)
    assert worker_rows(evidence.fleet, NOW + 0.5, memory) == (first,) == worker_rows(evidence.fleet, NOW)
    assert worker_rows(evidence.fleet, NOW + 0.5, memory)[0] is first
    evidence.status("training", epoch=2)
    assert worker_rows(evidence.fleet, NOW + 0.6, memory)[0].epoch == 2
    evidence.tell(LinkState("unreachable", "no route"))
    (cut,) = worker_rows(evidence.fleet, NOW + 0.7, memory)
    assert cut.state.unreachable_for is not None
    assert worker_rows(evidence.fleet, NOW + 9, memory) == worker_rows(evidence.fleet, NOW + 9)


def test_the_age_of_what_ended_long_ago_is_made_seldom():
    evidence, memory = Evidence().launch().exit(code=0), RowMemory()
    (row,) = worker_rows(evidence.fleet, NOW + 7200, memory)
    assert worker_rows(evidence.fleet, NOW + 7230, memory)[0] is row
    assert worker_rows(evidence.fleet, NOW + 7400, memory)[0].state.age > row.state.age


def test_what_moves_all_the_time_is_no_news():
    evidence = Evidence().launch().status("training", epoch=1, step=10)
    before = evidence.fleet.news
    evidence.status("training", epoch=1, step=11).tell(telemetry(NOW + 1))
    evidence.tell(Process(f"runs/{RUN}", "launch.json", 41, alive=True, memory=5))
    evidence.tell(Chunk(f"runs/{RUN}", "train.log", 7, 0, b"a line\n"))
    assert evidence.fleet.news == before
    evidence.status("validating", epoch=1, step=11)
    evidence.tell(Process(f"runs/{RUN}", "launch.json", 41, alive=False))
    evidence.tell(document("exit.json", {"code": 0}))
    assert evidence.fleet.news == before + 3


def test_the_screen_is_known_by_its_options_and_everything_else_is_for_the_parser_of_commands():
    found = _of_the_screen(["--readonly", "--state", "x"])
    assert (found.command, found.readonly, found.state, found.config) == (None, True, "x", None)
    for words in (["status"], ["--help"], ["--nonsense"], ["--config"], ["odd"], ["--readonly", "stop", "a"]):
        assert _of_the_screen(words) is None
