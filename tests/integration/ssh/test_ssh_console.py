"""The command `trajconsole`, as a process, with one host behind ssh."""

import sys

import pytest
from ssh_laptop import REPOSITORY, Laptop


@pytest.fixture
def laptop(lan):
    return Laptop(lan, lan.host("gpu1", known=False))


@pytest.fixture
def trusted(laptop):
    laptop.lan.know(laptop.host.known_line())
    return laptop


def test_a_new_host_is_trusted_without_a_terminal(laptop):
    done = laptop.run("status")
    assert done.returncode == 3 and "trajconsole trust far" in done.stdout
    asked = laptop.run("trust", "far")
    assert asked.returncode == 1 and "SHA256:" in asked.stderr and laptop.lan.known_hosts.read_text() == ""
    fingerprint = asked.stderr.partition("--yes ")[2].strip()
    wrong = laptop.run("trust", "far", "--yes", "SHA256:somethingelse")
    assert wrong.returncode == 1 and laptop.lan.known_hosts.read_text() == ""
    done = laptop.run("trust", "far", "--yes", fingerprint)
    assert done.returncode == 0, done.stderr
    assert laptop.lan.known_hosts.read_text() == laptop.host.known_line()
    assert laptop.run("status").returncode == 0


def test_a_command_worker_lives_its_life_over_ssh(trusted):
    worker = 'host = "far"\ncommand = ["sh", "-c", "echo begun; echo $HOME; exec sleep 1000"]\n'
    trusted.write(f"[workers.slow]\n{worker}")
    done = trusted.run("start", "slow")
    assert done.returncode == 0, done.stdout + done.stderr
    row = trusted.wait("slow", lambda row: row["live"])
    assert row["host"] == "far"
    (run,) = (trusted.host.home / ".trajconsole/runs").iterdir()
    assert "already running" in trusted.run("start", "slow").stdout
    assert trusted.run("logs", "slow").stdout == f"begun\n{trusted.host.home}\n"
    attach = trusted.run("attach", "slow")
    assert "ssh -t -F" in attach.stderr and attach.returncode == 2
    done = trusted.run("kill", "slow")
    assert done.returncode == 0 and "gone, verified" in done.stdout
    row = trusted.wait("slow", lambda row: not row["live"])
    assert row["state"] == "killed" and (run / "events.jsonl").read_text().count("kill asked") == 1
    mirrored = trusted.folder / "state/mirror/far/runs" / run.name
    assert (mirrored / "train.log").read_bytes() == (run / "train.log").read_bytes()


def test_check_over_ssh(trusted):
    done = trusted.run("check", "far")
    assert f"{trusted.host.home}/.trajconsole" in done.stdout and "tmux" in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout


def test_a_trainer_that_is_not_there_is_one_clear_error(trusted):
    bare = trusted.folder / "bare-python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    trusted.write('[workers.t]\nhost = "far"\ntrainer = "persistence-attention"\n', 'code = "/nowhere"')
    trusted.config.write_text(trusted.config.read_text().replace(sys.executable, str(bare)))
    done = trusted.run("start", "t")
    assert done.returncode == 1 and "finds no trainer" in done.stdout and "code" in done.stdout, done.stdout


def test_a_trainer_configuration_of_the_laptop_is_used_on_the_host(trusted):
    (trusted.folder / "mine.toml").write_text('task = "persistence"\n[run]\nepochss = 1\n')
    trusted.write('[workers.t]\nhost = "far"\ntrainer = "mine.toml"\n', f'code = "{REPOSITORY}"')
    done = trusted.run("start", "t")
    assert done.returncode == 1 and "mine.toml" in done.stdout and "epochss" in done.stdout, done.stdout


def test_a_real_trainer_trains_over_ssh(trusted):
    small = (
        "data.train = 48, data.val = 16, data.test = 16, run.batch = 8, run.epochs = 1, run.log_every = 2, "
        "measure.erase = 8, model.width = 32, model.depth = 1"
    )
    worker = f'host = "far"\ntrainer = "persistence-attention"\nset = {{ {small} }}\n'
    trusted.write(f'[workers.t]\n{worker}env = {{ OMP_NUM_THREADS = "1" }}\n', f'code = "{REPOSITORY}"')
    done = trusted.run("start", "t", "--no-check")
    assert done.returncode == 0, done.stdout + done.stderr
    row = trusted.wait("t", lambda row: row["state"] != "planned" and not row["live"])
    assert row["state"] in ("finished", "criteria met"), row
    (run,) = (trusted.host.home / ".trajconsole/runs").iterdir()
    mirror = trusted.folder / "state/mirror/far/runs" / run.name
    for stream in ("metrics.jsonl", "train.log", "events.jsonl"):
        assert (mirror / stream).read_bytes() == (run / stream).read_bytes()


def test_the_trial_comes_first_over_ssh(trusted):
    small = (
        "data.train = 48, data.val = 16, data.test = 16, run.batch = 8, run.epochs = 1, run.log_every = 2, "
        "measure.erase = 8, model.width = 32, model.depth = 1"
    )
    worker = f'host = "far"\ntrainer = "persistence-attention"\nset = {{ {small} }}\n'
    trusted.write(f'[workers.t]\n{worker}env = {{ OMP_NUM_THREADS = "1" }}\n', f'code = "{REPOSITORY}"')
    done = trusted.run("start", "t", "--trial", "--no-check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "t: the trial went well in" in done.stdout and "an epoch of 48 samples" in done.stdout
    assert not list((trusted.host.home / ".trajconsole").glob(".trial-*"))
    trusted.wait("t", lambda row: row["state"] != "planned" and not row["live"])


def test_a_host_that_is_both_is_refused(trusted):
    trusted.config.write_text('[hosts.far]\nssh = "gpu1"\ntransport = "local"\n')
    done = trusted.run("status")
    assert done.returncode == 2 and "config.toml:1: hosts.far" in done.stderr and "remove one" in done.stderr
    trusted.config.write_text('[hosts.far]\nssh = "-oProxyCommand=x"\n')
    done = trusted.run("status")
    assert done.returncode == 2 and "write it as after ssh" in done.stderr
