"""GPU figures: every tool's odd answers, and drivers that are broken or hang."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.probe import amd_smi, gpus, nvidia_smi, rocm_smi, tools
from remote.probe.gpus import Gpus, GpuSampler, Seen
from remote.probe.nvml import Unavailable
from remote.probe.values import number, share, size

DATA = Path(__file__).parents[2] / "data" / "gpu"


def read(name):
    return (DATA / name).read_text()


def test_nvidia_smi_by_the_names_in_the_header():
    first, second = nvidia_smi.parse_gpus(read("nvidia_smi_full.csv"))
    assert first == {
        "index": 0,
        "name": "NVIDIA Example 80GB",
        "uuid": "GPU-aaaaaaaa-0000-0000-0000-000000000000",
        "utilisation": 0.97,
        "memory_used": 40000 * 2**20,
        "memory_total": 81559 * 2**20,
        "temperature": 61.0,
        "power": 512.25,
        "power_limit": 700.0,
        "processes": [],
    }
    assert (second["index"], second["memory_used"]) == (1, 59 * 2**20)
    assert [second[key] for key in ("utilisation", "temperature", "power", "power_limit")] == [None] * 4


def test_nvidia_smi_processes_by_gpu():
    found = nvidia_smi.parse_processes(read("nvidia_smi_apps.csv"))
    assert found == {
        "GPU-aaaaaaaa-0000-0000-0000-000000000000": [
            {"pid": 2147480001, "memory": 39000 * 2**20, "command": "python"},
            {"pid": 2147480002, "memory": None, "command": "/usr/bin/other"},
        ]
    }


def test_rocm_smi_with_drifting_names():
    first, second = rocm_smi.parse_gpus(read("rocm_smi.json"))
    assert (first["index"], first["name"], first["uuid"]) == (0, "Example MI", "0x1234")
    assert (first["temperature"], first["power"], first["power_limit"]) == (47.0, 88.0, 290.0)
    assert (first["utilisation"], first["memory_used"], first["memory_total"]) == (0.12, 6782976, 34342961152)
    assert (second["index"], second["name"], second["uuid"], second["utilisation"]) == (10, "AMD GPU", "", None)


def test_amd_smi_of_version_6():
    first, second = amd_smi.parse_gpus(read("amd_smi_6.json"), read("amd_smi_static.json"))
    assert (first["name"], first["uuid"], first["utilisation"]) == ("Example MI300", "0xABCD", 0.71)
    assert (first["temperature"], first["power"], first["power_limit"]) == (58.0, 205.0, 750.0)
    assert (first["memory_used"], first["memory_total"]) == (1024 * 2**20, 196592 * 2**20)
    assert (second["name"], second["utilisation"], second["memory_used"]) == ("AMD GPU", None, None)


def test_amd_smi_of_version_7_with_prose_before_it():
    (only,) = amd_smi.parse_gpus(read("amd_smi_7.txt"))
    assert (only["utilisation"], only["memory_used"], only["memory_total"]) == (1.0, 512 * 2**20, 64 * 2**30)


@given(st.text() | st.sampled_from(sorted(path.name for path in DATA.iterdir())).map(read), st.data())
def test_any_text_is_read_calmly(text, data):
    cut = data.draw(st.integers(0, len(text)))
    text = text[:cut] + data.draw(st.text(max_size=5)) + text[cut:]
    nvidia_smi.parse_gpus(text)
    nvidia_smi.parse_processes(text)
    rocm_smi.parse_gpus(text)
    amd_smi.parse_gpus(text, text)


@pytest.mark.parametrize(
    "cell",
    ["[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "", "N/A (Secondary die)", "Deprecated", None, True],
)
def test_cells_that_are_no_value(cell):
    assert number(cell) is None and size(cell, "MiB") is None and share(cell) is None


def test_cells_that_are():
    assert (number("39.32 W"), number({"value": 5}), number(" 7 "), share("45 %")) == (39.32, 5.0, 7.0, 0.45)
    assert (size("10 MiB", "B"), size("3", "MiB"), size({"value": 2, "unit": "GB"}, "MB")) == (
        10 * 2**20,
        3 * 2**20,
        2**31,
    )
    assert share("255") is None


class Works:
    name, every = "nvidia-smi", 0.0

    def read(self):
        return [{"index": 0}]


class Broken:
    name, every = "nvml", 0.0

    def __init__(self):
        raise Unavailable("Driver/library version mismatch")


def test_the_first_source_that_answers_is_kept(monkeypatch):
    monkeypatch.setattr(gpus.shutil, "which", lambda name: name)
    made = []

    class Counted(Works):
        def __init__(self):
            made.append(1)

    found = Gpus((Broken, Counted))
    assert found.read() == Seen("nvidia-smi", [{"index": 0}], "")
    found._again_at = 0.0
    found.read()
    assert len(made) == 1


def test_a_broken_driver_is_named(monkeypatch):
    monkeypatch.setattr(gpus.shutil, "which", lambda name: name if name == "nvidia-smi" else None)

    class Fails(Works):
        def read(self):
            raise tools.ToolFailed("nvidia-smi ended with 9: couldn't communicate with the driver")

    seen = Gpus((Broken, Fails)).read()
    assert (seen.source, seen.gpus) == ("none", [])
    assert "version mismatch" in seen.error and "ended with 9" in seen.error


def test_a_host_without_gpus_has_no_error(monkeypatch):
    monkeypatch.setattr(gpus.shutil, "which", lambda name: None)
    assert Gpus((Broken, Works)).read() == Seen("none", [], "")


def test_a_driver_that_hangs_is_said_and_waited_for_by_nobody(monkeypatch):
    monkeypatch.setattr(gpus, "PATIENCE", 0.0)
    release = threading.Event()

    class Hangs:
        def read(self):
            release.wait(30)
            return Seen("nvml", [], "")

    sampler = GpuSampler(Hangs())
    seen = sampler.read()
    release.set()
    assert "has not answered" in seen.error


def fake_tool(folder, name, text):
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def test_an_unknown_field_makes_it_ask_for_less(tmp_path, monkeypatch):
    fake_tool(
        tmp_path,
        "nvidia-smi",
        """case $1 in
          *power.draw*) echo 'Field "power.draw" is not a valid field to query.'; exit 2 ;;
          --query-gpu*) echo 'index, name, uuid'; echo '0, Old GPU, GPU-1' ;;
          *) echo 'gpu_uuid, pid, process_name, used_gpu_memory [MiB]'; echo 'GPU-1, 1, init, 5 MiB' ;;
        esac
        """,
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    source = nvidia_smi.NvidiaSmi()
    (gpu,) = source.read()
    assert (gpu["name"], gpu["power"], gpu["processes"][0]["memory"]) == ("Old GPU", None, 5 * 2**20)
    assert len(source._queries) == len(nvidia_smi.QUERIES) - 1


def test_a_tool_that_hangs_is_ended_and_named(tmp_path, monkeypatch):
    fake_tool(tmp_path, "rocm-smi", "exec sleep 1000\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(tools.ToolFailed, match="rocm-smi has not answered"):
        tools.ask(["rocm-smi"], patience=0.2)
    assert tools._running == []


def test_a_tool_that_speaks_of_its_trouble_on_stdout(tmp_path, monkeypatch):
    fake_tool(tmp_path, "nvidia-smi", "echo; echo 'NVIDIA-SMI has failed'; exit 9\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(tools.ToolFailed, match="nvidia-smi ended with 9: NVIDIA-SMI has failed"):
        nvidia_smi.NvidiaSmi().read()
