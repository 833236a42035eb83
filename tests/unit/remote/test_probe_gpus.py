"""GPU figures: every tool's odd answers, and drivers that are broken or hang."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.probe import amd_smi, gpus, nvidia_smi, nvidia_xml, rocm_smi, tools
from remote.probe.gpu_row import gpu_row, slowed_by_mask
from remote.probe.gpus import Gpus, GpuSampler, Seen
from remote.probe.nvml import Unavailable
from remote.probe.values import number, share, size

DATA = Path(__file__).parents[2] / "data" / "gpu"


def read(name):
    return (DATA / name).read_text()


def test_nvidia_smi_by_the_names_in_the_header():
    first, second = nvidia_smi.parse_gpus(read("nvidia_smi_full.csv"))
    assert first == gpu_row(
        0,
        "NVIDIA Example 80GB",
        uuid="GPU-aaaaaaaa-0000-0000-0000-000000000000",
        utilisation=0.97,
        memory_used=40000 * 2**20,
        memory_total=81559 * 2**20,
        temperature=61.0,
        power=512.25,
        power_limit=700.0,
        clock=1755.0,
        memory_clock=2619.0,
        slowed_by=["power limit", "heat"],
    )
    assert (second["clock"], second["slowed_by"]) == (None, [])
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
    assert (first["clock"], first["memory_clock"], second["clock"]) == (300.0, 1200.0, None)
    assert (second["index"], second["name"], second["uuid"], second["utilisation"]) == (10, "AMD GPU", "", None)


def test_amd_smi_of_version_6():
    first, second = amd_smi.parse_gpus(read("amd_smi_6.json"), read("amd_smi_static.json"))
    assert (first["name"], first["uuid"], first["utilisation"]) == ("Example MI300", "0xABCD", 0.71)
    assert (first["temperature"], first["power"], first["power_limit"]) == (58.0, 205.0, 750.0)
    assert (first["memory_used"], first["memory_total"]) == (1024 * 2**20, 196592 * 2**20)
    assert (first["clock"], first["memory_clock"], first["slowed_by"]) == (2100.0, 900.0, ["heat"])
    assert (second["name"], second["utilisation"], second["memory_used"]) == ("AMD GPU", None, None)


def test_amd_smi_names_the_processes():
    gpus_ = amd_smi.parse_gpus(read("amd_smi_6.json"), "", read("amd_smi_process.json"))
    assert [gpu["processes"] for gpu in gpus_] == [
        [{"pid": 2147480003, "memory": 12 * 2**30, "command": "python3"}],
        [],
    ]


def test_rocm_smi_names_the_processes_of_a_host_with_one_gpu():
    (only,) = rocm_smi.parse_gpus(read("rocm_smi_one.json"))
    assert only["processes"] == [{"pid": 2147480004, "memory": 8 * 2**30, "command": "python"}]
    assert all(not gpu["processes"] for gpu in rocm_smi.parse_gpus(read("rocm_smi.json")))


def test_a_split_gpu_in_xml_with_its_instances_and_who_is_in_them():
    whole, first, second, other = nvidia_xml.parse_gpus(read("nvidia_smi_split.xml"))
    assert (whole["index"], whole["instance"], whole["utilisation"], whole["power"]) == (0, None, None, 66.92)
    assert (whole["clock"], whole["memory_clock"], whole["slowed_by"]) == (1410.0, 1215.0, ["heat"])
    assert [(gpu["index"], gpu["instance"], gpu["memory_total"]) for gpu in (first, second)] == [
        (0, 0, 19968 * 2**20),
        (0, 1, 9856 * 2**20),
    ]
    assert first["processes"] == [{"pid": 2147480005, "memory": 2296 * 2**20, "command": "python"}]
    assert second["processes"] == [] and len(whole["processes"]) == 1
    assert (other["index"], other["name"], other["utilisation"]) == (1, "NVIDIA Example 40GB", 0.55)


def test_entities_are_not_read():
    text = '<!DOCTYPE a [<!ENTITY b "c">]><nvidia_smi_log><gpu><product_name>&b;</product_name></gpu></nvidia_smi_log>'
    assert nvidia_xml.parse_gpus(text) == []


@given(st.integers(0, 2**64 - 1))
def test_any_mask_of_reasons_is_words(bits):
    words = slowed_by_mask(bits)
    assert len(words) == bin(bits & 0xEC).count("1") and slowed_by_mask(None) == []


def test_amd_smi_of_version_7_with_prose_before_it():
    (only,) = amd_smi.parse_gpus(read("amd_smi_7.txt"))
    assert (only["utilisation"], only["memory_used"], only["memory_total"]) == (1.0, 512 * 2**20, 64 * 2**30)


@given(st.text() | st.sampled_from(sorted(path.name for path in DATA.iterdir())).map(read), st.data())
def test_any_text_is_read_calmly(text, data):
    cut = data.draw(st.integers(0, len(text)))
    text = text[:cut] + data.draw(st.text(max_size=5)) + text[cut:]
    nvidia_smi.parse_gpus(text)
    nvidia_smi.parse_processes(text)
    nvidia_smi.is_split(text)
    nvidia_xml.parse_gpus(text)
    rocm_smi.parse_gpus(text)
    amd_smi.parse_gpus(text, text, text)


TEXTS = st.sampled_from(["N/A", "python, 1, 5, 0", "PID12", "ACTIVE", "(300Mhz)", "0x44", ""]) | st.text(max_size=6)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
KEYS = st.sampled_from(
    [
        "gpu",
        "usage",
        "clock",
        "gfx_0",
        "clk",
        "throttle",
        "card0",
        "system",
        "process_list",
        "process_info",
        "pid",
        "asic",
    ]
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXTS, inner, max_size=4)
)


@given(JSON, JSON)
def test_json_of_any_shape_is_read_calmly(first, second):
    for gpu in amd_smi.parse_gpus(
        json.dumps([first, {"gpu": 0, **table(second)}]), json.dumps(second), json.dumps(first)
    ):
        assert gpu.keys() == gpu_row(0, "").keys()
    for gpu in rocm_smi.parse_gpus(json.dumps({"card0": table(first), "system": second})):
        assert gpu.keys() == gpu_row(0, "").keys()


def table(value):
    return value if isinstance(value, dict) else {}


CELLS = st.sampled_from(["[N/A]", "0x0000000000000044", "12 MiB", "99 %", "Enabled", "[Unknown Error]", "7", ""])


@given(st.lists(st.lists(CELLS | st.text(max_size=5), min_size=10, max_size=10), max_size=4))
def test_a_table_with_any_cells_is_rows(rows):
    header = ", ".join(nvidia_smi.QUERIES[0][:10])
    lines = [", ".join(cell.replace(",", "").replace("\n", "").replace("\r", "") for cell in row) for row in rows]
    found = nvidia_smi.parse_gpus("\n".join([header, *lines]))
    assert all(gpu.keys() == gpu_row(0, "").keys() for gpu in found) and len(found) <= len(rows)


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
          *mig.mode*|*power.draw*) echo 'Field "power.draw" is not a valid field to query.'; exit 2 ;;
          --query-gpu*) echo 'index, name, uuid'; echo '0, Old GPU, GPU-1' ;;
          *) echo 'gpu_uuid, pid, process_name, used_gpu_memory [MiB]'; echo 'GPU-1, 1, init, 5 MiB' ;;
        esac
        """,
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    source = nvidia_smi.NvidiaSmi()
    (gpu,) = source.read()
    assert (gpu["name"], gpu["power"], gpu["processes"][0]["memory"]) == ("Old GPU", None, 5 * 2**20)
    assert source._queries[0] == nvidia_smi.QUERIES[4]


def test_a_split_gpu_makes_it_ask_for_xml(tmp_path, monkeypatch):
    fake_tool(
        tmp_path,
        "nvidia-smi",
        f"""case $1 in
          -q) cat {DATA}/nvidia_smi_split.xml ;;
          *) echo 'index, name, uuid, mig.mode.current'; echo '0, NVIDIA Example 40GB, GPU-1, Enabled' ;;
        esac
        """,
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = nvidia_smi.NvidiaSmi().read()
    assert [gpu["instance"] for gpu in found] == [None, 0, 1, None]
    assert found[1]["processes"][0]["user"] == ""  # no such process here


def test_no_devices_is_an_error_though_the_tool_ends_well(tmp_path, monkeypatch):
    fake_tool(tmp_path, "nvidia-smi", "echo 'No devices were found'\n")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(tools.ToolFailed, match="No devices were found"):
        nvidia_smi.NvidiaSmi().read()


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
