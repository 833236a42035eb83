"""The race with the real trainer, small: headless, with the console killed, and what keeps it from starting."""

import json
import signal
import time
from pathlib import Path

import jsonschema
import pytest
from console_house import REPOSITORY

from trainer.record import RunReader

SMALL = (
    "data.train = 96, data.val = 32, data.test = 32, run.batch = 8, run.epochs = 40, run.log_every = 4, "
    "stop.every = 1, measure.erase = 8, model.width = 32, model.depth = 1"
)
EASY = 'stop.all = ["val_accuracy >= 0.1", "attention_ratio >= 0.01"]'
HARD = 'stop.all = ["val_accuracy >= 0.999", "attention_ratio >= 1e9"]'
SCHEMA = json.loads((REPOSITORY / "console" / "schema" / "status.schema.json").read_text())


def race_of(house, easy: str = EASY, extra: str = "") -> None:
    house.write(
        f'[workers.quick]\nhost = "here"\ntrainer = "persistence-attention"\nset = {{ {SMALL}, {easy}{extra} }}\n'
        f'[workers.slow]\nhost = "here"\ntrainer = "persistence-attention"\nset = {{ {SMALL}, {HARD} }}\n'
        '[races.duel]\nworkers = ["quick", "slow"]\n'
    )


def test_a_race_without_a_screen(house):
    race_of(house)
    done = house.run("race", "duel", "--json", timeout=170)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    race = found["race"]
    assert race["winner"] == "quick" and race["over"]
    assert [item["state"] for item in race["standings"]] == ["criteria met", "lost the race"]
    assert all(item["passed"] for item in race["standings"][0]["criteria"])
    assert Path(race["picture"]).stat().st_size > 1000
    status = house.status()
    jsonschema.Draft202012Validator(SCHEMA).validate(status)
    assert status["races"][0] == race
    compared = json.loads(house.run("compare", "duel", "--json").stdout)["blocks"]
    assert [run["worker"] for block in compared for run in block["runs"]] == ["quick", "slow"]
    assert compared[0]["runs"][0]["accuracy_interval"]  # the loser may have been stopped before its first validation
    lines = done.stderr.splitlines()
    assert any("quick: check at epoch" in line and "✓ val_accuracy" in line for line in lines)
    assert any("winner: quick" in line for line in lines)
    for name in ("quick", "slow"):
        origin = (house.folder_of(name) / "run.toml").read_text().partition("[origin]")[2]
        assert f'worker = "{name}"' in origin and f'race = "{race["id"]}"' in origin and "code = " in origin


@pytest.mark.parametrize("leave", [signal.SIGINT, signal.SIGKILL])
def test_a_race_goes_on_without_its_console(house, leave):
    race_of(house)
    console = house.spawn("race", "duel", "--no-check")
    end = time.monotonic() + 60
    while not list((house.root / "runs").glob("*/status.json")):
        assert time.monotonic() < end
        time.sleep(0.05)
    while "✓ slow: started" not in (house.folder / "console.out").read_text():
        time.sleep(0.05)
    console.send_signal(leave)
    code = console.wait(20)
    if leave is signal.SIGINT:
        assert code == 130 and "the workers go on" in (house.folder / "console.out").read_text()
    while not list((house.root / "races").glob("*/winner.json")):
        assert time.monotonic() < end + 90
        time.sleep(0.2)
    house.wait("slow", lambda row: not row["live"])
    status = house.status()
    assert status["races"][0]["winner"] == "quick" and status["races"][0]["over"]
    for name in ("quick", "slow"):
        run = house.folder_of(name)
        for stream in ("metrics.jsonl", "train.log", "events.jsonl"):
            copy = house.mirror_of(run) / stream  # a stream without a line has no copy
            assert (copy.read_bytes() if copy.exists() else b"") == (run / stream).read_bytes()


