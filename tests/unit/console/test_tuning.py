"""What came of a trial, from its run: every state has its verdict; and the desk's half of the talk with the trainer."""

import json
import math
from dataclasses import replace

import pytest
from fleet_evidence import Evidence, document
from hypothesis import given
from hypothesis import strategies as st

from console.fleet.cells import LIVE, STATES, State
from console.fleet.lineage import STOPPED_WITH_STUDY
from console.preflight import Refused
from console.tuning import judging
from console.tuning.desk import Desk, trial_of
from remote.errors import Unreachable
from trainer.record import toml

ORIGIN = {"worker": "t-0003", "study": {"name": "t", "number": 3, "values": {"optim.lr": 0.1}}}


def run(*values):
    rows = [
        {"t": 0, "step": 0, "epoch": 0, "phase": "val", "acc": 1.0},
        {"t": 0, "step": 1, "phase": "train", "acc": 9},
    ]
    rows += [{"t": n, "step": n, "epoch": n, "phase": "val", "acc": value} for n, value in enumerate(values, 1)]
    evidence = Evidence().rows(*rows)
    evidence.tell(replace(document("run.toml", {}), text=toml.dumps({"origin": ORIGIN})))
    return evidence


def verdict(name, *values, detail="", mode="max", pruned="", unreachable=None):
    state = State(name, "so it is", detail, unreachable_for=unreachable)
    return judging.verdict(run(*values).run, state, "acc", mode, pruned)


def test_a_trial_is_found_by_its_study_and_number():
    fleet = run(0.5).fleet
    found = judging.run_of(fleet, "t", 3)
    assert found is not None and found.worker == "t-0003"
    assert judging.run_of(fleet, "t", 4) is None and judging.run_of(fleet, "u", 3) is None


def test_what_came_of_it():
    assert verdict("finished", 0.5, 0.9, 0.7) == judging.Verdict("complete", 0.9)
    assert verdict("criteria met", 0.5, 0.2, mode="min") == judging.Verdict("complete", 0.2)
    assert verdict("finished", "NaN") == judging.Verdict(
        "failed", why="it finished and never had a acc that is a number"
    )
    assert verdict("stopped", 0.5, detail="stopped by the stop file: pruned: too low") == judging.Verdict(
        "pruned", 0.5, "too low"
    )
    assert verdict("killed", 0.5, pruned="too low") == judging.Verdict("pruned", 0.5, "too low")
    assert verdict("stopped", 0.5, detail=f"by the file: {STOPPED_WITH_STUDY}") == judging.Verdict("resume")
    assert verdict("stopped", 0.5, detail="x pressed") == judging.Verdict("pruned", 0.5, "x pressed")
    assert verdict("failed", detail="KeyError: 'spiral'") == judging.Verdict("failed", why="KeyError: 'spiral'")
    assert verdict("vanished", 0.5, detail="no process") == judging.Verdict("failed", why="vanished: no process")


@pytest.mark.parametrize("name", sorted({*STATES} - {"planned"}))
def test_every_end_is_told_and_nothing_else(name):
    assert (verdict(name, 0.5) is None) == (name in LIVE)
    assert verdict(name, 0.5, unreachable=5.0) is None
    assert verdict("planned", 0.5) is None


@given(st.lists(st.one_of(st.floats(0, 1), st.just("NaN")), max_size=6), st.integers(0, 6))
def test_news_are_told_once(values, known):
    found = run(*values).run
    seen = dict(judging.news(found, "acc", {})[:known])
    rest = judging.news(found, "acc", seen)
    assert [epoch for epoch, _ in rest] == list(range(len(seen) + 1, len(values) + 1))
    seen |= dict(rest)
    assert judging.news(found, "acc", seen) == []
    assert all(math.isnan(seen[n]) if value == "NaN" else seen[n] == value for n, value in enumerate(values, 1))


class Line:
    """A channel over bytes, in pieces of any size."""

    def __init__(self, data, size=7, said=b""):
        self.data, self.size, self.said, self.sent = data, size, said, b""

    def send(self, data):
        self.sent += data

    def recv(self, size):
        piece, self.data = self.data[: min(size, self.size)], self.data[min(size, self.size) :]
        return piece

    def end_input(self): ...

    def wait(self, timeout):
        return 1

    def close(self): ...

    def stderr(self):
        return self.said


def test_the_desk_reads_answers_and_says_what_is_wrong():
    row = {"number": 2, "settings": {"a": 1}, "state": "running", "seen": [[1, "NaN"], [2, 0.5]], "place": "here:r"}
    lines = [{"metric": "acc", "trials": [row]}, {"trial": None, "why": "enough"}, {"error": "ValueError: no"}]
    channel = Line(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    desk = Desk(channel)
    trial = trial_of(desk.known["trials"][0])
    assert trial.number == 2 and math.isnan(trial.seen[1]) and trial.seen[2] == 0.5 and trial.place == "here:r"
    assert desk.ask("ask") == {"trial": None, "why": "enough"}
    assert channel.sent == b'{"do":"ask"}\n'
    with pytest.raises(Refused, match="ValueError: no"):
        desk.ask("tell", trial=2, value=math.nan)
    with pytest.raises(Unreachable):
        desk.ask("look")
    with pytest.raises(Refused, match="no optuna"):
        Desk(Line(b"", said=b"trainer: this Python has no optuna\n"))
    with pytest.raises(Refused, match="RuntimeError: x"):
        Desk(Line(b"", said=b"Traceback (most\n  File\nRuntimeError: x\n"))
    with pytest.raises(Refused, match="no answer: Hello"):
        Desk(Line(b"Hello\n"))
