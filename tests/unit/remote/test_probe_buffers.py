"""Which Python keeps its output back: by its words and its environment, and a real one by its /proc."""

import subprocess
import sys
import time

import pytest

from remote.probe.processes import buffers, keeps_back

BUFFERS = (
    "python3 train.py",
    "/opt/py/bin/python3.11 -B train.py -u",
    "python -c u=1",
    "pypy3 -X u t.py",
    "python -m unit",
    "python3 -W u t.py",
)
NOT = ("python3 -u train.py", "python -Bu t.py", "python3 -X dev -u t.py", "sh train.sh", "pythonista", "")


@pytest.mark.parametrize("argv", BUFFERS, ids=range(len(BUFFERS)))
def test_a_python_that_buffers(argv):
    argv = argv.split(" ")
    assert buffers(argv, "HOME=/x\0PYTHONUNBUFFERED=\0")
    assert not buffers(argv, "PYTHONUNBUFFERED=1\0HOME=/x")
    assert not buffers(argv, None)


@pytest.mark.parametrize("argv", NOT, ids=range(len(NOT)))
def test_a_program_that_does_not(argv):
    assert not buffers(argv.split(" "), "HOME=/x")


def test_a_real_one_below_a_shell(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    script = tmp_path / "t.py"
    script.write_text("import time; print(1); time.sleep(60)")
    argv = ["sh", "-c", f"{sys.executable} {script} & wait"]
    for into, expected in ((tmp_path / "log", True), ("/dev/null", False)):
        with open(into, "wb") as out, subprocess.Popen(argv, stdout=out, start_new_session=True) as process:
            try:
                end = time.monotonic() + 20
                while not (found := keeps_back(process.pid)) and expected and time.monotonic() < end:
                    time.sleep(0.05)
                assert bool(found) == expected and (not expected or str(script) in found)
            finally:
                subprocess.run(["kill", "-9", "--", f"-{process.pid}"], check=False)