def test_a_trainer_is_stopped_with_a_checkpoint_and_goes_on(house):
    race_of(house)
    assert house.run("start", "slow", "--no-check").returncode == 0
    house.wait("slow", lambda row: row["state"] == "training" and row["epoch"] >= 2)
    stopped = house.run("stop", "slow")
    assert stopped.returncode == 0 and "gone, verified" in stopped.stdout, stopped.stdout
    row = house.row("slow")
    assert row["state"] == "stopped" and row["checkpoint"]["step"] == row["step"]
    steps = row["step"]
    assert house.run("resume", "slow").returncode == 0
    house.wait("slow", lambda row: row["state"] == "training" and (row["step"] or 0) > steps)
    killed = house.run("kill", "slow")
    assert killed.returncode == 0 and "gone, verified" in killed.stdout, killed.stdout
    row = house.row("slow")
    assert row["state"] == "killed" and row["advice"]
    epochs = [item["epoch"] for item in RunReader(house.folder_of("slow")).metrics() if item["phase"] == "val"]
    assert epochs == list(range(len(epochs)))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (", optim.lrr = 1", "config.toml:5: workers.quick.set.optim.lrr: unknown key — did you mean 'lr'?"),
        (", run.epochss = 1", "config.toml:5: workers.quick.set.run.epochss: unknown key — did you mean 'epochs'?"),
    ],
)
def test_a_misspelt_key_is_told_before_anything_starts(house, extra, words):
    race_of(house, extra=extra)
    done = house.run("race", "duel")
    assert done.returncode == 1 and words in done.stdout
    assert "✗ slow: not started, because of quick" in done.stdout
    assert not (house.root / "runs").exists()


def test_one_worker_that_cannot_start_does_not_hold_up_the_others(house):
    race_of(house, extra=", optim.lrr = 1")
    house.write(house.config.read_text().partition("[hosts.here]\n")[2] + house.worker("shell", "sleep 60\n"))
    done = house.run("start", "quick", "shell", "--no-check")
    assert done.returncode == 1 and "✗ quick" in done.stdout and "✓ shell: started" in done.stdout
    assert house.row("quick")["state"] == "planned" and house.row("shell")["live"]


def test_a_loss_that_is_no_number_is_told(house):
    race_of(house, extra=", optim.lr = 1e30")
    assert house.run("start", "quick", "--no-check").returncode == 0
    row = house.wait("quick", lambda row: row["state"] == "failed")
    assert any("loss" in item["what"] and item["proof"] and item["mend"] for item in row["advice"])


def test_a_rival_that_runs_already_keeps_the_race_from_starting(house):
    race_of(house)
    text = house.config.read_text()
    house.write(house.worker("quick", "sleep 60\n"))
    assert house.run("start", "quick").returncode == 0
    house.config.write_text(text)
    done = house.run("race", "duel", "--no-check")
    assert done.returncode == 1
    assert "is already running" in done.stdout and "trajconsole stop quick" in done.stdout
    assert [path.name.split("-")[0] for path in (house.root / "runs").iterdir()] == ["quick"]


def test_wrong_words_are_usage_errors(house):
    race_of(house)
    for words, nearest in ((("race", "dual"), "'duel'"), (("start", "quik"), "'quick'"), (("logs", "slo"), "'slow'")):
        done = house.run(*words)
        assert done.returncode == 2 and nearest in done.stderr and "Traceback" not in done.stderr
    house.config.write_text("[hosts.here]\n[worker.x]\n")
    done = house.run("status")
    assert done.returncode == 2 and "config.toml:2: worker: unknown key" in done.stderr


def test_a_host_that_does_not_answer_is_told(house):
    house.config.write_text('[hosts.here]\npython = "/nonexistent/python"\n')
    done = house.run("status")
    assert done.returncode == 3 and "✗ here" in done.stdout and "/nonexistent/python" in done.stdout
    assert house.run("check").returncode == 1


def test_without_a_terminal_there_is_one_plain_frame(house):
    race_of(house)
    done = house.run()
    assert done.returncode == 0 and "○ quick" in done.stdout and "\x1b" not in done.stdout
