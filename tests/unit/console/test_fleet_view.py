"""Rows, trends, standings and advice."""

import json

import pytest
from fleet_evidence import RUN, Evidence, document, telemetry

from console.fleet.fold import plan
from console.fleet.model import Planned
from console.fleet.view import host_rows, newest_race, race_views, worker_rows
from remote.events import Disk, Document, LinkState
from trainer.record.toml import dumps

CRITERIA = [
    {"metric": "val_accuracy", "op": ">=", "threshold": 0.75, "value": 0.9, "passed": True},
    {"metric": "attention_ratio", "op": ">=", "threshold": 1.5, "value": 1.32, "passed": False},
]

BEST = {"acc": {"value": 0.5, "epoch": 3}}


def row(evidence):
    (only,) = worker_rows(evidence.fleet, evidence.now)
    return only


def test_a_worker_is_visible_from_its_plan_on(evidence):
    evidence.fleet = plan(evidence.fleet, [Planned("magvit", "here", evidence.now - 9 * 3600)])
    only = row(evidence)
    assert (only.worker, only.key, only.state.name) == ("magvit", None, "planned")
    assert only.advice[0].what == "planned 9 h ago, never started"
    assert "trajconsole start magvit" in only.advice[0].mend


def test_a_young_plan_needs_no_advice(evidence):
    evidence.fleet = plan(evidence.fleet, [Planned("magvit", "here", evidence.now - 9)])
    assert row(evidence).advice == ()


def test_the_newest_run_stands_for_its_worker(evidence):
    evidence.fleet = plan(evidence.fleet, [Planned("attention", "here", evidence.now)])
    evidence.launch(time=evidence.now - 9).status("training")
    older = {"state": "finished", "worker": "attention", "heartbeat": evidence.now - 900, "started": evidence.now - 999}
    evidence.tell(document("status.json", older, run="attention-20250101-000000-0000"))
    assert row(evidence).key.run == RUN


def test_a_row_says_why_it_has_not_stopped(evidence):
    stopping = {"criteria": CRITERIA, "checked_epoch": 15, "next_epoch": 20, "every": 5}
    evidence.launch().status("training", epoch=15, epochs=50, stopping=stopping).process(True)
    (advice,) = row(evidence).advice
    assert advice.what == "why it has not stopped: 1 of 2 criteria not met"
    assert advice.proof == "attention_ratio 1.32 of 1.50" and advice.mend == "next check at epoch 20"
    assert row(evidence).next_check_epoch == 20


def test_trends_tell_value_best_and_direction(evidence):
    rows = [{"t": n, "step": n, "phase": "train", "loss": 1.0 / (n + 1), "acc": 0.1 * n} for n in range(6)]
    evidence.launch().rows(*rows).status("training", metrics={"loss": 0.16, "acc": 0.5}, best=BEST)
    metrics = dict(row(evidence).metrics)
    assert metrics["loss"].direction == -1 and metrics["acc"].direction == 1
    assert (metrics["acc"].best, metrics["acc"].best_epoch) == (0.5, 3)


