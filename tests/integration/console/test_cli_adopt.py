"""Work that was started by hand: seen like any other run, and never touched."""

import json
import os
import shlex
import subprocess
import time

import pytest

LINES = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"


@pytest.fixture
def foreign(house):
    """Somebody's own tmux server."""
    house.env["TMUX_TMPDIR"] = str(house.folder)
    tmux = ["tmux", "-L", "theirs", "-f", "/dev/null"]
    yield (
        lambda *words: subprocess.run([*tmux, *words], env=house.env, check=True, capture_output=True, text=True).stdout
    )
    subprocess.run([*tmux, "kill-server"], env=house.env, check=False, capture_output=True)


def test_a_nohup_process_is_seen_with_its_log_and_never_ended(house):
    house.write("")
    with (house.folder / "nohup.out").open("wb") as out:
        process = subprocess.Popen(["sh", "-c", LINES], stdout=out, stderr=out, start_new_session=True)
    try:
        done = house.run("adopt", "here", "--pid", str(process.pid), "--as", "old")
        assert done.returncode == 0 and f"adopted process {process.pid}" in done.stdout, done.stdout + done.stderr
        row = house.wait("old", lambda row: row["live"])
        assert f"process {process.pid} is alive" in row["evidence"]
        assert "line 3\n" in house.run("logs", "old").stdout
        again = house.run("adopt", "here", "--pid", str(process.pid), "--as", "other")
        assert again.returncode == 0 and "adopted already: old-" in again.stdout
        for command in ("stop", "kill"):
            refused = house.run(command, "old")
            assert refused.returncode == 1 and f"kill {process.pid}" in refused.stdout, refused.stdout
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    row = house.wait("old", lambda row: not row["live"])
    assert row["state"] == "vanished" and "nothing wrote down how it ended" in row["evidence"]
    resumed = house.run("resume", "old")
    assert resumed.returncode == 1 and "only looked at" in resumed.stdout


def test_a_foreign_session_is_listed_adopted_and_shown_read_only(house, foreign):
    house.write("")
    foreign("new-session", "-d", "-s", "night run", "-x", "80", "-y", "20", f"sh -c {shlex.quote(LINES)}")
    listed = json.loads(house.run("adopt", "here", "--json").stdout)["found"]
    assert [item["session"] for item in listed if item["session"]] == ["night run"]
    house.wait_for(lambda: "line 2" in foreign("capture-pane", "-p", "-t", "=night run:"))
    done = house.run("adopt", "here", "--session", "night run")
    assert done.returncode == 0 and "attach shows it" in done.stdout, done.stdout + done.stderr
    assert house.wait("night_run", lambda row: row["live"])["live"]
    assert "line 2" in house.run("logs", "night_run").stdout
    attach = house.run("attach", "night_run")
    assert attach.returncode == 2 and "attach-session -r -t '=night run'" in attach.stderr  # no terminal here
    foreign("kill-session", "-t", "=night run")
    house.wait("night_run", lambda row: not row["live"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pid", "4194999"], "there is no process 4194999"),
        (["--session", "nowhere"], "there is no tmux session 'nowhere'"),
        (["--pid", "1", "--as", "a b"], "cannot adopt as 'a b'"),
        (["--pid", "1", "--as", "known"], "is a worker of"),
        (["--pid", str(os.getpid()), "--log", "/no/such/file"], "there is no readable file /no/such/file"),
    ],
)
def test_what_cannot_be_adopted(house, words, said):
    house.write(house.worker("known", "exit 0\n"))
    done = house.run("adopt", "here", *words)
    assert done.returncode in (1, 2) and said in done.stdout + done.stderr
    assert not list(house.root.glob("runs/*"))


def test_a_run_of_our_own_is_not_offered(house):
    house.write(house.worker("mine", "exec sleep 30\n"))
    assert house.run("start", "mine", "--no-check").returncode == 0
    end = time.monotonic() + 20
    while not list(house.root.glob("runs/mine-*/launch.json")):
        assert time.monotonic() < end
    found = json.loads(house.run("adopt", "here", "--json").stdout)["found"]
    assert not any(item["session"] == "mine" or str(house.root) in item["command"] for item in found)
    assert house.run("kill", "mine").returncode == 0
