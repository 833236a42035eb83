"""Findings on the run's own health: they appear when they are significant and go when they are over."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny_task
from tiny_runs import Tiny
from tiny_runs import environment as environment_of

from trainer.board import Board
from trainer.config import Run
from trainer.health import IDLE, ROOM, WAITS, Health, waiting
from trainer.record.status import Device, Finding, Status


def board() -> Board:
    return Board(lambda status: None, Status(state="training"))


def kinds(shown: Board) -> list[str]:
    return [finding.what for finding in shown.status.findings]


def test_waiting_for_data_is_told_with_what_it_costs() -> None:
    found = waiting(0.63, Run(prefetch=1))
    assert "63%" in found.proof and "2.7× faster" in found.proof and found.mend.startswith("stage the data")
    assert waiting(0.63, Run()).mend.startswith("set run.prefetch = 1")


def test_it_comes_when_it_is_significant_and_goes_when_it_is_over() -> None:
    shown = board()
    health = Health(shown, Run())
    health.observe(10, {"data_wait": 0.9}, None)
    assert kinds(shown) == []  # too early to tell
    health.observe(40, {"data_wait": 0.29}, None)
    assert kinds(shown) == []
    health.observe(50, {"data_wait": 0.6}, None)
    assert kinds(shown) == [WAITS] and "60%" in shown.status.findings[0].proof
    health.observe(60, {"data_wait": 0.64}, None)
    assert "60%" in shown.status.findings[0].proof
    health.observe(70, {"data_wait": 0.75}, None)
    assert "75%" in shown.status.findings[0].proof and kinds(shown) == [WAITS]
    health.observe(80, {"data_wait": 0.25}, None)
    assert kinds(shown) == [WAITS]
    health.observe(90, {"data_wait": 0.1}, None)
    assert kinds(shown) == []
    health.observe(95, {"data_wait": None}, None)


def test_memory_to_spare_on_a_gpu_is_told() -> None:
    shown = board()
    health = Health(shown, Run(batch=256))
    gpu = Device("cuda", "a GPU", 0, memory_used=5 << 30, memory_total=23 << 30)
    health.observe(40, {}, gpu)
    assert kinds(shown) == [ROOM] and "5.0 of 23.0 GiB" in shown.status.findings[0].proof
    health.observe(50, {}, Device("cuda", "a GPU", 0, memory_used=20 << 30, memory_total=23 << 30))
    assert kinds(shown) == []
    health.observe(60, {}, Device("cpu", "8 threads", None, memory_used=1, memory_total=100))
    assert kinds(shown) == []


def test_a_gpu_that_computes_only_part_of_the_time_is_told() -> None:
    shown = board()
    health = Health(shown, Run(batch=8))

    def look(busy: float | None, wait: float = 0.04, times: int = 12) -> None:
        for _ in range(times):
            health.observe(40, {"data_wait": wait}, Device("cuda", "a GPU", 0, 20 << 30, 23 << 30, busy))

    look(0.3, times=11)
    assert kinds(shown) == []  # a moment says little
    look(0.3, times=1)
    (found,) = shown.status.findings
    assert found.what == IDLE and "30% of the time with batch 8; only 4%" in found.proof and "run.compile" in found.mend
    look(0.7)
    assert kinds(shown) == [IDLE]
    look(0.9)
    assert kinds(shown) == []
    look(0.3, wait=0.6)
    assert kinds(shown) == [WAITS]  # that is why, and its mend is another
    look(None)


@pytest.mark.skipif(
    not (shutil.which("cc") or shutil.which("gcc")), reason="needs a C compiler for the driver's stand-in"
)
def test_the_driver_is_asked_how_busy_a_gpu_is(tmp_path: Path) -> None:
    """The library of tests/data/nvml in place of a driver's: GPU n is n × 10 % busy."""
    source = Path(__file__).parents[2] / "data" / "nvml" / "stub.c"
    compiler = shutil.which("cc") or "gcc"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "libnvidia-ml.so.1", source], check=True)
    state = tmp_path / "state"
    state.write_text("8 ok")
    script = """
import sys
from pathlib import Path
from trainer.utilisation import busy
print(busy("GPU-3"), busy("5"), busy("GPU-9"))
Path(sys.argv[1]).write_text("8 lost")
print(busy("GPU-6"))
"""
    environment = environment_of(LD_LIBRARY_PATH=str(tmp_path), NVML_STUB=str(state))
    done = subprocess.run([sys.executable, "-c", script, state], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["0.3", "0.5", "None", "None"], done.stderr


def test_what_the_task_tells_is_shown_until_it_tells_it_no_more() -> None:
    shown = board()
    health = Health(shown, Run())
    shown.find(Finding("disk full", "", ""))
    health.listen((Finding("damaged images", "1", "mend"),))
    health.listen((Finding("damaged images", "2", "mend"),))
    assert kinds(shown) == ["disk full", "damaged images"] and shown.status.findings[1].proof == "2"
    health.listen(())
    assert kinds(shown) == ["disk full"]


def test_a_run_with_slow_data_says_so_in_its_status(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tiny_task.TinyTask.batch

    def slow(self, *arguments: object) -> object:
        time.sleep(0.01)
        return real(self, *arguments)

    monkeypatch.setattr(tiny_task.TinyTask, "batch", slow)
    assert tiny.run("run.epochs=3", "run.batch=8", "run.log_every=5") == 0
    status = tiny.reader().status()
    assert status is not None and [item.what for item in status.findings] == [WAITS]
    assert tiny.reader().metrics()[-2]["data_wait"] > 0.3
