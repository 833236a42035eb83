"""A trainer on a host, the console killed with -9, the network cut, another console: nothing is lost, nobody was dead."""

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest
from machine import REPOSITORY
from test_faults import LIVE, everything_arrived
from wire import DROP

TRAINING = """
task = "tiny"
[run]
epochs = {epochs}
batch = 8
log_every = 2
device = "cpu"
threads = 1
[loss]
step_s = 0.05
"""


def trainer_worker(laptop, host, epochs):
    """The real trainer with the tiny task; its configuration lies on the host."""
    (host.home / "tiny.toml").write_text(TRAINING.format(epochs=epochs))
    argv = [
        sys.executable,
        str(REPOSITORY / "tests/data/tiny_trainer.py"),
        "run",
        "/root/tiny.toml",
        "--run-dir",
        "{run}",
    ]
    with laptop.config.open("a") as file:
        file.write(f'[workers.t]\nhost = "one"\ncommand = {json.dumps(argv)}\n')
        file.write(f'env = {{ PYTHONPATH = "{REPOSITORY}", OMP_NUM_THREADS = "1" }}\n')


def console(laptop, *words):
    argv = [sys.executable, "-m", "console", "--config", str(laptop.config), "--state", str(laptop.state), *words]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)


async def cut_off(bed, laptop, minute, epochs):
    host = bed.machine("one")
    laptop.host("one")
    trainer_worker(laptop, host, epochs)
    start = console(laptop, "start", "t")
    said, _ = await asyncio.to_thread(start.communicate)
    assert start.returncode == 0, said
    first = console(laptop, "logs", "t", "-f", "-n", "1")
    try:
        assert await asyncio.to_thread(first.stdout.readline)
    finally:
        first.kill()
        first.communicate()
    host.wire.refuse(DROP)
    cut = time.monotonic()
    async with laptop.open() as second:
        (key,) = second.fleet.runs  # what the first console had is shown at once
        await second.until(lambda: "unreachable" in second.phases("one"))
        (row,) = second.rows()
        assert row.state.live and row.state.unreachable_for is not None
        await asyncio.sleep(max(0.0, cut + minute - time.monotonic()))
        host.wire.mend()
        await second.until(lambda: second.fleet.hosts["one"].synced)
        assert second.states <= LIVE | {"preparing", "validating"}, "it was shown as dead"
        await second.until(lambda: not second.rows()[0].state.live, 120)
        assert second.rows()[0].state.name == "finished"
        run = second.fleet.runs[key]
        steps = [json.loads(line)["step"] for line in (second.mirrored(key) / "metrics.jsonl").read_text().splitlines()]
        assert run.status.epoch == epochs and max(steps) == epochs * 15 and steps == sorted(steps)
        await everything_arrived(second, {"one": host})


async def test_a_run_goes_on_without_laptop_and_network(bed, laptop):
    await cut_off(bed, laptop, minute=6, epochs=20)


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_a_run_goes_on_for_a_minute_without_laptop_and_network(bed, laptop):
    await cut_off(bed, laptop, minute=60, epochs=100)
