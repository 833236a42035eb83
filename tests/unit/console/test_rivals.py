"""Rivals that go on after the race was won are named, with proof, and never the winner or one that cannot be seen."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tui"))

from dataclasses import replace

from tui_fleets import NOW, racing

from console.fleet.view import race_views
from console.watch.rivals import GRACE_S, overdue
from trainer.record.race import Winner


def late(passed=True, after=GRACE_S + 1, marked=True):
    """A race that attention has won some time ago, and both still seem to train."""
    fleet = racing().fleet
    runs = {run.worker: key for key, run in fleet.runs.items()}
    key = runs["attention"]
    race = fleet.runs[key].race
    status = fleet.runs[key].status
    criteria = tuple(replace(item, passed=passed) for item in status.stopping.criteria)
    won = replace(fleet.runs[key], status=replace(status, stopping=replace(status.stopping, criteria=criteria)))
    winner = Winner(key.run, "attention", NOW - after)
    marks = {(key.host, race): winner} if marked else {}
    fleet = replace(fleet, runs={**fleet.runs, key: won}, winners={race: winner}, marks=marks)
    views = race_views(fleet, {"persistence": ("attention", "pretrained")}, NOW)
    return [found.run.partition("-")[0] for found in overdue(fleet, views, NOW)]


def test_only_the_rival_and_only_when_it_is_time_and_proven():
    assert late() == ["pretrained"]
    assert late(after=GRACE_S - 1) == []
    assert late(passed=False) == []
    assert late(marked=False) == []
