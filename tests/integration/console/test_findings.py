"""Every finding with evidence of the real fault, and silence of whoever does well: one fleet, all faults at once."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from console_house import House
from faulty_workers import ENDS, LIVING, table

from console import config as configuration
from console.engine import make_engine, open_engine
from console.fleet.cells import Advice, HostRow, WorkerRow
from console.fleet.findings.money import cost, cost_findings
from console.fleet.model import Fleet
from console.fleet.view import host_rows, worker_rows
from console.history import History
from console.hosts import Hosts
from console.pump import Pump

STUB = Path(__file__).parents[2] / "data" / "nvml" / "stub.c"


@pytest.fixture(autouse=True)
def _at_home(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process looks at the same root as the house's commands."""
    monkeypatch.setenv("TRAJCONSOLE_ROOT", str(house.root))


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that rules a GPU driver of our own, which the probes of this process see."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler to build the driver with")
    folder, state = tmp_path / "driver", tmp_path / "gpus"
    folder.mkdir()
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "libnvidia-ml.so.1", STUB], check=True)
    state.write_text("2 ok")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    monkeypatch.setenv("NVML_STUB", str(state))
    yield state


def rows(fleet: Fleet, later: float = 0.0) -> dict[str, WorkerRow]:
    """As of now, or as they would be if nothing more came for so long."""
    return {row.worker: row for row in worker_rows(fleet, time.time() + later)}


def machine(fleet: Fleet) -> HostRow:
    (row,) = host_rows(fleet, time.time())
    return row


def said(items: tuple[Advice, ...], what: str, mend: str = "") -> Advice | None:
    return next((item for item in items if item.what.startswith(what) and mend in item.mend and item.proof), None)


def loud(row: WorkerRow) -> list[str]:
    return [item.what for item in row.advice if item.level != "note"]


async def until(what: Callable[[], object], instead: Callable[[], object] = lambda: None) -> None:
    """Until it is true; `instead` says what there was when it never is."""
    end = time.monotonic() + 120
    while not what():
        assert time.monotonic() < end, f"never came: {instead()}"
        await asyncio.sleep(0.2)


def watching(house: House, look: Callable[[Callable[[], Fleet]], Awaitable[None]]) -> None:
    """Open the links in this process, and look."""

    async def watch() -> None:
        engine = make_engine(configuration.load(house.config), house.state)
        async with open_engine(engine):
            await look(lambda: engine.pump.fleet)

    asyncio.run(watch())


def test_every_fault_is_found_and_whoever_does_well_is_left_alone(house: House, driver: Path) -> None:
    """Thirteen faults and three that do well, started together, looked at through one link."""
    for name in ("coded", "same"):
        (house.folder / name).mkdir()
        (house.folder / name / "train.sh").write_text("echo mine; exec sleep 600\n")
    code = "".join(
        f'[workers.{name}]\nhost = "here"\ncommand = ["sh", "train.sh"]\ncode = "{name}"\n'
        for name in ("coded", "same")
    )
    never = house.worker("never", "exit 0\n")
    house.write(f'price = 1.90\ncurrency = "EUR"\n{table(house.folder)}{code}{never}')
    history = History(house.state)
    history.plan(str(house.config), [("never", "here")], time.time() - 9 * 3600)
    history.close()
    living = [*LIVING, "buffers", "flushes", "coded", "same"]
    done = house.run("start", *ENDS, *living)
    assert done.returncode == 0, done.stdout + done.stderr
    (house.folder / "coded" / "train.sh").write_text("echo changed since; exec sleep 600\n")

    async def look(fleet: Callable[[], Fleet]) -> None:
        await until(lambda: all(not rows(fleet())[name].state.live for name in ENDS))
        for name, (_program, what, mend) in ENDS.items():
            row = rows(fleet())[name]
            assert said(row.advice, what, mend), (name, row.state, row.advice, fleet().runs[row.key].log.lines[-20:])
        assert said(rows(fleet())["never"].advice, "planned 9 h ago, never started", "press s")

        async def found(name: str, what: str, mend: str, later: float = 0.0) -> None:
            await until(lambda: said(rows(fleet(), later)[name].advice, what, mend), lambda: rows(fleet(), later)[name])

        await found("diverges", "loss diverges", "learning rate")
        await found("explodes", "loss is not a number", "trajconsole stop")
        await found("hungry", "waiting for data", "local disk")
        await found("hangs", "no progress for", "“reading subjects” waits for something", later=400)
        assert rows(fleet(), 400)["hangs"].state.stalled_for is not None
        await found("buffers", "its log is silent: Python buffers it", "python -u", later=90)
        await found("coded", "its code is not what lies here now", "start coded")
        await until(lambda: fleet().runs[rows(fleet())["flushes"].key].log.end)

        calm = rows(fleet())
        assert [loud(calm[name]) for name in ("well", "loading", "flushes", "coded", "same")] == [[]] * 5
        assert said(rows(fleet(), 90)["flushes"].advice, "its log") is None
        assert said(calm["same"].advice, "its code") is None
        await the_host(fleet, driver)

    watching(house, look)
    stopped = house.run("kill", *living)
    assert stopped.returncode == 0, stopped.stdout


