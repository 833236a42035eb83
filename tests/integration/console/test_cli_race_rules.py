"""A budget rule acts on a real race: decided once by two who watch, a checkpoint first, verified gone, its GPU free."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from console_house import REPOSITORY
from test_cli_race import HARD, SMALL

from trainer.record import RunReader

STUB = REPOSITORY / "tests" / "data" / "nvml" / "stub.c"


@pytest.fixture
def one_gpu(house):
    """Environment, as a setting of workers, in which the host's driver knows one GPU."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs a C compiler for the driver's stand-in")
    library = house.folder / "driver"
    library.mkdir()
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library / "libnvidia-ml.so.1", STUB], check=True)
    (library / "state").write_text("1 ok")
    return f'env = {{ LD_LIBRARY_PATH = "{library}", NVML_STUB = "{library}/state", OMP_NUM_THREADS = "1" }}\n'


def told(run, name):
    return [row for row in RunReader(run).events() if row["event"] == name]


def value_at(run, epoch):
    rows = [row for row in RunReader(run).metrics() if row["phase"] == "val" and row["epoch"] == epoch]
    return rows[0]["val_loss"]


@pytest.mark.timeout(400)
def test_who_falls_behind_is_stopped_once_and_frees_its_gpu(house, one_gpu):
    small = SMALL.replace("run.epochs = 40", "run.epochs = 4000, run.validate_first = false") + ', run.device = "cpu"'
    text = "".join(
        f'[workers.{name}]\nhost = "here"\ntrainer = "persistence-attention"\ngpus = 0.5\n'
        f"set = {{ {small}, {HARD}, run.seed = {seed} }}\n{one_gpu}"
        for seed, name in enumerate(("one", "two"), 1)
    )
    rule = 'behind = { metric = "val_loss", mode = "min", after = [1], keep = 0.5 }\n'
    waits = f"import os, time\nwhile not os.path.exists('{house.folder}/go'): time.sleep(0.1)"
    text += f'[workers.heir]\nhost = "here"\ncommand = ["{{python}}", "-c", {json.dumps(waits)}]\ngpus = 0.5\n{one_gpu}'
    house.write(text + f'[races.duel]\nworkers = ["one", "two"]\nwall_time = "8h"\n{rule}')

    planned = house.run("race", "duel", "--dry-run", "--no-check")
    assert planned.returncode == 0 and "50% of the rivals go on" in planned.stdout, planned.stdout + planned.stderr
    assert "all of them would be started" in planned.stdout and not (house.root / "runs").exists()

    follows = house.spawn("race", "duel", "--no-check")
    house.spawn("watch", "--no-sync")
    house.wait_for(lambda: len(list((house.root / "runs").glob("*/status.json"))) == 2, 120)
    assert house.run("start", "heir").returncode == 0  # waits for the half of a GPU that somebody gives up

    runs = house.root / "runs"
    house.wait_for(lambda: any(told(run, "race rule done") for run in runs.iterdir()), 150)
    (loser,) = [run for run in runs.iterdir() if told(run, "race rule")]
    (leader,) = [run for run in (*runs.glob("one-*"), *runs.glob("two-*")) if run != loser]
    assert value_at(loser, 1) > value_at(leader, 1) and not (leader / "exit.json").exists()
    (ruled,), (done,) = told(loser, "race rule"), told(loser, "race rule done")
    assert ruled["rule"] == "behind at epoch 1" and "1 are better" in ruled["proof"] and done["gone"] is True
    assert (loser / "checkpoints" / "index.json").exists() and json.loads((loser / "exit.json").read_text())[
        "code"
    ] == 0
    assert not Path(f"/proc/{json.loads((loser / 'launch.json').read_text())['pid']}").exists()
    house.wait("heir", lambda row: row["state"] != "queued")  # the GPU is free

    name = loser.name.partition("-")[0]
    found = json.loads(house.run("race", "duel", "--dry-run", "--json").stdout)
    assert found["running"] and not any(one["stop"] or one["worker"] == name for one in found["verdicts"])
    (ruling,) = found["race"]["rulings"]
    assert (ruling["worker"], ruling["rule"], ruling["gone"]) == (name, "behind at epoch 1", True)
    audit = house.run("race", "duel", "--audit").stdout
    assert f"{name}: the rule behind at epoch 1 decided to stop it: val_loss" in audit and "gone, verified" in audit

    (house.folder / "go").touch()
    assert house.run("kill", leader.name.partition("-")[0]).returncode == 0
    assert follows.wait(60) == 1
    said = (house.folder / "console.out").read_text()
    assert said.count("behind at epoch 1: val_loss") >= 1 and "no winner" in said
