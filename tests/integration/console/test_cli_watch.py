"""The watch with real runs: syncs, reports and tells; killed at any time it misses nothing; only one acts."""

import os
import signal


def test_it_watches_while_nobody_looks(house):
    notes = house.folder / "notes"
    wait = f"until [ -e {house.folder}/$0 ]; do sleep 0.1; done"
    house.write(
        house.worker(
            "good",
            'echo \'{"t": 1, "step": 1, "epoch": 1, "loss": 0.5}\' >> $1/metrics.jsonl\n' + wait.replace("$0", "go"),
        )
        + house.worker("bad", wait.replace("$0", "go") + "; echo 'ValueError: no' >&2; exit 1\n")
        + '[alerts.file]\nlevel = "note"\n'
        + f"command = ['sh', '-c', 'printf \"%s\\n\" \"$TRAJ_TITLE\" >> {notes}']\n"
    )
    assert house.run("start", "good", "bad").returncode == 0
    out = house.folder / "results"
    dry = house.run("watch", "--dry-run", "--to", str(out))
    assert dry.returncode == 0 and "would sync good (here:good-" in dry.stdout, dry.stdout + dry.stderr
    assert not out.exists() and not (house.state / "watch" / "book.json").exists()
    first = house.spawn("watch", "--every", "1s", "--to", str(out))
    house.wait_for(lambda: (out / "PARALLEL_PROGRESS.md").exists() and list(out.glob("good-*/metrics.jsonl")))
    second = house.spawn("watch", "--every", "1s", "--to", str(out))
    said = house.folder / "console.out"
    house.wait_for(lambda: f"process {first.pid} on" in said.read_text())

    os.kill(first.pid, signal.SIGKILL)
    second.send_signal(signal.SIGSTOP)  # nobody watches while both end
    (house.folder / "go").touch()
    house.wait("bad", lambda row: row["state"] == "failed")
    house.wait("good", lambda row: row["state"] == "finished")
    second.send_signal(signal.SIGCONT)
    house.wait_for(lambda: notes.exists() and len(notes.read_text().splitlines()) >= 2)
    assert sorted(notes.read_text().splitlines()) == ["bad: it failed", "good: finished"]
    house.wait_for(lambda: "| bad | here | failed |" in (out / "PARALLEL_PROGRESS.md").read_text())
    house.wait_for(lambda: all(row["pulled"] for row in house.status()["workers"]))

    second.send_signal(signal.SIGINT)
    assert second.wait(20) == 0
    done = house.run("watch", "--once", "--to", str(out))  # nothing is told a second time
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(notes.read_text().splitlines()) == 2


def test_ways_are_listed_and_tested(house):
    house.write('[alerts.ok]\ncommand = ["true"]\n[alerts.broken]\ncommand = ["false"]\nquiet = "22:00-07:00"\n')
    done = house.run("alerts")
    assert done.returncode == 0 and "broken  command, from warning up, quiet 22:00-07:00" in done.stdout
    done = house.run("alerts", "test")
    assert done.returncode == 1 and "✓ ok: delivered" in done.stdout and "✗ broken: false ended with 1" in done.stdout
    assert house.run("alerts", "test", "ok").returncode == 0
    house.write('[alerts.two]\ncommand = ["true"]\nterminal = "bell"\n[alerts.odd]\nwebhook = "x"\nquiet = "night"\n')
    done = house.run("alerts")
    assert done.returncode == 2 and "has command and terminal: needs one of" in done.stderr
    assert "begin with https://" in done.stderr
