"""A sweep and a study through the console, with real trainings of the tiny task: made, started in turn, compared; the
console that hands trials out killed in the middle.
"""

import json
from pathlib import Path

import pytest

from trainer.record import RunReader
from trainer.record.jsonl import decode_lines

DATA = Path(__file__).parents[2] / "data"
TINY = f"{DATA / 'tiny_site'}:{DATA}"
CONFIG = """
task = "tiny"
[run]
epochs = {epochs}
batch = 40
device = "cpu"
threads = 1
[checkpoint]
best_metric = "val_accuracy"
[loss]
step_s = {step_s}
[tune]
trials = 5
pruner = "none"
[tune.space]
"optim.lr" = {{ low = 1e-4, high = 1.0, log = true }}
"""

pytestmark = pytest.mark.timeout(600)  # half a minute on a quiet machine


@pytest.fixture
def tiny_house(house):
    house.env["PYTHONPATH"] = f"{TINY}:{house.env['PYTHONPATH']}"

    def write(epochs, step_s):
        (house.folder / "tiny.toml").write_text(CONFIG.format(epochs=epochs, step_s=step_s))
        house.write(
            f'[workers.small]\nhost = "here"\ntrainer = "tiny.toml"\nenv = {{ PYTHONPATH = "{TINY}" }}\n'
            "# a comment that stays\n"
        )

    house.write_tiny = write
    return house


def test_a_sweep_from_its_values_to_its_table(tiny_house):
    house = tiny_house
    house.write_tiny(1, 0.0)
    wrong = house.run("sweep", "small", "optim.lr=0.1,-1", "optim.knd=adam", "--start")
    assert wrong.returncode == 2 and "optim.knd: unknown key" in wrong.stderr and "-1.0 is out of range" in wrong.stderr
    assert "sweeps" not in house.config.read_text()

    made = house.run(
        "sweep", "small", "optim.lr=0.3,0.03,0.003,0.0003", "--name", "rates", "--at-once", "2", "--start",
        "--no-check", timeout=400,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    text = house.config.read_text()
    assert "# a comment that stays" in text and "grid = { optim.lr = [0.3, 0.03, 0.003, 0.0003] }" in text
    names = [f"rates-lr{word}" for word in ("0_3", "0_03", "0_003", "0_0003")]
    house.wait_for(lambda: all((house.folder_of(name) / "exit.json").exists() for name in names), 300)
    for name in names:
        reader = RunReader(house.folder_of(name))
        events = {event["event"]: event for event in reader.events()}
        assert {"queued", "left the queue", "ended"} <= events.keys()
        value = float(name.partition("lr")[2].replace("_", "."))
        sweep = reader.config()["origin"]["sweep"]
        assert sweep == {"name": "rates", "worker": "small", "values": {"optim.lr": value}}
        assert reader.config()["optim"]["lr"] == value
    _never_more_than(2, [house.folder_of(name) for name in names])

    told = json.loads(house.run("sweep", "rates", "--json").stdout)
    values = [row["value"] for row in told["rows"]]
    assert values == sorted(values, reverse=True) and told["best"] == told["rows"][0]["worker"] and len(values) == 4
    table = house.run("sweep", "rates").stdout
    assert "★" in table and all(name in table for name in names) and "4 ended, 0 live" in table

    cloned = house.run("clone", house.folder_of(names[0]).name, "again", "--set", "run.epochs=2")
    assert cloned.returncode == 0, cloned.stderr
    assert f'cloned_from = "{house.folder_of(names[0]).name}"' in house.config.read_text()
    assert "lr = 0.3" in (house.folder / "again.toml").read_text()
    assert house.run("clone", names[0], "again").returncode == 2
    wrong = house.run("clone", "small", "other", "--set", "run.epochs=0")
    assert wrong.returncode == 2 and "run.epochs: 0 is out of range" in wrong.stderr
    row = house.row("again")
    assert row["state"] == "planned" and row["lineage"]["kind"] == "clone"


def _never_more_than(most, folders):
    """By the times at which the runs left the queue and ended, on one clock."""
    moments = []
    for folder in folders:
        left = next(e["t"] for e in RunReader(folder).events() if e["event"] == "left the queue")
        ended = next(e["t"] for e in RunReader(folder).events() if e["event"] == "ended")
        moments += [(left, 1), (ended, -1)]
    live = 0
    for _moment, change in sorted(moments):
        live += change
        assert live <= most


def test_a_study_whose_console_is_killed(tiny_house):
    house = tiny_house
    house.write_tiny(2, 0.2)
    words = ("tune", "small", "--at-once", "2", "--no-check", "--json")
    study = house.root / "runs" / "small-study"
    first = house.spawn(*words)
    house.wait_for(lambda: _rows(study, "report"), 300)
    first.kill()
    first.wait()
    asked = _rows(study, "ask")
    done = house.run(*words, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["state"] == "finished" and found["tune"]["best"] is not None
    told = [row["tell"] for row in _rows(study, "tell")]
    assert [row["ask"] for row in _rows(study, "ask")] == [0, 1, 2, 3, 4] and sorted(told) == [0, 1, 2, 3, 4]
    assert (asked and "2 go on" in done.stderr) or "1 go on" in done.stderr
    for trial in found["tune"]["trials"]:
        (folder,) = (house.root / "runs").glob(f"small-study-{trial['number']:04d}-*")  # none was started twice
        reader = RunReader(folder)
        made = reader.config()["origin"]["study"]
        assert made == {
            "name": "small-study",
            "worker": "small",
            "number": trial["number"],
            "values": trial["settings"],
        }
        values = [row["val_accuracy"] for row in reader.metrics() if row["phase"] == "val" and row["epoch"]]
        assert trial["state"] == "complete" and trial["value"] == max(values) and len(values) == 2
        assert (
            trial["folder"] == f"here:{folder.name}" and reader.config()["optim"]["lr"] == trial["settings"]["optim.lr"]
        )
    assert Path(found["best_file"]).exists() and (study / "tune.png").exists()
    row = house.row("small-study")
    assert row["state"] == "finished" and row["step"] == 5
    assert house.row("small-study-0001")["lineage"]["of"] == "small-study"
    refused = house.run("resume", "small-study")
    assert refused.returncode == 1 and "trajconsole tune small --name small-study" in refused.stdout


def _rows(study, kind):
    path = study / "study.jsonl"
    return [row for row in decode_lines(path.read_bytes())[0] if kind in row] if path.exists() else []
