"""`trajconsole start --trial` on this machine: the trial decides whether the worker is started."""

SMALL = (
    "data.train = 48, data.val = 16, data.test = 16, run.batch = 8, run.epochs = 1, run.log_every = 2, "
    "measure.erase = 8, model.width = 32, model.depth = 1"
)


def test_the_trial_decides(house):
    trainer = 'host = "here"\ntrainer = "persistence-attention"\n'
    bad = f"[workers.bad]\n{trainer}set = {{ {SMALL}, optim.lr = 1e30 }}\n"
    plain = house.worker("plain", "echo hello\n")
    house.write(f"{bad}[workers.good]\n{trainer}set = {{ {SMALL} }}\n{plain}")
    done = house.run("start", "bad", "good", "plain", "--trial", "--no-check", timeout=170)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "bad: not started: the trial failed:" in done.stdout
    assert "good: the trial went well in" in done.stdout and "an epoch of 48 samples" in done.stdout
    assert "plain: is a command: there is no trial of it" in done.stdout
    started = sorted(path.name.partition("-")[0] for path in (house.root / "runs").iterdir())
    assert started == ["good", "plain"] and not list(house.root.glob(".trial-*"))
    house.wait("good", lambda row: row["state"] != "planned" and not row["live"])