async def the_host(fleet: Callable[[], Fleet], driver: Path) -> None:
    """GPUs that are hot, lost, and roomy; money."""
    run = fleet().runs[rows(fleet())["well"].key]
    assert run.status is not None
    await until(lambda: len(machine(fleet()).gpus) == 2)
    assert machine(fleet()).gpu_error == "" and said(machine(fleet()).advice, "GPU") is None
    driver.write_text("2 hot")
    await until(lambda: said(machine(fleet()).advice, "GPU 0 is slowed down", "fans"))
    driver.write_text(f"2 ok {run.status.pid}")
    await until(lambda: said(rows(fleet(), 700)["well"].advice, "memory to spare", "larger batch"))
    assert said(rows(fleet(), 700)["hungry"].advice, "memory to spare") is None
    driver.write_text("2 onelost")
    await until(lambda: said(machine(fleet()).advice, "a GPU is lost", "gpu-reset"))

    found = machine(fleet()).cost
    assert found is not None and found.spent is not None and found.since is not None
    assert found.spent == pytest.approx(1.90 * (time.time() - found.since) / 3600, rel=0.01)
    assert found.idle_s is None and list(cost_findings(found)) == []  # workers run
    (host,) = fleet().hosts.values()
    assert host.telemetry is not None
    idle = replace(host, telemetry=replace(host.telemetry, cpu=0.01, gpus=()))  # other tests work on this machine
    ended = [run for run in fleet().runs.values() if run.worker in ENDS]
    last = max(float(run.exit["time"]) for run in ended if run.exit is not None)
    (item,) = cost_findings(cost(idle, ended, last + 7200))
    assert item.what.startswith("it is idle and has cost 3.8") and "1.90 EUR an hour" in item.proof
    assert list(cost_findings(cost(idle, ended, last + 300))) == []


def test_a_clock_that_is_wrong_is_told(house: House) -> None:
    """This machine's clock as host, and a console whose own is half a minute behind."""
    house.write("")
    config = configuration.load(house.config)

    async def look(behind: float) -> HostRow:
        hosts = Hosts(config)
        pump = Pump(config, house.state, hosts.transport, clock=lambda: time.time() - behind)
        await pump.start()
        try:
            await until(lambda: pump.fleet.hosts["here"].telemetry)
            (row,) = host_rows(pump.fleet, time.time() - behind)
            return row
        finally:
            await pump.stop()
            hosts.close()

    found = said(asyncio.run(look(31.0)).advice, "the clock is 31 s ahead of this machine's", "timedatectl")
    assert found is not None
    assert said(asyncio.run(look(0.0)).advice, "the clock") is None


SAVER = """
import json, os, sys, time
run = sys.argv[1]
os.makedirs(run + '/checkpoints')
for epoch in range(2, 100, 2):
    name = f'checkpoints/epoch-{epoch}.pt'
    with open(f'{run}/{name}', 'wb') as out: out.write(os.urandom(16 << 20))
    with open(f'{run}/events.jsonl', 'a') as out:
        out.write(json.dumps({'t': time.time(), 'event': 'checkpoint', 'epoch': epoch, 'bytes': 16 << 20}) + '\\n')
    while not os.path.exists(f'{run}/go-{epoch}'): time.sleep(0.05)
"""


def test_the_next_checkpoint_that_will_not_fit_is_told_before_it_is_written(house: House) -> None:
    """A real filesystem of 40 MiB, and a program that saves 16 MiB: two fit, the third would not."""
    house.root.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", house.root], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        program = house.folder / "saver.py"
        program.write_text(SAVER)
        house.write(f'[workers.saver]\nhost = "here"\ncommand = ["python3", "{program}", "{{run}}"]\n')
        done = house.run("start", "saver")
        assert done.returncode == 0, done.stdout + done.stderr
        folder = house.folder_of("saver")

        async def look(fleet: Callable[[], Fleet]) -> None:
            def events() -> int:
                return sum(len(run.events) for run in fleet().runs.values())

            def free() -> int:
                return next((disk.free for disk in machine(fleet()).disks if disk.mount == str(house.root)), 1 << 40)

            await until(lambda: events() == 1 and free() < 30 << 20)
            assert said(rows(fleet())["saver"].advice, "the next checkpoint") is None
            (folder / "go-2").touch()
            what = "the next checkpoint (16.0 MiB at epoch 6, in about"
            await until(lambda: said(rows(fleet())["saver"].advice, what, "free space on here"))
            assert rows(fleet())["saver"].state.live

        watching(house, look)
        assert any("will not fit" in item["what"] for item in house.row("saver")["advice"])
    finally:
        house.close()
        subprocess.run(["umount", "-l", house.root], capture_output=True, check=False)
