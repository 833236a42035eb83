"""Four workers from one config.toml, started by one command, compared by one command, on a host behind ssh."""

import json

from sshd_house import until
from test_ssh_console import REPOSITORY, Laptop

WORKERS = ("i3d", "slowfast", "transformer", "magvit")
SMALL = (
    "data.train = 64, data.val = 16, data.test = 40, run.epochs = 1, run.batch = 16, run.log_every = 2, "
    "run.validate_first = false, optim.warmup_steps = 0"
)


def test_four_workers_are_started_and_compared_by_one_command_each(lan):
    host = lan.host("gpu1")
    laptop = Laptop(lan, host)
    text = "".join(
        f'[workers.{name}]\nhost = "far"\ntrainer = "trajectories-{name}-tiny"\nset = {{ {SMALL} }}\n'
        'env = { OMP_NUM_THREADS = "1" }\n'
        for name in WORKERS
    )
    laptop.write(text, f'code = "{REPOSITORY}"')
    early = laptop.run("compare")
    assert early.returncode == 1 and "nothing to compare" in early.stderr

    started = laptop.run("start", *WORKERS, "--no-check")
    assert started.returncode == 0 and started.stdout.count("started") == 4, started.stdout + started.stderr
    runs = host.home / ".trajconsole/runs"
    until(lambda: len(list(runs.glob("*/exit.json"))) == 4, 150)
    assert [json.loads(path.read_text())["code"] for path in runs.glob("*/exit.json")] == [0] * 4

    plain = laptop.run("compare", *WORKERS, "--markdown", "compared.md")
    assert plain.returncode == 0, plain.stderr
    written = (laptop.folder / "compared.md").read_text()
    for word in ("val_accuracy", "95 % interval", "val_position_mse", "training time", "parameters", "model.kind"):
        assert word in plain.stdout and word.replace("_", "\\_") in written, word
    head = plain.stdout.splitlines()[2].split()
    assert head == list(WORKERS)

    full = laptop.run("compare", "--full", "--json")
    assert full.returncode == 0, full.stderr
    found = json.loads(full.stdout)
    (block,) = found["blocks"]
    assert [run["worker"] for run in block["runs"]] == list(WORKERS)
    assert all(run["accuracy_interval"][0] < run["accuracy_interval"][1] for run in block["runs"])
    (asked,) = found["hosts"]
    assert asked["host"] == "far" and asked["problem"] is None
    (sampled,) = asked["compared"]["blocks"]
    assert sampled["samples"] == 40 and {run["worker"] for run in sampled["runs"]} == set(WORKERS)
    assert len(sampled["gaps"]) == 12 and "repeat last" in sampled["baselines"]
    assert all("shuffled frames" in run["controls"] for run in sampled["runs"])
    for run in sampled["runs"]:
        assert list((runs / run["run"] / "predictions").glob("test-*.npz"))

    host.stop()
    remembered = laptop.run("compare", *WORKERS)
    assert remembered.returncode == 0 and "far is not reached" in remembered.stderr
    assert remembered.stdout == plain.stdout
    unknown = laptop.run("compare", "i3dd")
    assert unknown.returncode == 2 and "'i3d'" in unknown.stderr
