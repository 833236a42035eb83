"""A sweep and a study whose runs are on two hosts behind ssh, handed out by one laptop."""

import json
import sys
from pathlib import Path

import pytest
from sshd_house import until
from test_ssh_console import Laptop

from trainer.record import RunReader

DATA = Path(__file__).parents[2] / "data"
TINY = f"{DATA / 'tiny_site'}:{DATA}"
STUDY = """
task = "tiny"
[run]
epochs = 1
batch = 40
device = "cpu"
threads = 1
[checkpoint]
best_metric = "val_accuracy"
[tune]
trials = 3
pruner = "none"
[tune.space]
"optim.lr" = { low = 1e-4, high = 1.0, log = true }
"""
HOST = '[hosts.{name}]\nssh = "{alias}"\nssh_config = "ssh_config"\npython = "{python}"\n'
WORK = (
    "import json, os\n"
    "with open(os.environ['TRAJ_RUN_DIR'] + '/metrics.jsonl', 'w') as file:\n"
    "    json.dump({'step': 1, 'phase': 'val', 'val_loss': float(os.environ['LR'])}, file)\n"
    "    file.write('\\n')\n"
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def two(lan):
    """The laptop, and its hosts by name."""
    hosts = {"far": lan.host("gpu1"), "near": lan.host("gpu2")}
    laptop = Laptop(lan, hosts["far"])
    (laptop.folder / "tiny.toml").write_text(STUDY)
    (laptop.folder / "work.py").write_text(WORK)
    tables = [
        HOST.format(name=name, alias=alias, python=sys.executable)
        for name, alias in (("far", "gpu1"), ("near", "gpu2"))
    ]
    workers = (
        f'[workers.small]\nhost = "far"\ntrainer = "tiny.toml"\nenv = {{ PYTHONPATH = "{TINY}" }}\n'
        f'[workers.any]\nhost = "far"\ncommand = ["{{python}}", "-c", {json.dumps(WORK)}]\n'
    )
    laptop.config.write_text("\n".join([*tables, workers]))
    return laptop, hosts


def runs_of(host, name):
    return sorted((host.home / ".trajconsole/runs").glob(f"{name}*"))


def test_a_sweep_takes_turns_on_two_hosts(two):
    laptop, hosts = two
    done = laptop.run(
        "sweep", "any", "LR=0.3,0.1,0.2,0.4", "--name", "rates", "--host", "far,near", "--at-once", "1", "--start"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for host in hosts.values():
        until(lambda host=host: len([run for run in runs_of(host, "rates") if (run / "exit.json").exists()]) == 2, 120)
    assert all(
        json.loads((run / "exit.json").read_text())["code"] == 0 for h in hosts.values() for run in runs_of(h, "rates")
    )
    told = json.loads(laptop.run("sweep", "rates", "--by", "val_loss", "--json").stdout)
    assert [row["value"] for row in told["rows"]] == [0.1, 0.2, 0.3, 0.4] and told["best"].startswith("rates-LR0_1")
    assert {row["host"] for row in told["rows"]} == set(hosts)


def test_a_study_hands_its_trials_to_two_hosts(two):
    laptop, hosts = two
    done = laptop.run("tune", "small", "--at-once", "2", "--hosts", "far,near", "--no-check", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["state"] == "finished" and found["tune"]["best"] is not None
    trials = {name: [run for run in runs_of(host, "small-study-") if run.is_dir()] for name, host in hosts.items()}
    assert all(trials.values()) and sum(map(len, trials.values())) == 3, trials
    for runs in trials.values():
        assert all(RunReader(run).status().state == "finished" for run in runs)
