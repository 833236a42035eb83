"""What people and programs read of a fleet: text lines, the JSON document and its schema, the lines of a race."""

import io
import json
from pathlib import Path

import jsonschema
import pytest
from fleet_evidence import Evidence, document, telemetry

import console
from console.document import status_document
from console.fleet.fold import plan
from console.fleet.model import Planned
from console.fleet.view import host_rows, race_view, race_views, worker_rows
from console.frame import Paper, figures, status_lines, step_line
from console.race import PROGRESS_S, SETTLED_S, STEPS_S, RaceFollower
from console.source import Step
from remote.events import Disk, Document, Gpu, LinkState
from trainer.record.toml import dumps

SCHEMA = json.loads((Path(console.__file__).parent / "schema" / "status.schema.json").read_text())
RACES = {"persistence": ("attention", "pretrained")}
RACE = "persistence-20260101-120000-0a0b"
CRITERION = {"metric": "attention_ratio", "op": ">=", "threshold": 1.5, "value": 1.32, "passed": False}


def busy() -> Evidence:
    """A fleet with a bit of everything, with numbers that JSON has no words for."""
    evidence = Evidence()
    gpus = (Gpu(0, "A10G", utilisation=0.98, memory_used=2**33, memory_total=23 * 2**30),)
    evidence.tell(telemetry(evidence.now, gpus=gpus, disks=(Disk("/", "a", "ext4", 1000, 990, 5),)))
    evidence.launch().process(True)
    evidence.tell(document("run.toml", dumps({"origin": {"worker": "attention", "race": RACE}})))
    evidence.status(
        "validating",
        epoch=5,
        epochs=30,
        metrics={"loss": "NaN", "val_accuracy": 0.9},
        best={"val_accuracy": {"value": 0.9, "epoch": 4}},
        progress={"what": "clips", "done": 10, "total": 100},
        stopping={"criteria": [CRITERION], "checked_epoch": 5, "next_epoch": 10},
        checkpoint={"file": "checkpoints/a", "epoch": 4},
        notes=["2,400 clips"],
        device={"kind": "cpu"},
    )
    evidence.fleet = plan(
        evidence.fleet, [Planned("attention", "here", 0.0), Planned("pretrained", "here", evidence.now - 9 * 3600)]
    )
    return evidence


def text_of(evidence: Evidence) -> str:
    fleet, now = evidence.fleet, evidence.now
    views = race_views(fleet, RACES, now)
    out = io.StringIO()
    paper = Paper(out, ascii=False)
    for line in status_lines(host_rows(fleet, now), worker_rows(fleet, now), views, now, "config.toml"):
        paper.line(*line)
    return out.getvalue()


def test_the_document_is_as_its_schema_says():
    evidence = busy()
    found = status_document(evidence.fleet, RACES, evidence.now, config="config.toml")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(found, allow_nan=False)))
    worker = found["workers"][0]
    assert worker["metrics"]["loss"]["value"] == "NaN" and worker["progress"]["what"] == "clips"
    assert worker["evidence"] and worker["next_check_epoch"] == 10


@pytest.mark.parametrize("damage", [{"state": "asleep"}, {"evidence": ""}, {"metrics": {"loss": {"value": "x"}}}])
def test_the_schema_refuses_what_is_wrong(damage):
    evidence = busy()
    found = status_document(evidence.fleet, RACES, evidence.now, config="c")
    found["workers"][0] |= damage
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(found)


def test_a_frame_says_what_matters():
    text = text_of(busy())
    for words in (
        "● here",
        "A10G 98%",
        "! the disk is full",
        "◇ attention",
        "5/30",
        "clips 10/100",
        "why it has not stopped: 1 of 1 criteria not met: attention_ratio 1.32 of 1.50 → next check at epoch 10",
        "2,400 clips",
        "○ pretrained",
        "planned 9 h ago, never started",
    ):
        assert words in text, words
    assert "\x1b" not in text


def test_nothing_from_a_host_steers_the_terminal():
    evidence = busy()
    evidence.tell(LinkState("unreachable", "\x1b]0;owned\x07\x1b[2Jgone"))
    assert "\x1b" not in text_of(evidence) and "gone" in text_of(evidence)


def test_plain_characters_where_others_cannot_be():
    out = io.StringIO()
    Paper(out, ascii=True).line("● here … ✓")
    assert out.getvalue().isascii()


def test_steps_carry_countdown_and_mend():
    assert step_line(Step("a", "sent SIGINT", countdown=12.4))[0] == "… a: sent SIGINT (next in 12 s)"
    assert step_line(Step("a", "no", ok=False, mend="do this"))[0] == "✗ a: no — do this"


def follow(follower: RaceFollower, evidence: Evidence) -> list[str]:
    view = race_view(evidence.fleet, "persistence", RACES["persistence"], evidence.now, RACE)
    return [line.partition(" ")[2] for line in follower.lines(view, evidence.now)]


def test_a_race_tells_news_once():
    evidence, follower = busy(), RaceFollower(1)
    first = follow(follower, evidence)
    assert any(line.startswith("attention: check at epoch 5  ✗ attention_ratio 1.32 of 1.50") for line in first)
    assert follow(follower, evidence) == []
    evidence.now += PROGRESS_S
    evidence.status("validating", epoch=5, epochs=30, heartbeat=evidence.now, progress={"what": "clips", "done": 50})
    assert [line for line in follow(follower, evidence) if "clips 50" in line]
    for step in (10, 20):
        evidence.now += STEPS_S
        evidence.status("training", epoch=5, epochs=30, heartbeat=evidence.now, step=step, steps=4000)
        assert [line for line in follow(follower, evidence) if f"training  step {step}/4,000" in line]
        assert follow(follower, evidence) == []


def test_reading_subjects_is_told_with_its_time_to_go():
    evidence = Evidence()
    evidence.launch().process(True)
    progress = {"what": "reading subjects", "done": 12, "total": 334, "eta_s": 125.0}
    evidence.status("preparing", phase="data", heartbeat=evidence.now, progress=progress)
    (row,) = worker_rows(evidence.fleet, evidence.now)
    assert figures(row) == "reading subjects 12/334  eta 2:05"


def test_a_validation_is_told_with_its_own_epoch_and_figures():
    evidence, follower = busy(), RaceFollower(1)
    follow(follower, evidence)
    evidence.rows({"phase": "val", "epoch": 6, "step": 60, "val_accuracy": 0.95})
    evidence.status("training", epoch=7, epochs=30, heartbeat=evidence.now, metrics={"val_accuracy": 0.9})
    assert not [line for line in follow(follower, evidence) if "epoch 6/30" in line]  # the status lags behind
    evidence.status("training", epoch=7, epochs=30, heartbeat=evidence.now, metrics={"val_accuracy": 0.95})
    told = [line for line in follow(follower, evidence) if line.startswith("attention: epoch")]
    assert len(told) == 1 and "epoch 6/30" in told[0] and "val_accuracy 0.950" in told[0]


def test_a_race_is_over_when_it_stays_over():
    evidence, follower = busy(), RaceFollower(1)
    evidence.status("criteria met", heartbeat=evidence.now + 1).exit(code=0)
    winner = {"run": evidence.key.run, "worker": "attention", "time": 1.0}
    evidence.tell(Document(f"races/{RACE}", "winner.json", json.dumps(winner)))
    view = race_view(evidence.fleet, "persistence", RACES["persistence"], evidence.now, RACE)
    assert view.winner == "attention"
    assert not follower.over(view, evidence.now)
    assert follower.over(view, evidence.now + SETTLED_S)
    assert not RaceFollower(2).over(view, evidence.now + SETTLED_S)
