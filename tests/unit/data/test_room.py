"""Waiting for room on a full disk."""

import errno
from pathlib import Path

import pytest

from trainer.board import Board
from trainer.commands.data import Teller
from trainer.data import room
from trainer.data.room import patiently
from trainer.journal import NO_ROOM, Journal
from trainer.preparing import show_pause
from trainer.record import RunReader, RunWriter
from trainer.record.status import Status
from trainer.requests import Requests


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "RETRY_S", 0.01)


class Full:
    """A write that fails so many times."""

    def __init__(self, times: int, number: int = errno.ENOSPC) -> None:
        self.left, self.number = times, number

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise OSError(self.number, "no")
        return "written"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_write_is_tried_until_there_is_room(tmp_path: Path, number: int) -> None:
    said: list[tuple[str, float, float | None]] = []
    found = patiently(Full(3, number), tmp_path, lambda *report: said.append(report), 5, 10)
    assert found == "written"
    assert len(said) >= 3 and all(
        what.startswith(f"{NO_ROOM}: waiting for room in {tmp_path}; ") for what, _, _ in said
    )
    assert {(done, total) for _, done, total in said} == {(5, 10)}


def test_whoever_waits_can_be_told_to_stop(tmp_path: Path) -> None:
    def report(what: str, done: float, total: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        patiently(Full(10**9), tmp_path, report, 0, 1)


def test_other_faults_are_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        patiently(Full(1, errno.EACCES), tmp_path, lambda *_: None, 0, 1)


def test_progress_has_a_rate_and_a_time_to_go(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    teller = Teller(quiet=False, clock=lambda: now[0])
    for second in range(4):
        now[0] = second * 0.75
        teller("shards of 1,000 samples", 75 * second, 1_000)
    assert capsys.readouterr().out == "shards of 1,000 samples: 150 of 1,000, 100/s, 8.5 s to go\n"
    now[0] += 2
    teller("waits", 0, None)
    assert capsys.readouterr().out == "waits: 0\n"


def test_a_pause_is_said_once_on_stderr_and_does_not_spoil_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    teller = Teller(quiet=False, clock=lambda: now[0])
    teller("shards", 100, 1_000)
    for second in range(100):
        now[0] = float(second)
        teller(f"{NO_ROOM}: waiting for room in d; {second} free", 100, 1_000)
    now[0] = 200.0
    teller("shards", 100, 1_000)
    now[0] = 202.0
    teller("shards", 200, 1_000)
    told = capsys.readouterr()
    assert told.err == "paused: disk full: waiting for room in d; 0 free\nthere is room again: going on\n"
    assert told.out == "shards: 100 of 1,000\nshards: 200 of 1,000, 50/s, 16.0 s to go\n"


def test_quiet_is_quiet_but_for_the_pause(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    teller = Teller(quiet=True, clock=lambda: now[0])
    now[0] = 5.0
    teller("shards", 1, 2)
    teller(f"{NO_ROOM}: x", 1, 2)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "paused: disk full: x\n")


def test_a_run_shows_the_pause_as_a_phase_with_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with RunWriter(tmp_path) as writer:
        board = Board(writer.status, Status(state="preparing", phase="data"))
        journal = Journal(writer, board, Requests(tmp_path, None))
        reader = RunReader(tmp_path)
        for paused in (False, True, True):
            show_pause(journal, paused=paused)
        status = reader.status()
        assert status is not None and (status.state, status.phase) == ("preparing", NO_ROOM)
        (finding,) = status.findings
        assert finding.what == NO_ROOM and "make room" in finding.mend
        show_pause(journal, paused=False)
        status = reader.status()
        assert status is not None and (status.phase, status.findings) == ("data", ())
        assert [event["event"] for event in reader.events()] == ["disk full", "disk has room"]
        journal.close()
    assert capsys.readouterr().out.count("\n") == 2
