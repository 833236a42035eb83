"""Workers that start together share the host; the better one of them goes on to more epochs."""

import re

from console_house import REPOSITORY

from trainer.record import RunReader

SMALL = (
    "data.train = 32, data.val = 16, data.test = 16, run.batch = 8, run.epochs = 1, measure.erase = 4, "
    'model.width = 32, model.depth = 1, stop.all = ["val_loss < 0"], run.device = "cpu"'
)


def test_two_share_the_cores_and_the_best_is_promoted(house):
    preset = (REPOSITORY / "trainer/presets/persistence-attention.toml").read_text()
    (house.folder / "mine.toml").write_text(preset.replace("threads = 1", ""))
    house.write(
        f'[workers.first]\nhost = "here"\ntrainer = "mine.toml"\nset = {{ {SMALL}, run.seed = 1 }}\n'
        f'[workers.second]\nhost = "here"\ntrainer = "mine.toml"\nset = {{ {SMALL}, run.threads = 3 }}\n'
        f'[workers.never]\nhost = "here"\ntrainer = "persistence-attention"\n'
    )
    started = house.run("start", "first", "second", "--no-check", timeout=170)
    assert started.returncode == 0, started.stdout + started.stderr
    cores = re.search(r"first: gets (\d+) of (\d+) cores, beside others on here", started.stdout)
    assert cores is not None and int(cores[1]) == max(1, int(cores[2]) // 2), started.stdout
    assert "second: gets" not in started.stdout
    for name, threads in (("first", int(cores[1])), ("second", 3)):
        house.wait(name, lambda row: row["state"] == "finished", 120)
        assert RunReader(house.folder_of(name)).config()["run"]["threads"] == threads

    refused = house.run("promote", "first", "never")
    assert refused.returncode == 1 and "never: was never started" in refused.stdout
    done = house.run("promote", "first", "second", "--best", "1", "--epochs", "2", "--dry-run")
    assert done.returncode == 0 and "would go on: val_loss" in done.stdout, done.stdout + done.stderr
    done = house.run("promote", "first", "second", "--best", "1", "--epochs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    values = {
        name: status.best["val_loss"].value
        for name in ("first", "second")
        if (status := RunReader(house.folder_of(name)).status()) is not None
    }
    best = min(values, key=lambda name: values[name])
    other = ({"first", "second"} - {best}).pop()
    assert f"{other}: stays: val_loss" in done.stdout and f"{best}: promoted: val_loss" in done.stdout
    row = house.wait(best, lambda row: row["state"] == "finished" and row["epoch"] == 2, 120)
    assert row["epochs"] == 2
    events = {event["event"]: event for event in RunReader(house.folder_of(best)).events()}
    assert events["promoted"]["metric"] == "val_loss" and events["promoted"]["epochs"] == 2
    assert events["resumed"]["epoch"] == 1
    assert house.row(other)["epoch"] == 1
