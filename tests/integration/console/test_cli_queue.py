"""The queue through the console: configured, started in order, shown while it waits, stopped, resumed."""

import shutil
import subprocess
from pathlib import Path

import pytest

STUB = Path(__file__).parents[2] / "data" / "nvml" / "stub.c"


def test_workers_wait_for_each_other_and_say_so(house):
    first = house.worker("first", f"until [ -e {house.folder}/go ]; do sleep 0.1; done\n")
    then = house.worker("then", "echo here I am\n") + 'after = ["first"]\n'
    broken = house.worker("broken", "exit 3\n")
    never = house.worker("never", "echo no\n") + 'after = ["broken"]\n'
    no_gpu = house.worker("greedy", "echo no\n") + "gpus = 64\n"
    house.write(first + then + broken + never + no_gpu)
    done = house.run("start", "then", "first", "broken", "never", "greedy")
    assert done.returncode == 0 and "then: queued on here" in done.stdout.replace("  ", " "), done.stdout

    row = house.wait("then", lambda row: row["state"] == "queued")
    assert row["detail"] == "waits for first to end"
    assert house.run("stop", "then").returncode == 0
    assert house.row("then")["state"] == "stopped"
    assert house.run("resume", "then").returncode == 0  # it waits again
    house.wait("then", lambda row: row["state"] == "queued")
    (house.folder / "go").touch()
    house.wait("then", lambda row: row["state"] == "finished")
    assert "here I am" in (house.folder_of("then") / "train.log").read_text()

    row = house.wait("never", lambda row: row["state"] == "failed")
    assert row["detail"] == "it was to begin after broken ended otherwise: exit code 3"
    row = house.wait("greedy", lambda row: row["state"] == "failed")
    assert "it wants 64 GPUs, and this host has" in row["detail"]


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler for the driver's stand-in")
def test_the_check_before_a_start_takes_no_gpu_from_anybody(house):
    subprocess.run(["cc", "-shared", "-fPIC", "-o", house.folder / "libnvidia-ml.so.1", STUB], check=True)
    (house.folder / "driver").write_text("1 ok")
    about = f'gpus = 1\nenv = {{ LD_LIBRARY_PATH = "{house.folder}", NVML_STUB = "{house.folder}/driver" }}\n'
    hold = f"open('{house.folder}/held', 'w'); import time; time.sleep(1000)"
    holder = f'[workers.holder]\nhost = "here"\ncommand = ["{{python}}", "-c", "{hold}"]\n{about}'
    trainer = '[workers.trains]\nhost = "here"\ntrainer = "persistence-attention"\n'
    house.write(holder + trainer + about)
    assert house.run("start", "holder").returncode == 0
    house.wait_for((house.folder / "held").exists, 60)
    done = house.run("start", "trains")
    assert "trains: not checked: waits for 1 GPU: 0 of 1 GPUs free" in " ".join(done.stdout.split()), done.stdout
    assert done.returncode == 0 and house.run("stop", "trains").returncode == 0
