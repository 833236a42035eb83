"""`trajconsole pull` and `push`, as processes, from hosts behind ssh."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from sshd_house import until
from test_ssh_console import REPOSITORY, Laptop

RUN = "w-20260101-000000-0a0b"
PLACES = (("w", "far"), ("v", "other"))


def make_run(host, name=RUN, worker="w", *, ended=True):
    """What a trainer leaves behind."""
    run = host.home / ".trajconsole/runs" / name
    (run / "checkpoints").mkdir(parents=True)
    (run / "figures").mkdir()
    (run / "run.toml").write_text(f'[origin]\nworker = "{worker}"\n')
    (run / "metrics.jsonl").write_text('{"step": 1, "loss": 0.5}\n' * 500)
    (run / "train.log").write_text("line\n" * 100)
    (run / "figures/race.png").write_bytes(b"\x89PNG" + bytes(3000))
    (run / "lock").touch()
    rows = []
    for number in (1, 2, 3):
        (run / f"checkpoints/epoch-{number}.pt").write_bytes(bytes([number]) * 300_000)
        rows.append({"file": f"epoch-{number}.pt", "sha256": "", "step": number * 10, "bytes": 300_000})
    (run / "checkpoints/index.json").write_text(json.dumps({"schema": 1, "checkpoints": rows}))
    (run / "results.json").write_text(json.dumps({"schema": 1, "best_checkpoint": "epoch-1.pt"}))
    (run / "status.json").write_text(json.dumps({"schema": 1, "state": "finished", "reason": "done"}))
    (run / "launch.json").write_text(json.dumps({"attempt": 1, "pid": 1, "pid_start": 1, "time": 1.0, "boot_id": "x"}))
    if ended:
        (run / "exit.json").write_text(json.dumps({"attempt": 1, "code": 0, "signal": None, "time": 2.0}))
    return run


@pytest.fixture
def laptop(lan):
    host = lan.host("gpu1")
    laptop = Laptop(lan, host)
    laptop.write('[workers.w]\nhost = "far"\ncommand = ["true"]\n')
    return laptop


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_pull_takes_what_a_run_came_to_and_then_nothing(laptop):
    run = make_run(laptop.host)
    done = laptop.run("pull", "w")
    assert done.returncode == 0 and "pulled 11 files" in done.stdout, done.stdout + done.stderr
    here = laptop.folder / "runs" / RUN
    assert names(here) == names(run) - {"lock", "checkpoints/epoch-2.pt"} | {"pulled.json"}
    assert all((here / name).read_bytes() == (run / name).read_bytes() for name in names(here) - {"pulled.json"})
    assert laptop.row("w")["pulled"] == str(here)
    again = laptop.run("pull")
    assert again.returncode == 0 and "nothing to do: 11 files" in again.stdout, again.stdout + again.stderr
    (run / "exit.json").write_text(json.dumps({"attempt": 1, "code": 0, "time": 4e9}))  # another end, after the copy
    assert laptop.row("w")["pulled"] is None
    both = laptop.run("pull", "--json", RUN, "--checkpoints", "all", "--verify")
    (row,) = json.loads(both.stdout)["runs"]
    assert row["ok"] and row["pulled"]["complete"] and "checkpoints/epoch-2.pt" in row["pulled"]["files"]
    assert both.stderr and re.search(r"pulled 2 files", both.stderr)


def test_options_and_their_errors(laptop):
    make_run(laptop.host)
    words = ["--to", "elsewhere", "--checkpoints", "none", "--exclude", "figures", "--limit", "9MB/s"]
    done = laptop.run("pull", "w", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found = names(laptop.folder / "elsewhere" / RUN)
    assert not any("checkpoints" in name or "figures" in name for name in found) and "metrics.jsonl" in found
    assert not json.loads((laptop.folder / "elsewhere" / RUN / "pulled.json").read_text())["complete"]
    for words, said in (
        (["ww"], "unknown worker or run 'ww'"),
        (["w", "--limit", "20MB"], "as in 20MB/s"),
    ):
        done = laptop.run("pull", *words)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    (laptop.folder / "file").write_text("")
    done = laptop.run("pull", "w", "--to", "file")
    assert done.returncode == 1 and "Not a directory" in done.stdout, done.stdout


def test_a_worker_that_never_ran_and_a_host_that_is_not_there(laptop):
    done = laptop.run("pull", "w")
    assert done.returncode == 1 and "never ran" in done.stdout
    make_run(laptop.host)
    laptop.row("w")
    laptop.host.process.send_signal(signal.SIGTERM)
    laptop.host.process.wait()
    done = laptop.run("pull", "w")
    assert done.returncode == 3 and "refused" in done.stdout, done.stdout + done.stderr


def test_a_file_that_cannot_be_read_is_said_and_the_rest_is_here(laptop):
    run = make_run(laptop.host)
    (run / "a\nb").write_text("odd")
    done = laptop.run("pull", "w")
    assert done.returncode == 1 and "control characters" in done.stdout, done.stdout
    assert (laptop.folder / "runs" / RUN / "results.json").exists()
    assert laptop.row("w")["pulled"] is None
    done = laptop.run("pull", "w", "--exclude", "a*")
    assert done.returncode == 0, done.stdout


def test_two_hosts_at_once(lan):
    laptop = Laptop(lan, lan.host("gpu1"))
    lan.host("gpu2")
    other = '[hosts.other]\nssh = "gpu2"\nssh_config = "ssh_config"\n'
    workers = "".join(f'[workers.{name}]\nhost = "{host}"\ncommand = ["true"]\n' for name, host in PLACES)
    laptop.write(other + workers)
    make_run(lan.hosts[0])
    make_run(lan.hosts[1], "v-20260101-000000-0a0b", "v")
    done = laptop.run("pull")
    assert done.returncode == 0 and "w: pulled" in done.stdout and "v: pulled" in done.stdout, done.stdout + done.stderr


def test_many_runs_of_a_host_with_few_sessions(lan):
    laptop = Laptop(lan, lan.host("gpu1", "MaxSessions 4"))
    workers = [f"w{number}" for number in range(8)]
    laptop.write("".join(f'[workers.{name}]\nhost = "far"\ncommand = ["true"]\n' for name in workers))
    for name in workers:
        make_run(lan.hosts[0], f"{name}-20260101-000000-0a0b", name)
    done = laptop.run("pull")
    assert done.returncode == 0 and done.stdout.count("pulled 11 files") == 8, done.stdout + done.stderr


def test_push_brings_data_and_says_what_cannot_be(laptop):
    source = laptop.folder / "clips"
    (source / "train").mkdir(parents=True)
    for number in range(20):
        (source / f"train/{number}.bin").write_bytes(bytes([number]) * 5000)
    done = laptop.run("push", "far", "clips")
    assert done.returncode == 0 and "pushed 20 files" in done.stdout, done.stdout + done.stderr
    there = laptop.host.home / ".trajconsole/data/clips"
    assert all((there / name).read_bytes() == (source / name).read_bytes() for name in names(source))
    assert "nothing to do: 20 files" in laptop.run("push", "far", "clips").stdout
    assert laptop.run("push", "far", "clips/train/3.bin", "single").returncode == 0
    assert (there.parent / "single/3.bin").exists()
    done = laptop.run("push", "far", "nothing", "../x")
    assert done.returncode == 2 and "no such file or folder" in done.stderr and "leads out" in done.stderr, done.stderr
    done = laptop.run("--readonly", "push", "far", "clips", "new")
    assert done.returncode == 1 and not (there.parent / "new").exists()


def size_of(path):
    """Nothing, when it has just got its own name."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def test_a_console_that_is_killed_while_it_pulls(laptop):
    """What had come counts, is not sent again, and is never taken for the whole."""
    run = make_run(laptop.host)
    (run / "checkpoints/epoch-3.pt").write_bytes(bytes(range(256)) * 80_000)
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TRAJCONSOLE_STATE": str(laptop.folder / "state")}
    argv = [sys.executable, "-m", "console", "--config", str(laptop.config), "pull", "w", "--limit", "2MB/s"]
    process = subprocess.Popen(argv, env=env, cwd=laptop.folder, start_new_session=True, stdout=subprocess.DEVNULL)
    here = laptop.folder / "runs" / RUN
    try:
        until(lambda: any(size_of(path) > 3_000_000 for path in (here / ".parts").glob("*.part")), 60)
    finally:
        process.kill()
        process.wait()
    assert not (here / "checkpoints/epoch-3.pt").exists() and not (here / "pulled.json").exists()
    done = laptop.run("pull", "w")
    assert done.returncode == 0 and not (here / ".parts").exists(), done.stdout
    size = re.search(r"pulled \d+ files?, ([\d.]+)M", done.stdout)
    assert size and float(size[1]) < 17.2, done.stdout
    name = "checkpoints/epoch-3.pt"
    assert (here / name).read_bytes() == (run / name).read_bytes()


def test_the_log_of_an_adopted_run_is_pulled_from_where_it_lies(laptop):
    log = laptop.folder / "nohup.out"
    with log.open("wb") as out:
        process = subprocess.Popen(["sh", "-c", "echo begun; exec sleep 1000"], stdout=out, stderr=out)
    try:
        done = laptop.run("adopt", "far", "--pid", str(process.pid), "--as", "old")
        assert done.returncode == 0, done.stdout + done.stderr
        done = laptop.run("pull", "old")
    finally:
        process.kill()
        process.wait()
    assert done.returncode == 0 and "left on the host" not in done.stdout, done.stdout + done.stderr
    (here,) = (laptop.folder / "runs").iterdir()
    assert (here / "train.log").read_text() == "begun\n" and not (here / "train.log").is_symlink()
    assert laptop.run("pull", "old", "--exclude", "train.log", "--to", "elsewhere").returncode == 0
    (there,) = (laptop.folder / "elsewhere").iterdir()
    assert not (there / "train.log").exists()
