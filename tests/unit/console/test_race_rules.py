"""Budget rules of races: who is stopped, why, and above all who never is."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from console.fleet.cells import RaceView, Ruling, Standing, State, WorkerRow
from console.fleet.fold import fold
from console.fleet.model import Fleet, RunKey
from console.fleet.rows import Rows
from console.fleet.rulings import rulings
from console.fleet.view import race_began, race_view
from console.races.epochs import by_epoch
from console.races.rules import Rival, judge, rivals_of, stops
from console.races.settings import Behind, Patience, Rules
from console.races.showing import audit, ruling_words, verdict_lines
from remote.events import Chunk, Document, LinkState, Process, Synced

RACE = "duel-20260101-000000-0a1b"
BEGAN = 1767225600.0
NAN = math.nan


def rows_of(values, metric="val_loss", first=1):
    """A validation after each epoch; None: not validated."""
    made = []
    for epoch, value in enumerate(values, first):
        made.append({"t": 1.0, "step": epoch * 10 - 5, "epoch": epoch, "phase": "train", "loss": 1.0})
        if value is not None:
            name = metric.removeprefix("val_") if metric == "val_loss" else metric
            made.append({"t": 1.0, "step": epoch * 10, "epoch": epoch, "phase": "val", name: value})
    return Rows(made)


def rival(name, values=(), **more):
    return Rival(RunKey("here", name), name, rows_of(values), **more)


def view_of(rivals, winner="", over=False):
    row = WorkerRow("", "here", None, State("training", ""))
    return RaceView("duel", RACE, tuple(Standing(row, 0, 0) for _ in rivals), winner, over)


def stopped(rivals, rules, now=BEGAN + 60, **view):
    return {one.worker: one.rule for one in stops(judge(view_of(rivals, **view), rivals, rules, now))}


def behind(after=(3,), mode="min", **how):
    return Rules(behind=Behind("val_loss", mode, tuple(after), **how))


def test_wall_time_stops_everybody_who_still_runs():
    rules = Rules(wall_s=3600)
    two = [rival("a"), rival("b"), rival("c", runs=False)]
    assert race_began(RACE) == BEGAN
    assert stopped(two, rules, BEGAN + 3599) == {}
    assert stopped(two, rules, BEGAN + 3600) == {"a": "wall time", "b": "wall time"}
    assert stopped(two, rules, BEGAN + 3600, winner="a") == {} == stopped(two, rules, BEGAN + 3600, over=True)


def test_patience_counts_whole_epochs_since_the_best():
    rules = Rules(patience=Patience("val_loss", "min", 3))
    assert stopped([rival("a", [5, 4, 3, 3.5, 3.5])], rules) == {}
    assert stopped([rival("a", [5, 4, 3, 3.5, 3.5, 3.0])], rules) == {"a": "patience"}  # as good is not better
    assert stopped([rival("a", [5, 4, 3, NAN, NAN, NAN])], rules) == {"a": "patience"}
    assert stopped([rival("a", [NAN] * 4)], rules) == {"a": "patience"}
    assert stopped([rival("a")], rules) == {}
    up = Rules(patience=Patience("val_loss", "max", 3))
    assert (
        stopped([rival("a", [5, 4, 3, 2])], up) == {"a": "patience"} and stopped([rival("a", [1, 2, 3, 4])], up) == {}
    )


def test_a_margin_is_of_the_best_at_the_same_epoch():
    rules = behind(margin=0.5)
    three = [rival("best", [9, 9, 1.0]), rival("near", [1, 1, 1.5]), rival("far", [1, 1, 1.6]), rival("slow", [9, 9])]
    assert stopped(three, rules) == {"far": "behind at epoch 3"}
    found = judge(view_of(three), three, rules, BEGAN)
    assert [one.proof for one in found if one.worker == "far"] == [
        "val_loss 1.600 at epoch 3, 0.600 behind best's 1.000; at most 0.5"
    ]
    assert [one.proof for one in found if one.worker == "slow"] == ["has no val_loss of epoch 3 yet"]
    assert stopped([rival("a", [1, 1, 1]), rival("nan", [1, 1, NAN])], rules) == {"nan": "behind at epoch 3"}
    assert stopped([rival("a", [NAN] * 3), rival("b", [NAN] * 3)], rules) == {}
    assert stopped([rival("a", [1, 1, 2.0]), rival("b", [1, 1, 1.0])], behind(margin=0.5, mode="max")) == {
        "b": "behind at epoch 3"
    }


def test_successive_halving_keeps_a_share_of_all_that_started():
    rules = behind(after=(1, 2), keep=0.5)
    four = [rival("a", [1, 9]), rival("b", [2, 8]), rival("c", [3, 1]), rival("d", [4, 0])]
    assert stopped(four, rules) == {"c": "behind at epoch 1", "d": "behind at epoch 1", "a": "behind at epoch 2"}
    # Two that have not come so far are not waited for: half of four have gone past already.
    assert stopped([rival("a", [1]), rival("b", [2]), rival("c", [3]), rival("d")], rules) == {"c": "behind at epoch 1"}
    # Those that have failed are not compared with: what is left is within the share.
    assert stopped([rival("a", [1], runs=False), rival("b", [2]), rival("c", [3])], behind(after=(1,), keep=0.5)) == {}
    assert stopped([rival("a", [1]), rival("b", [1])], behind(after=(1,), keep=0.5)) == {}  # as good is not behind


def test_who_looks_only_in_the_morning_decides_as_who_looked_all_night():
    """b was out at epoch 1; that it would be ahead at epoch 2 does not matter any more."""
    rules = behind(after=(1, 2), margin=0.5)
    assert stopped([rival("a", [1.0, 9.0]), rival("b", [2.0, 1.0])], rules) == {"b": "behind at epoch 1"}


def test_an_epoch_that_was_not_measured_is_told_and_not_judged():
    rules = behind(margin=0.1)
    two = [rival("a", [1, None, None, 1]), rival("b", [9, None, None, 9])]
    assert stopped(two, rules) == {}
    assert "was not measured at epoch 3, but at epoch 4" in judge(view_of(two), two, rules, BEGAN)[0].proof


def test_figures_of_the_training_count_when_their_epoch_is_over():
    made = [{"step": n, "epoch": 1 + n // 10, "phase": "train", "loss": float(n)} for n in range(15)]
    assert by_epoch(Rows(made), "loss") == {1: 9.0}
    assert by_epoch(rows_of([3.0, 2.0]), "val_loss") == {1: 3.0, 2: 2.0}


def test_who_was_let_go_on_is_left_alone_by_that_rule_only():
    rules = Rules(behind=Behind("val_loss", "min", (1, 2), margin=0.1), wall_s=3600)
    free = rival("b", [9, 9], overruled=frozenset({"behind at epoch 1"}))
    assert stopped([rival("a", [1]), free], rules) == {}
    assert stopped([rival("a", [1, 1]), free], rules) == {"b": "behind at epoch 2"}
    assert set(stopped([rival("a", [1]), free], rules, BEGAN + 4000)) == {"a", "b"}
    free = rival("b", [9], overruled=frozenset({"behind at epoch 1"}))
    found = judge(view_of([1, 2]), [rival("a", [1]), free], rules, BEGAN)
    assert any("it was let go on after that: left alone" in one.proof for one in found)


def test_what_was_decided_and_is_not_done_is_gone_on_with_whatever_the_rules_say_now():
    ruled = Ruling(RunKey("here", "b"), "b", "patience", "as it was", 1)
    late = rival("b", runs=False, ruled=ruled)
    (one,) = stops(judge(view_of([1, 2], winner="a"), [late], Rules(), BEGAN))
    assert (one.rule, one.proof, one.again) == ("patience", "as it was", True)


VALUES = some.lists(some.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, NAN, math.inf, -math.inf]), max_size=6)
HOW = some.one_of(
    some.builds(lambda m: {"margin": m}, some.sampled_from([0.0, 0.4, 1.0])),
    some.builds(lambda k: {"keep": k}, some.sampled_from([0.1, 0.34, 0.5, 0.9])),
)


@given(
    some.lists(some.tuples(VALUES, some.booleans()), min_size=2, max_size=6),
    some.sets(some.integers(1, 6), min_size=1, max_size=3),
    some.sampled_from(["min", "max"]),
    HOW,
    some.randoms(use_true_random=False),
)
def test_the_best_goes_on_and_the_order_of_telling_does_not_matter(given_rivals, after, mode, how, random):
    rules = Rules(behind=Behind("val_loss", mode, tuple(sorted(after)), **how))
    rivals = [rival(f"w{n}", values, runs=runs) for n, (values, runs) in enumerate(given_rivals)]
    found = stopped(rivals, rules)
    running = [one for one in rivals if one.runs]
    assert not running or len(found) < len(running)  # never the last one
    assert not {one.worker for one in rivals if not one.runs} & set(found)
    shuffled = list(rivals)
    random.shuffle(shuffled)
    assert stopped(shuffled, rules) == found
    sign = -1 if mode == "min" else 1
    for epoch in after:  # never the leader: whoever is out at an epoch was there, and somebody was better at that epoch
        there = {one.worker: by_epoch(one.rows, "val_loss").get(epoch) for one in running}
        worth = {
            name: -math.inf if math.isnan(value) else sign * value for name, value in there.items() if value is not None
        }
        for name, rule in found.items():
            if rule == f"behind at epoch {epoch}":
                assert name in worth and worth[name] < max(worth.values())


@given(
    some.lists(
        some.lists(some.sampled_from([0.0, 0.5, 1.0, 1.5, NAN]), min_size=4, max_size=4), min_size=2, max_size=5
    ),
    HOW,
)
def test_looking_at_every_epoch_ends_as_looking_once(all_values, how):
    """Somebody who watches while all go on at one pace stops the same ones as somebody who looks at the end."""
    rules = behind(after=(1, 2, 4), **how)
    out = {}
    for epoch in range(1, 5):
        now = [rival(f"w{n}", values[:epoch], runs=f"w{n}" not in out) for n, values in enumerate(all_values)]
        out |= stopped(now, rules)
    assert out == stopped([rival(f"w{n}", values) for n, values in enumerate(all_values)], rules)


def fleet_with(*events, attempt=1, state="training"):
    folder = "runs/w-1"
    config = f'[origin]\nworker = "w"\nrace = "{RACE}"\n'
    data = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    told = [
        LinkState("connected"),
        Document(folder, "run.toml", config),
        Document(folder, "launch.json", json.dumps({"attempt": attempt, "pid": 4, "pid_start": 1, "time": BEGAN})),
        Document(folder, "status.json", json.dumps({"state": state, "worker": "w", "heartbeat": BEGAN + 9})),
        Process(folder, "launch.json", 4, alive=True),
        Chunk(folder, "events.jsonl", 1, 0, data),
        Synced(),
    ]
    return fold(Fleet(), "here", told, BEGAN + 10)


RULED = {"t": BEGAN + 5, "event": "race rule", "rule": "patience", "proof": "no better", "by": "me@desk", "attempt": 1}


def test_rulings_are_read_from_the_runs_own_events_and_count_once():
    done = {"t": BEGAN + 6, "event": "race rule done", "rule": "patience", "gone": True, "attempt": 1}
    fleet = fleet_with(RULED, {**RULED, "t": BEGAN + 5.5, "by": "me@other"}, {"event": "race rule", "rule": 3}, done)
    (run,) = fleet.runs.values()
    (found,) = rulings(run)
    assert (found.by, found.gone, found.attempt) == ("me@desk", True, 1)
    assert ruling_words(found) == "stopped by the rule patience: no better; by me@desk; gone, verified"
    view = race_view(fleet, "duel", ["w"], BEGAN + 10)
    assert view.rulings == (found,)
    told = audit(fleet, view)
    assert [row["what"] for row in told] == ["the rule patience decided to stop it"] * 2 + ["after the rule patience"]


@pytest.mark.parametrize(("attempt", "ruled", "over"), [(1, True, set()), (2, False, {"patience"})])
def test_a_ruling_is_of_its_attempt(attempt, ruled, over):
    fleet = fleet_with(RULED, attempt=attempt)
    (one,) = rivals_of(fleet, race_view(fleet, "duel", ["w"], BEGAN + 10))
    assert (one.ruled is not None, one.overruled, one.runs) == (ruled, over, not ruled)


def test_a_rival_that_cannot_be_seen_or_ends_is_neither_judged_nor_compared_with():
    fleet = fleet_with()
    (one,) = rivals_of(fleet, race_view(fleet, "duel", ["w"], BEGAN + 10))
    assert one.runs
    lost = fold(fleet, "here", [LinkState("unreachable")], BEGAN + 20)
    assert not rivals_of(lost, race_view(lost, "duel", ["w"], BEGAN + 200))[0].runs
    asked = fleet_with({"t": BEGAN + 5, "event": "stop asked", "attempt": 1})
    assert not rivals_of(asked, race_view(asked, "duel", ["w"], BEGAN + 10))[0].runs


def test_lines_say_what_would_be_done():
    two = [rival("a", [1]), rival("b", [9])]
    lines = verdict_lines(judge(view_of(two), two, behind(after=(1,), margin=1.0), BEGAN))
    assert lines[0] == ("· a: behind at epoch 1: val_loss 1.000 at epoch 1: nobody is better", "quiet")
    assert lines[1][0].startswith("✗ b: behind at epoch 1") and lines[1][0].endswith("would be stopped")