def test_a_resumed_run_shows_each_step_once(evidence):
    evidence.rows({"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}, {"step": 3, "loss": 1.0})
    evidence.rows({"step": 1, "phase": "resume"}, {"step": 2, "loss": 9.0})
    assert [(item["step"], item["loss"]) for item in evidence.run.rows] == [(1, 3.0), (2, 9.0)]


NAN = [{"what": "the loss is NaN", "proof": "step 7", "mend": "lower lr"}]
SHORT = {"memory_used": 158, "memory_total": 160}
ENDS = {
    "something killed it": (lambda e: e.exit(signal=9), "dmesg"),
    "killed while memory was short": (lambda e: e.tell(telemetry(e.now, **SHORT)).exit(signal=9), "smaller"),
    "it ran out of memory": (lambda e: e.exit(signal=9, oom_kills=2), "smaller"),
    "its configuration cannot be used": (lambda e: e.log("run.toml:3: lrr: unknown\n").exit(code=2), "start attention"),
    "the disk was full": (lambda e: e.log("OSError: [Errno 28] No space left on device\n").exit(code=1), "free space"),
    "it failed": (lambda e: e.exit(code=1), "logs attention"),
    "it vanished": (lambda e: e.process(False), "resume attention"),
    "the loss is NaN": (lambda e: e.status("failed", findings=NAN), "lower lr"),
    "no progress for 5 min": (lambda e: e.process(True).status("training", heartbeat=e.now - 300), "stop attention"),
}


@pytest.mark.parametrize("what", ENDS)
def test_every_bad_end_has_a_sentence_and_a_mend(evidence, what):
    how, mend = ENDS[what]
    evidence.launch().status("training")
    how(evidence)
    assert any(item.what == what and mend in item.mend and item.proof for item in row(evidence).advice)


def test_hosts_show_the_disk_that_holds_the_root(evidence):
    disks = (Disk("/", "a", "ext4", 1000, 100, 900), Disk("/data", "b", "ext4", 1000, 995, 5))
    evidence.tell(telemetry(evidence.now, disks=disks))
    (host,) = host_rows(evidence.fleet, evidence.now)
    assert (host.disk_mount, host.disk_used) == ("/data", 995)
    assert host.advice[0].what == "the disk is full" and host.advice[0].level == "error"


def test_a_broken_link_is_told_with_reason_and_mend(evidence):
    evidence.now += 30
    evidence.tell(LinkState("auth failed", "the key was refused", "ssh-add"))
    (host,) = host_rows(evidence.fleet, evidence.now)
    assert host.unheard_for == 30 and host.advice[0].mend == "ssh-add" and "the key was refused" in host.advice[0].proof


RACE = "persistence-20260101-120000-0a0b"


def race(*passed: tuple[str, bool, str]) -> Evidence:
    evidence = Evidence()
    for number, (worker, met, state) in enumerate(passed):
        run = f"{worker}-20260101-120000-000{number}"
        origin = dumps({"origin": {"worker": worker, "race": RACE}})
        criteria = [CRITERIA[0], {**CRITERIA[1], "passed": met}]
        value = {
            "state": state,
            "heartbeat": evidence.now,
            "stopping": {"criteria": criteria},
            "figures": ["figures/a.png"],
        }
        evidence.tell(document("run.toml", origin, run), document("status.json", value, run))
    return evidence


def test_standings_put_the_winner_first_and_name_the_picture():
    evidence = race(("pretrained", False, "lost the race"), ("attention", True, "criteria met"))
    winner = {"run": "attention-20260101-120000-0001", "worker": "attention", "time": 5}
    evidence.tell(Document(f"races/{RACE}", "winner.json", json.dumps(winner)))
    (view,) = race_views(evidence.fleet, {"persistence": ("attention", "pretrained")}, evidence.now)
    assert (view.winner, view.over, view.id) == ("attention", True, RACE)
    assert [(item.row.worker, item.passed, item.won) for item in view.standings] == [
        ("attention", 2, True),
        ("pretrained", 1, False),
    ]
    assert view.picture == "/data/root/runs/attention-20260101-120000-0001/figures/a.png"


def test_of_two_that_won_on_their_own_hosts_only_the_earlier_is_said_to_have_won():
    reason = "all criteria held after epoch 5; won the race"
    evidence = race(("pretrained", True, "criteria met"), ("attention", True, "criteria met"))
    for number, worker in enumerate(("pretrained", "attention")):
        run = f"{worker}-20260101-120000-000{number}"
        value = {"state": "criteria met", "heartbeat": evidence.now, "reason": reason}
        evidence.tell(document("status.json", value, run))
    winner = {"run": "attention-20260101-120000-0001", "worker": "attention", "time": 5}
    evidence.tell(Document(f"races/{RACE}", "winner.json", json.dumps(winner)))
    said = {found.worker: found.state.detail for found in worker_rows(evidence.fleet, evidence.now)}
    assert said["attention"] == reason
    assert said["pretrained"] == "all criteria held after epoch 5; attention had met them before"


def test_a_race_goes_on_while_one_rival_lives():
    evidence = race(("pretrained", False, "training"), ("attention", False, "stopped"))
    (view,) = race_views(evidence.fleet, {"persistence": ("attention", "pretrained")}, evidence.now)
    assert not view.over and view.winner == "" and view.picture == ""


def test_a_race_that_never_ran_shows_its_workers(evidence):
    evidence.fleet = plan(evidence.fleet, [Planned("attention", "here", 0), Planned("other", "here", 0)])
    (view,) = race_views(evidence.fleet, {"persistence": ("attention",)}, evidence.now)
    assert view.id == "" and [item.row.worker for item in view.standings] == ["attention"]


def test_a_race_is_known_by_its_whole_name():
    evidence = race(("attention", False, "training"))
    assert newest_race(evidence.fleet, "persist") == "" and newest_race(evidence.fleet, "persistence") == RACE


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "the criteria are not known yet"),
        (1.32, "why it has not stopped: 1 of 1 criteria not met"),
        (1.61, "why it has not stopped: all criteria hold, and that counts only at a check"),
    ],
)
def test_why_a_run_has_not_stopped(evidence, value, what):
    criterion = {"metric": "attention_ratio", "op": ">=", "threshold": 1.5}
    if value is not None:
        criterion |= {"value": value, "passed": value >= 1.5}
    evidence.launch().process(True).status(
        "training", heartbeat=evidence.now, stopping={"criteria": [criterion], "next_epoch": 5}
    )
    (row,) = [row for row in worker_rows(evidence.fleet, evidence.now) if row.key is not None]
    (advice,) = [item for item in row.advice if item.level == "note"]
    assert advice.what == what and advice.mend == "next check at epoch 5"
