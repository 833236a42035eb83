"""A study that is served: questions and answers as lines, one process at a time, and what is left for the next."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from test_tune_space import SPACE, parsed, plan
from tiny_runs import Tiny

from trainer.record import RunReader
from trainer.schema import ConfigError
from trainer.tune import serving
from trainer.tune.plan import Plan
from trainer.tune.study import Study, not_elsewhere
from trainer.tune.telling import Teller

RANDOM = SPACE.replace("[tune.space]", 'sampler = "random"\nstartup = 1\n[tune.space]').replace(
    "trials = 9", "trials = 3"
)


def talk(folder: Path, study: Plan, *questions: dict[str, Any] | str, since: float = 0.0) -> list[dict[str, Any]]:
    """All answers, the first of all included."""
    folder.mkdir(exist_ok=True)
    lines = [item if isinstance(item, str) else json.dumps(item) for item in questions]
    answers = io.BytesIO()
    teller = Teller(folder, study)
    try:
        desk = serving.Desk(Study(folder, study), teller, since)
        desk.work(io.BytesIO("".join(f"{line}\n" for line in lines).encode()), answers)
    finally:
        teller.close()
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_asked_placed_reported_told_and_ended(tiny: Tiny) -> None:
    study, folder = plan(RANDOM), tiny.folder / "study"
    first = talk(
        folder, study,
        {"do": "ask"}, {"do": "place", "trial": 0, "where": "here:"}, {"do": "place", "trial": 0, "where": "here:r-1"},
        {"do": "report", "trial": 0, "epoch": 1, "value": 0.8}, {"do": "ask"},
    )  # fmt: skip
    known, asked = first[0], first[1]["trial"]
    assert (known["metric"], known["mode"], known["of"], known["trials"]) == ("val_accuracy", "max", 3, [])
    assert asked["number"] == 0 and asked["settings"]["optim.lr"] == 0.01 and first[4]["prune"] == ""
    status = RunReader(folder).status()
    assert status is not None and status.state == "stopped" and "has left; 0 of 3 are done" in status.reason

    again = talk(
        folder, study,
        {"do": "tell", "trial": 0, "state": "complete", "value": 0.8, "seconds": 3.0},
        {"do": "report", "trial": 1, "epoch": 1, "value": "NaN"},
        {"do": "tell", "trial": 1, "state": "pruned", "why": "too low"},
        {"do": "ask"}, {"do": "tell", "trial": 2, "state": "failed", "why": "no memory"}, {"do": "ask"}, {"do": "end"},
        {"do": "look"},
    )  # fmt: skip
    left = {item["number"]: item for item in again[0]["trials"]}
    assert (left[0]["place"], left[0]["seen"], left[1]["place"]) == ("here:r-1", [[1, 0.8]], "")
    assert "worse than the median" in again[2]["prune"] and again[4]["trial"]["number"] == 2
    assert again[6] == {
        "trial": None,
        "why": "nothing is left to begin",
        "stop": False,
        "best": {"number": 0, "value": 0.8},
    }
    assert len(again) == 8, "nothing is answered after the end"
    end = again[7]
    assert end["state"] == "finished" and end["document"]["trials"][0]["folder"] == "here:r-1" and end["table"]["rows"]
    assert Path(end["file"]).name == "best.toml" and (folder / "tune.png").exists()


def test_odd_questions_are_answered_with_what_is_wrong(tiny: Tiny) -> None:
    said = talk(
        tiny.folder / "study", plan(RANDOM),
        "nonsense", {}, {"do": "dance"}, {"do": "tell", "trial": 7, "state": "complete"}, {"do": "report"},
        {"do": "look"},
    )  # fmt: skip
    assert [bool(item.get("error")) for item in said] == [False, True, True, True, True, True, False]


def test_the_stop_file_is_told_and_three_failures_are_enough(tiny: Tiny) -> None:
    folder, study = tiny.folder / "study", plan(RANDOM.replace("trials = 3", "trials = 9"))
    fail = [q for n in range(3) for q in ({"do": "ask"}, {"do": "tell", "trial": n, "state": "failed", "why": "x"})]
    assert talk(folder, study, *fail, {"do": "ask"})[-1]["why"] == "the first trials failed, and so would the rest"
    (folder / "stop").touch()
    stopped = talk(folder, study, {"do": "end", "stopped": True})
    assert stopped[0]["stop"] and stopped[1]["state"] == "failed"


def test_settings_that_do_not_go_together_are_a_trial_that_failed(tiny: Tiny) -> None:
    together = '[tune]\ntrials = 3\nmetric = "val_accuracy"\nsampler = "random"\n[tune.space]\n'
    together += '"optim.nesterov" = { choices = [false, true] }\n"optim.momentum" = { choices = [0.9, 0.0] }\n'
    said = talk(tiny.folder / "study", plan(together), *[{"do": "ask"}] * 4, {"do": "end", "stopped": True})
    trials = {row["number"]: row for row in said[-1]["document"]["trials"]}
    wrong = [
        row for row in trials.values() if row["settings"]["optim.nesterov"] and not row["settings"]["optim.momentum"]
    ]
    assert all(row["state"] == "failed" and "needs momentum" in row["why"] for row in wrong)
    assert {row["state"] for row in trials.values() if row not in wrong} == {"running"}


def test_a_study_is_trained_there_or_handed_out_and_served_by_one(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    config, folder = parsed(RANDOM), tiny.folder / "study"
    monkeypatch.setattr(serving, "_PATIENCE", 0.0)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr("trainer.say._muted", False)
    assert serving.serve(config, plan(RANDOM), folder, since=0.0) == 0
    assert RunReader(folder).config()["tune"]["trials"] == 3
    with pytest.raises(ConfigError, match="its trials are runs of a console — trajconsole tune"):
        not_elsewhere(folder)
    with serving._alone(folder), pytest.raises(ConfigError, match="another console hands out its trials"):
        serving.serve(config, plan(RANDOM), folder, since=0.0)
    other = tiny.folder / "other"
    (other / "trial-0000").mkdir(parents=True)
    with pytest.raises(ConfigError, match="whose trials were trained there"):
        serving.serve(config, plan(RANDOM), other, since=0.0)
