"""The contract between whoever trains and whoever watches, on files as they lie on a disk."""

import dataclasses
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from trainer.record import RunReader, status

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/data/run_v1"


def same(found: Any, wanted: Any) -> bool:
    """Equal, where NaN equals NaN."""
    return json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    value: dict[str, Any] = json.loads((GOLDEN / "expected.json").read_text())
    return value


@pytest.mark.parametrize("part", ["metrics", "events", "config", "damaged_lines"])
def test_the_golden_run_reads_as_it_always_has(expected: dict[str, Any], part: str) -> None:
    assert same(getattr(RunReader(GOLDEN), part)(), expected[part])


@pytest.mark.parametrize("name", ["launch", "exit", "results"])
def test_its_documents_read_as_they_always_have(expected: dict[str, Any], name: str) -> None:
    assert same(RunReader(GOLDEN).document(f"{name}.json"), expected[name])


def test_its_status_reads_as_it_always_has(expected: dict[str, Any]) -> None:
    found = RunReader(GOLDEN).status()
    assert found is not None and same(found.to_json(), expected["status"])
    assert math.isnan(found.metrics["consistency"]) and found.metrics["attention_ratio"] == math.inf
    assert found.extra == {"from_the_future": {"kept": True}}


def test_its_superseded_and_torn_rows_do_not_count() -> None:
    rows = RunReader(GOLDEN).metrics()
    assert [(row["phase"], row["step"]) for row in rows] == [("val", 0), ("train", 500), ("train", 750), ("val", 1000)]
    assert rows[2]["loss"] == 0.625
    assert RunReader(GOLDEN).damaged_lines() == 1


def shell_worker() -> str:
    """The worker that docs/run-directory.md shows."""
    found = re.search(r"```sh\n(.*?)```", (ROOT / "docs/run-directory.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_a_worker_of_ten_lines_of_shell_is_a_worker(tmp_path: Path) -> None:
    lines = [line for line in shell_worker().splitlines() if not line.startswith("#")]
    assert len(lines) <= 11
    run = tmp_path / "shell"
    subprocess.run(["sh", "-c", shell_worker(), "sh", str(run)], check=True, timeout=60)
    reader = RunReader(run)
    found = reader.status()
    assert found is not None
    assert (found.state, found.step, found.steps, found.reason) == ("finished", 20, 20, "20 steps are done")
    assert found.state in status.STATES
    rows = reader.metrics()
    assert [row["step"] for row in rows] == list(range(1, 21))
    assert rows[0]["loss"] == 0.98 and rows[-1]["phase"] == "train"
    assert reader.damaged_lines() == 0


def test_the_shell_worker_says_who_it_is_while_it_works_and_heeds_the_stop_file(tmp_path: Path) -> None:
    run = tmp_path / "shell"
    endless = shell_worker().replace("steps=20", "steps=200000")
    process = subprocess.Popen(["sh", "-c", endless, "sh", str(run)])
    try:
        ends = time.monotonic() + 30
        found = None
        while found is None and time.monotonic() < ends:
            found = RunReader(run).status()
        assert found is not None and (found.state, found.pid) == ("training", process.pid)
        stat = Path(f"/proc/{process.pid}/stat").read_text()
        assert found.pid_start == int(stat.rpartition(")")[2].split()[19])
        (run / "stop").touch()
        assert process.wait(timeout=30) == 0
        last = RunReader(run).status()
        assert last is not None and last.state == "finished" and (last.step or 0) < 200000
    finally:
        process.kill()
        process.wait()


def test_the_reading_half_brings_neither_torch_nor_numpy() -> None:
    code = "import sys, trainer.record, trainer.schema; print(*sorted(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"torch", "numpy", "matplotlib", "asyncio", "textual", "paramiko", "subprocess"}


def test_docs_name_every_key_of_the_status_and_every_state() -> None:
    text = (ROOT / "docs/run-directory.md").read_text()
    for name in {item.name for item in dataclasses.fields(status.Status)} - {"extra"}:
        assert f"`{name}`" in text, name
    for state in status.STATES:
        assert f"`{state}`" in text, state
