"""`trajconsole logs` as people use it: on files that grow, in pipes, and on real runs of this machine."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPO = Path(__file__).parents[3]
LOGS = [sys.executable, "-m", "console", "logs"]


def logs(*arguments: str, **more) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LOGS, *arguments], capture_output=True, text=True, cwd=REPO, timeout=60, **more)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("".join(f"12:{n // 60:02d}:{n % 60:02d} step {n}\n" for n in range(1800)))
    return path


def test_a_file_as_text(log):
    out = logs("--file", str(log)).stdout.splitlines()
    assert len(out) == 100 and out[-1] == "12:29:59 step 1799"
    assert logs("--file", str(log), "--tail", "0").stdout == log.read_text()
    assert logs("--file", str(log), "--since", "5m").stdout.splitlines()[0] == "12:24:59 step 1499"
    assert len(logs("--file", str(log), "-n", "0", "--grep", "STEP 17\\d\\d".lower()).stdout.splitlines()) == 100
    assert len(logs("--file", str(log), "-n", "0", "--grep", "step 1", "--invert").stdout.splitlines()) == 1800 - 911
    assert logs("--file", str(log), "-n", "1", "--grep", "step 9$").stdout == "12:00:09 step 9\n"


def test_two_files_are_merged(tmp_path):
    (tmp_path / "a").write_text("12:00:01 one\n12:00:03 three\n")
    (tmp_path / "bb").write_text("12:00:02 two\n")
    for name in ("a", "bb"):
        os.utime(tmp_path / name, (1767358800, 1767358800))
    out = logs("--file", str(tmp_path / "a"), "--file", str(tmp_path / "bb")).stdout
    assert out == "a   12:00:01 one\nbb  12:00:02 two\na   12:00:03 three\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--file", "/nowhere"], "No such file"),
        (["--file", "FILE", "--grep", "("], "not a regular expression"),
        (["--file", "FILE", "--since", "soon"], "30s, 5m, 2h or 1d"),
        ([], "names workers, or files"),
    ],
)
def test_what_is_wrong_is_said(log, arguments, says):
    done = logs(*(str(log) if word == "FILE" else word for word in arguments))
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_a_pipe_that_closes_ends_it_quietly(log):
    log.write_text(log.read_text() * 100)
    script = f'"{sys.executable}" -m console logs --file {log} -n 0 2>&1 | head -1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=REPO, timeout=60)
    assert done.stdout == "12:00:00 step 0\n141\n"


def test_following_a_file_that_grows_is_cut_and_ends_a_line_late(log):
    process = subprocess.Popen(
        [*LOGS, "--file", str(log), "-f", "-n", "1", "--grep", "step"], stdout=subprocess.PIPE, text=True, cwd=REPO
    )
    try:
        assert process.stdout.readline() == "12:29:59 step 1799\n"
        with log.open("a") as file:
            file.write("12:30:00 step 1800\nother\n12:30:01 st")
            file.flush()
            assert process.stdout.readline() == "12:30:00 step 1800\n"
            file.write("ep 1801\n")
            file.flush()
            assert process.stdout.readline() == "12:30:01 step 1801\n"
        log.write_text("12:31:00 step 0 again\n")
        assert process.stdout.readline() == "12:31:00 step 0 again\n"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_on_a_terminal_a_file_opens_on_the_screen(log):
    with log.open("a") as file:
        file.write("title \x1b]0;owned\x07 end\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(REPO)
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
        os.execv(sys.executable, [*LOGS, "--file", str(log)])
    seen = b""

    def until(wanted: bytes) -> None:
        nonlocal seen
        end = time.monotonic() + 60
        while wanted not in re.sub(rb"\x1b\[[0-?]*[ -/]*[@-~]", b"", seen):
            assert time.monotonic() < end, seen[-2000:]
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65536)

    try:
        until(b"line 1,801 of 1,801")
        seen = b""
        os.write(terminal, b"1")
        until(b"12:00:00 step 0")
        assert b"owned" not in seen
        os.write(terminal, b"q")
        end = time.monotonic() + 30
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            assert time.monotonic() < end
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    os.read(terminal, 65536)
                except OSError:
                    continue
        pid = 0
    finally:
        if pid:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        os.close(terminal)


def test_two_real_runs_are_followed_to_their_end_and_read_again_without_them(house):
    script = 'for n in 1 2 3 4 5; do echo "$(date +%T) {name} step $n"; sleep 0.3; done\n'
    house.write("".join(house.worker(name, script.replace("{name}", name)) for name in ("left", "right")))
    done = house.run("start", "left", "right")
    assert done.returncode == 0, done.stdout + done.stderr
    followed = house.run("logs", "left", "right", "-f", "-n", "0")
    assert followed.returncode == 0, followed.stderr
    lines = [line for line in followed.stdout.splitlines() if " step " in line]
    assert sorted(line.split(maxsplit=1)[0] for line in lines) == ["left"] * 5 + ["right"] * 5
    for name in ("left", "right"):
        assert [line[-1] for line in lines if line.startswith(name)] == list("12345")
    again = house.run("logs", "left", "right", "-n", "0", "--grep", "step [23]").stdout.splitlines()
    stamps = [line.split()[1] for line in again]
    assert len(again) == 4 and stamps == sorted(stamps)
    last = house.run("logs", "left", "--tail", "1", "--grep", "step").stdout
    assert last.endswith("left step 5\n") and not last.startswith("left")
    unknown = house.run("logs", "lefd")
    assert unknown.returncode == 2 and "left" in unknown.stderr
