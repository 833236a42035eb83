"""A trainer on a host, the console killed with -9, the network cut, another console: nothing is lost, nobody dead."""

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest
from machine import REPOSITORY
from test_faults import everything_arrived
from wire import DROP

# The shipped trainer, small: about three epochs a second; criteria that are never met.
SMALL = (
    "data.train = 96, data.val = 32, data.test = 32, run.batch = 8, run.log_every = 4, stop.every = 1, "
    "measure.erase = 8, model.width = 32, model.depth = 1, "
    'stop.all = ["val_accuracy >= 0.999", "attention_ratio >= 1e9"]'
)
STEPS = 12  # of an epoch


def trainer_worker(laptop, epochs):
    with laptop.config.open("a") as file:
        file.write('[workers.t]\nhost = "one"\ntrainer = "persistence-attention"\n')
        file.write(f"set = {{ {SMALL}, run.epochs = {epochs} }}\n")


DEAD = {"failed", "killed", "stopped", "out of memory", "vanished"}


def console(laptop, *words):
    argv = [sys.executable, "-m", "console", "--config", str(laptop.config), "--state", str(laptop.state), *words]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)


async def cut_off(bed, laptop, minute, epochs):
    host = bed.machine("one")
    laptop.host("one", more=f'code = "{REPOSITORY}"')
    trainer_worker(laptop, epochs)
    start = console(laptop, "start", "t", "--no-check")
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
        assert not second.states & DEAD, (second.rows(), second.pump.mirrored_log(key))
        await second.until(lambda: not second.rows()[0].state.live, 120)
        assert second.rows()[0].state.name == "finished"
        run = second.fleet.runs[key]
        steps = [json.loads(line)["step"] for line in (second.mirrored(key) / "metrics.jsonl").read_text().splitlines()]
        assert run.status.epoch == epochs and max(steps) == epochs * STEPS and steps == sorted(steps)
        await everything_arrived(second, {"one": host})


async def test_a_run_goes_on_without_laptop_and_network(bed, laptop):
    await cut_off(bed, laptop, minute=4, epochs=8)


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_a_run_goes_on_for_a_minute_without_laptop_and_network(bed, laptop):
    await cut_off(bed, laptop, minute=60, epochs=300)
