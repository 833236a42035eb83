"""What a host's facts come to: advice with proof and mend, and silence where nothing is wrong."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.document import status_document
from console.fleet.drivers import trouble
from console.fleet.findings.machine import host_advice
from console.fleet.fold import fold, fold_host
from console.fleet.model import Fleet, Host
from console.fleet.view import host_rows, worker_rows
from console.frame import host_lines
from remote.events import Block, Cache, Chunk, Disk, Document, Facts, Gpu, GpuProcess, Hello, LinkState, Telemetry

GIB = 2**30
NOW = 1_000_000.0
CACHES = (
    Cache("pip", "/home/me/.cache/pip", 3 * GIB, True, "python3 -m pip cache purge"),
    Cache("torch hub", "/home/me/.cache/torch/hub", 5 * GIB, False, "rm -rf -- /home/me/.cache/torch/hub"),
    Cache("uv", "/home/me/.cache/uv", 4096, True, "uv cache clean"),
)
GROWN = (
    Block("sda", "/dev/sda", "disk", 500 * GIB),
    Block("sda1", "/dev/sda1", "partition", 100 * GIB, 2**20, 1, ("sda",), "gpt", "/", "ext4", 98 * GIB, 6_000_000),
)


def figures(seq=0, *, time=NOW, used=10 * GIB, gpus=(), gpu_error="", mono=None):
    disk = Disk("/", "/dev/sda1", "ext4", 100 * GIB, used, 100 * GIB - used, 1_000_000)
    at = 5.0 + 5 * seq if mono is None else mono
    return Telemetry(seq, time, at, 0.1, 0.1, GIB, 8 * GIB, (disk,), tuple(gpus), "nvml", gpu_error)


def hello(boot="b1", boot_time=NOW - 90_000.0):
    return Hello(1, "h", boot, boot_time, NOW, "3.11.2", 8, "me", "/home/me/.trajconsole")


def told(*events, at=NOW):
    fleet = fold(Fleet(), "gpu1", [LinkState("connected"), hello()], NOW)
    for event in events:
        fleet = fold(fleet, "gpu1", [event], at)
    return fleet


def advice(fleet, now=NOW):
    (row,) = host_rows(fleet, now)
    return {item.what: item for item in row.advice}


def test_a_healthy_host_has_no_advice():
    assert advice(told(figures(), Facts(caches=CACHES))) == {}


def test_a_volume_that_could_be_larger_is_a_note_until_room_is_short():
    roomy, short = told(figures(), Facts(GROWN)), told(figures(used=80 * GIB), Facts(GROWN))
    (found,) = advice(roomy).values()
    assert found.what == "/ could be 400.0 GiB larger" and found.level == "note"
    assert found.mend == "sudo growpart /dev/sda 1 && sudo resize2fs /dev/sda1" and "/dev/sda1" in found.proof
    (found,) = advice(short).values()
    assert found.level == "warning"


def test_caches_are_told_when_the_disk_is_short_the_largest_first():
    found = advice(told(figures(used=97 * GIB), Facts(caches=CACHES)))
    assert "the disk is nearly full" in found
    caches = found["caches hold 8.0 GiB"]
    assert caches.proof.startswith("torch hub more than 5.0 GiB") and "uv" not in caches.proof
    assert caches.mend == "rm -rf -- /home/me/.cache/torch/hub; python3 -m pip cache purge"


def test_the_first_facts_come_without_caches_and_take_none_away():
    whole, first = Facts(GROWN, CACHES), Facts(GROWN, (), whole=False)
    (row,) = host_rows(told(figures(), whole, first), NOW)
    assert row.caches == CACHES


def test_a_disk_that_fills_says_when_it_is_full():
    fleet = told(*(figures(number, used=50 * GIB + number * 100 * 2**20) for number in range(80)))
    (row,) = host_rows(fleet, NOW)
    rate = 20 * 2**20
    assert row.disk_full_in_s == pytest.approx(row.disks[0].free / rate, rel=0.01)
    assert row.disks[0].fill_rate == pytest.approx(rate, rel=0.01)
    found = advice(fleet)["the disk is full in 36 min"]
    assert found.level == "error" and "70.3 GiB more in use every hour" in found.proof
    assert "full in 36 min" in host_lines(row)[0][0]


def test_clocks_apart_are_told_and_what_comes_late_is_not():
    ahead = told(figures(time=NOW + 31.0))
    assert advice(ahead)["the clock is 31 s ahead of this machine's"].mend.startswith("on the host: sudo timedatectl")
    assert "the clock is 5 min behind this machine's" in advice(told(*[figures(time=NOW - 300.0)] * 5))
    late = told(figures(time=NOW), *(figures(number, time=NOW - 9.0) for number in range(4)))
    assert advice(late) == {}


def test_a_reboot_is_noticed():
    fleet = told(figures(), hello("b2", NOW - 300.0))
    found = advice(fleet)["the host was rebooted 5 min ago"]
    assert found.level == "note" and "resume" in found.mend
    assert advice(told(figures(), hello("b1"))) == {}


def test_a_gpu_that_is_too_hot_is_told_and_a_power_limit_is_not():
    hot = Gpu(1, "H100", temperature=91.0, clock=1200.0, slowed_by=("power limit", "heat"))
    found = advice(told(figures(gpus=(Gpu(0, "H100", slowed_by=("power limit",)), hot))))
    assert list(found) == ["GPU 1 is slowed down"]
    assert found["GPU 1 is slowed down"].proof == "heat; 91 °C; runs at 1200 MHz"


UPDATED, LOST = "the GPU driver was updated under the running kernel", "a GPU is lost"
COMPLAINTS = {
    "nvml: Driver/library version mismatch": UPDATED,
    "nvidia-smi ended with 18: Failed to initialize NVML: Driver/library version mismatch": UPDATED,
    "GPU 3: GPU is lost": LOST,
    "nvidia-smi ended with 15: Unable to determine the device handle for GPU 0000:3B:00.0": LOST,
    "nvidia-smi ended with 9: it couldn't communicate with the driver": "the GPU driver is not loaded",
    "nvml: Driver Not Loaded": "the GPU driver is not loaded",
    "No devices were found": "the GPU driver finds no GPU",
    "User is missing the following required groups: render": "the GPU driver does not let this user in",
    "the GPU driver has not answered for 12 s": "the GPU driver hangs",
    "something new": "the GPU driver does not answer",
}


@pytest.mark.parametrize("said", COMPLAINTS)
def test_a_broken_driver_is_named_as_what_it_is(said):
    found = trouble(said)
    assert found.what == COMPLAINTS[said] and found.mend
    (item,) = advice(told(figures(gpu_error=said))).values()
    assert (item.what, item.proof, item.level) == (found.what, said, "error")


@given(st.text())
def test_any_complaint_has_a_mend(said):
    assert trouble(said).what and trouble(said).mend


def test_the_document_has_all_facts_and_fits_its_schema():
    holder = GpuProcess(7, 30 * GIB, "ann", "python train.py")
    gpus = (
        Gpu(0, "A100", clock=1410.0, processes=(holder,)),
        Gpu(0, "A100 MIG 0", instance=0),
        Gpu(1, "", error="GPU is lost"),
    )
    fleet = told(figures(gpus=gpus, gpu_error="GPU 1: GPU is lost"), Facts(GROWN, CACHES))
    document = status_document(fleet, {}, NOW, config="c")
    schema = json.loads((Path(__file__).parents[3] / "console/schema/status.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    (host,) = document["hosts"]
    assert host["boot_time"] == "1970-01-11T12:46:40Z" and host["clock_skew_s"] == 0.0
    assert host["caches"][0]["empty"] == "python3 -m pip cache purge" and host["unexpanded"][0]["mount"] == "/"
    assert host["gpus"][0]["processes"][0]["user"] == "ann" and host["gpus"][1]["instance"] == 0
    assert host["gpus"][2]["error"] == "GPU is lost"


def test_an_impossible_boot_time_is_not_told():
    fleet = told(figures())
    odd = replace(fleet.hosts["gpu1"], hello=hello(boot_time=1e300))
    (row,) = host_rows(replace(fleet, hosts={"gpu1": odd}), NOW)
    assert row.boot_time is None


def test_whose_job_holds_the_memory_is_told_beside_a_worker_that_ran_out_of_it():
    holder = GpuProcess(7, 70 * GIB, "ann", "python big.py")
    gpus = (Gpu(0, "A100", processes=(GpuProcess(8, GIB, "me", "python mine.py"), holder)),)
    launch = Document("runs/w-20260101-000000-0a1b", "launch.json", json.dumps({"pid": 4, "time": NOW - 60}))
    end = json.dumps({"code": 1, "time": NOW - 5})
    said = b"Traceback (most recent call last):\ntorch.OutOfMemoryError: CUDA out of memory\n"
    log = Chunk(launch.folder, "train.log", 1, 0, said)
    fleet = told(figures(gpus=gpus), launch, log, Document(launch.folder, "exit.json", end))
    (row,) = worker_rows(fleet, NOW)
    assert row.state.name == "out of memory"
    assert "held by ann's python big.py 70.0 GiB, me's python mine.py 1.0 GiB" in row.advice[0].proof


def test_a_reboot_explains_a_worker_that_vanished():
    launch = {"pid": 4, "time": NOW - 7200, "boot_id": "b1"}
    document = Document("runs/w-20260101-000000-0a1b", "launch.json", json.dumps(launch))
    fleet = told(figures(), document, hello("b2", NOW - 300.0))
    (row,) = worker_rows(fleet, NOW)
    assert row.state.name == "vanished" and "started again 5 min ago" in row.state.evidence
    assert row.advice[0].what == "the host was rebooted: its workers ended with it" and "resume" in row.advice[0].mend


def test_a_lost_link_is_one_trouble_also_while_it_is_tried_again():
    host, found = Host("gpu1"), []
    for phase in ("connecting", "connected", "stale", "connecting", "unreachable", "connecting", "connected"):
        host = fold_host(host, LinkState(phase), 5.0)
        found.append([item.what for item in host_advice(host, None, 10.0)])
    assert found == [[], [], *[["unreachable"]] * 4, []]
