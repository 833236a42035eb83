"""GPU figures through the real pynvml over a driver library that we have built: no GPU is needed, and it can break.

Without a C compiler the library cannot be built; then a module with pynvml's face answers the same questions.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import types
from contextlib import closing
from pathlib import Path

import pytest

from remote import bundle
from remote.probe.nvml import Nvml, Unavailable

SOURCE = Path(__file__).parents[1] / "data" / "nvml" / "stub.c"


@pytest.fixture
def library(tmp_path):
    """Environment of a probe on a host with the driver, and the file that rules it."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    state = tmp_path / "state"
    state.write_text("8 ok")
    if compiler is None:
        return None, state
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "libnvidia-ml.so.1", SOURCE], check=True)
    return {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "NVML_STUB": str(state)}, state


def figures(environment, root, harm):
    """Rows of a probe's heartbeat; `harm` is called after the first."""
    pipe = subprocess.PIPE
    with subprocess.Popen(bundle.argv(sys.executable), stdin=pipe, stdout=pipe, env=environment) as process:
        request = {"k": "watch", "root": str(root), "folders": [], "lease": 30, "heartbeat": 0.2}
        process.stdin.write(bundle.bundle() + json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        guard = threading.Timer(30, process.kill)
        guard.start()
        try:
            for line in process.stdout:
                row = json.loads(line)
                if row["k"] == "host":
                    harm()
                    yield row
        finally:
            guard.cancel()


def first(environment, root):
    """The GPUs of the first heartbeat that has any."""
    with closing(figures(environment, root, lambda: None)) as rows:
        return next(row["gpus"] for row in rows if row["gpus"])


def test_eight_gpus_with_what_this_driver_knows(library, tmp_path):
    environment, _ = library
    gpus = first(environment, tmp_path) if environment else fake().read()
    assert [gpu["index"] for gpu in gpus] == list(range(8))
    assert [gpu["utilisation"] for gpu in gpus[:3]] == [0.0, 0.1, 0.2]
    assert (gpus[3]["name"], gpus[3]["uuid"], gpus[3]["temperature"]) == ("Stub 80GB", "GPU-3", 43)
    assert (gpus[3]["memory_used"], gpus[3]["memory_total"]) == (4 << 30, 80 << 30)
    assert (gpus[3]["clock"], gpus[3]["memory_clock"], gpus[3]["slowed_by"]) == (1980, 2619, [])
    assert (gpus[0]["power"], gpus[1]["power"], gpus[0]["power_limit"]) == (250.5, None, None)
    (process,) = gpus[0]["processes"]
    assert process["memory"] == 1 << 30 and process["user"] and "python" in process["command"]


@pytest.mark.parametrize(("mode", "words"), [("lost", "GPU is lost"), ("hang", "has not answered for")])
def test_a_driver_that_breaks_is_named_and_the_figures_go_on(library, tmp_path, mode, words):
    environment, state = library
    if environment is None:
        broken = fake(lost=True)
        with pytest.raises(Unavailable, match="GPU is lost"):
            broken.read()
        return
    fake_tool = tmp_path / "nvidia-smi"  # a driver is there, says its tool
    fake_tool.write_text("#!/bin/sh\nexit 9\n")
    fake_tool.chmod(0o755)
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    times = []
    with closing(figures(environment, tmp_path, lambda: state.write_text(f"8 {mode}"))) as rows:
        for row in rows:
            times.append(row["mono"])
            if words in row["gpu_error"]:
                break
    assert words in row["gpu_error"]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 2.0


def started(environment, state, tmp_path, mode):
    if environment is None:
        pytest.skip("there is no C compiler to build the driver with")
    state.write_text(f"3 {mode}")
    with closing(figures(environment, tmp_path, lambda: None)) as rows:
        return next(row for row in rows if row["gpus"])


def test_one_lost_gpu_says_so_and_the_others_go_on(library, tmp_path):
    row = started(*library, tmp_path, "onelost")
    assert [gpu["error"] for gpu in row["gpus"]] == ["", "GPU is lost", ""]
    assert row["gpus"][2]["utilisation"] == 0.2 and row["gpus"][1]["utilisation"] is None
    assert row["gpu_error"] == "GPU 1: GPU is lost" and row["gpu_source"] == "nvml"


def test_instances_come_behind_the_gpu_that_they_are_of(library, tmp_path):
    gpus = started(*library, tmp_path, "split")["gpus"]
    assert [(gpu["index"], gpu["instance"]) for gpu in gpus] == [(0, None), (0, 0), (0, 1), (1, None), (2, None)]
    part = gpus[2]
    assert (part["utilisation"], part["memory_used"], part["uuid"]) == (None, 2 << 30, "GPU-1001")


def test_a_gpu_that_is_slowed_down_says_why(library, tmp_path):
    gpus = started(*library, tmp_path, "hot")["gpus"]
    assert [gpu["slowed_by"] for gpu in gpus] == [["power limit", "heat (hardware)"], [], []]


class FakeError(Exception):
    def __init__(self, value, text):
        super().__init__(text)
        self.value = value


def fake(lost=False):
    """A module with pynvml's face, over the same figures as the library."""

    def refuse(value, text):
        raise FakeError(value, text)

    def handle(index):
        return refuse(15, "GPU is lost") if lost else index

    names = ("EnforcedPowerLimit", "MigMode", "GraphicsRunningProcesses")
    module = types.SimpleNamespace(
        NVMLError=FakeError,
        NVML_ERROR_NOT_SUPPORTED=3,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 8,
        nvmlDeviceGetHandleByIndex=handle,
        nvmlDeviceGetName=lambda _: b"Stub 80GB",
        nvmlDeviceGetUUID=lambda index: f"GPU-{index}",
        nvmlDeviceGetUtilizationRates=lambda index: types.SimpleNamespace(gpu=10 * index),
        nvmlDeviceGetMemoryInfo=lambda index: types.SimpleNamespace(used=(index + 1) << 30, total=80 << 30),
        nvmlDeviceGetTemperature=lambda index, _: 40 + index,
        nvmlDeviceGetPowerUsage=lambda index: refuse(3, "not supported") if index == 1 else 250500,
        nvmlDeviceGetClockInfo=lambda _, kind: {1: 1980, 2: 2619}[kind],
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda _: 0x1,
        nvmlDeviceGetComputeRunningProcesses=lambda index: (
            [types.SimpleNamespace(pid=os.getpid(), usedGpuMemory=1 << 30)] if index == 0 else []
        ),
        **{f"nvmlDeviceGet{name}": lambda *_: refuse(3, "not supported") for name in names},
    )
    source = Nvml.__new__(Nvml)
    source._begin(module)
    return source


def test_the_module_and_the_library_say_the_same(library, tmp_path):
    environment, _ = library
    real = first(environment, tmp_path) if environment else fake().read()
    ours = fake().read()
    for gpu in (*real, *ours):
        gpu["processes"] = len(gpu["processes"])
    assert real == ours
