"""What `check` makes of a host's answers: each fault with its mend, good hosts without a word too many."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config import parse
from console.examine import examine_host, figures, folders, login, programs, torch
from console.hosts import Hosts
from remote.errors import AuthFailed, HostKeyProblem, Unreachable
from remote.events import Block, Cache, Disk, Facts, Gpu, GpuProcess, Hello, Telemetry
from remote.fake import FakeTransport, Silence
from remote.survey import Survey, survey
from remote.transport import Completed

GIB = 2**30
HOST = "host h"


def tells(found, what, mend):
    return what in found.detail and mend in found.mend and bool(found.mend)


@pytest.mark.parametrize(
    ("version", "trains", "ok", "warn"),
    [
        ("3.11.2", True, True, False),
        ("3.9.1", True, False, False),
        ("3.9.1", False, True, True),
        ("3.6.8", False, False, False),
    ],
)
def test_pythons(version, trains, ok, warn):
    found = programs.judge_python(HOST, version, "/usr/bin/python3", trains=trains)
    assert (found.ok, found.warn) == (ok, warn) and version in found.detail
    assert bool(found.mend) == (not ok or warn)


@pytest.mark.parametrize(
    ("said", "ok"),
    [("tmux 3.3a", True), ("tmux 2.1", True), ("tmux 1.8", False), ("tmux next-3.6", True), ("tmux master", True)],
)
def test_tmux_needs_exact_names(said, ok):
    found = programs.judge_tmux(HOST, said)
    assert found.ok is ok and (ok or tells(found, "1.8 is too old: 2.1 is needed", "install"))


@pytest.mark.parametrize(
    ("wanted", "offered", "fit"),
    [
        ("12.4", "12.2", True),
        ("12.4", "13.0", True),
        ("12.1", "11.8", False),
        ("11.8", "11.0", True),
        ("10.2", "10.1", False),
        ("12.4", None, True),
        ("odd", "odd", True),
    ],
)
def test_cuda_against_the_driver(wanted, offered, fit):
    assert torch.fits(wanted, offered) is fit


A100 = (Gpu(0, "A100"), Gpu(1, "A100"))
SAID = {
    "torch": "2.5.1",
    "cuda": "12.4",
    "hip": None,
    "visible": None,
    "gpus": [],
    "driver": "12.4",
    "warned": "",
    "failed": "",
}


@pytest.mark.parametrize(
    ("said", "gpus", "what", "mend"),
    [
        ({"cuda": None}, A100, "built without CUDA, on a host with A100", "install a build with CUDA"),
        ({"driver": "11.4"}, A100, "needs CUDA 12.4, the driver offers 11.4", "update the GPU driver"),
        ({"visible": ""}, A100, "sees none of A100", "CUDA_VISIBLE_DEVICES is ''"),
        ({"warned": "CUDA unknown error"}, A100, "CUDA unknown error", "nvidia-smi"),
        ({"gpus": ["A100"], "failed": "GPU 0: no kernel image"}, A100[:1], "no kernel image", "built for this GPU"),
        ({"gpus": ["A100"], "visible": "0"}, A100, "sees 1 of 2 GPUs", "CUDA_VISIBLE_DEVICES is '0'"),
    ],
)
def test_gpus_that_torch_cannot_use(said, gpus, what, mend):
    _, found = torch.judge(HOST, {**SAID, **said}, gpus)
    assert tells(found, what, mend) and (not found.ok or found.warn)


def test_torch_and_driver_that_agree():
    whole = {**SAID, "gpus": ["A100", "A100"]}
    assert [item.mend for item in torch.judge(HOST, whole, A100)] == ["", ""]
    assert [item.detail for item in torch.judge(HOST, {**SAID, "cuda": None}, ())] == [
        "2.5.1, built with no CUDA",
        "none: it trains on the CPU",
    ]


def test_what_start_files_say_and_cost():
    noisy = login.shell(HOST, b"Welcome to gpu1!\nhave fun\n", 0.02)
    assert noisy.warn and "26 bytes" in noisy.detail and "Welcome to gpu1!" in noisy.detail and "case $-" in noisy.mend
    assert login.shell(HOST, b"", 1.2).warn and not login.shell(HOST, b"", 0.02).warn


@pytest.mark.parametrize(
    ("free", "inodes", "ok", "mend"),
    [
        (50 * GIB, 10**6, True, ""),
        (GIB, 10**6, False, "free space"),
        (50 * GIB, 3, False, "small files"),
        (None, None, True, ""),
    ],
)
def test_room(free, inodes, ok, mend):
    found = folders.judge_room(HOST, "/r", free, inodes)
    assert found.ok is ok and mend in found.mend


@pytest.mark.parametrize(
    ("said", "ok", "warn", "word"),
    [
        (["absent"], True, False, "not there yet"),
        (["writable", "12", ""], True, False, "12 files, readable"),
        (["fixed", "12", ""], True, True, "not to be written"),
        (["writable", "12", "/d/x.npy"], False, False, "/d/x.npy cannot be read"),
        (["closed"], False, False, "cannot be read"),
        (["file"], False, False, "is a file"),
        ([], False, False, "cannot be read"),
    ],
)
def test_data(said, ok, warn, word):
    found = folders.judge_data(HOST, "/d", said)
    assert (found.ok, found.warn) == (ok, warn) and word in found.detail and bool(found.mend) == (not ok or warn)


def telemetry(*, free=50, gpus=(), gpu_error="", source="nvml"):
    disk = Disk("/", "/dev/sda1", "ext4", 100 * GIB, (100 - free) * GIB, free * GIB, 5)
    return Telemetry(1, 0.0, 0.0, 0.1, 0.1, GIB, 8 * GIB, (disk,), gpus, source, gpu_error)


HELLO = Hello(1, "gpu1", "b", 1000.0, 100_000.0, "3.9.2", 8, "me", "/r")


def seen(telemetry_=None, facts=None, skew=0.0):
    found = figures.look(HOST, Survey(HELLO, telemetry_ or telemetry(), facts or Facts(), skew))
    return {item.name: item for item in found}


def test_a_good_host_has_nothing_to_mend():
    found = seen(telemetry(gpus=(Gpu(0, "A100", memory_used=GIB, memory_total=80 * GIB),)))
    assert [item.mend for item in found.values()] == [""] * len(found)
    assert "me on gpu1, 8 cores, Python 3.9.2, up 28 h" in found["probe"].detail


def test_figures_with_their_mends():
    grown = (
        Block("sda", "/dev/sda", "disk", 500 * GIB),
        Block("sda1", "/dev/sda1", "partition", 100 * GIB, 2**20, 1, ("sda",), "gpt", "/", "ext4", 98 * GIB, 6_000_000),
    )
    holder = GpuProcess(7, 70 * GIB, "ann", "python train.py")
    gpu = Gpu(0, "A100", memory_used=70 * GIB, memory_total=80 * GIB, processes=(holder,), slowed_by=("heat",))
    caches = (Cache("pip", "/c", 3 * GIB, True, "pip cache purge"),)
    found = seen(telemetry(free=3, gpus=(gpu,)), Facts(grown, caches, False), -40.0)
    assert tells(found["clock"], "40 s behind", "timedatectl") and found["clock"].warn
    assert tells(found["GPU memory"], "ann's python train.py", "wait")
    assert tells(found["disk"], "3.0 GiB of 100.0 GiB free", "pip cache purge")
    assert tells(found["volume"], "400.0 GiB larger", "sudo growpart /dev/sda 1 && sudo resize2fs /dev/sda1")
    assert found["processes"].warn and found["processes"].ok
    broken = seen(telemetry(gpu_error="nvml: Driver/library version mismatch", source="none"))
    assert not broken["GPU driver"].ok and "reboot" in broken["GPU driver"].mend


def test_a_probe_that_cannot_run_says_why():
    (found,) = figures.look(HOST, Survey(said="Python 3.6 is too old for the probe: it needs 3.8 or newer"))
    assert not found.ok and "3.6 is too old" in found.detail


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_version_is_compared_calmly(one, two):
    torch.fits(one, two)
    programs.judge_tmux(HOST, one)
    programs.judge_python(HOST, one, two, trains=True)


def probe(*rows):
    return [b"".join(json.dumps(row).encode() + b"\n" for row in rows)]


DISK = {"mount": "/", "total": 100, "used": 97, "free": 3}
ROWS = (
    {"k": "hello", "version": 1, "hostname": "h", "python": "3.9.2", "user": "me", "clock": 5.0, "boot_time": 1.0},
    {"k": "facts", "blocks": [], "caches": [], "whole": False},
    {"k": "host", "seq": 0, "time": 1.0, "mono": 1.0, "gpu_source": "asked", "disks": [], "gpus": []},
    {"k": "host", "seq": 1, "time": 2.0, "mono": 2.0, "gpu_source": "none", "disks": [DISK], "gpus": []},
    {"k": "facts", "blocks": [], "caches": [], "whole": True},
)


def test_a_survey_waits_for_the_whole_picture_and_no_longer():
    transport = FakeTransport([probe(*ROWS)])
    found = survey(transport, "python3", "/r")
    assert found.hello and found.hello.user == "me" and found.facts and found.facts.whole
    assert found.telemetry and found.telemetry.seq == 1 and transport.channels[0].closed.is_set()
    broken = survey(FakeTransport([[]], errors=b"noise\nPython 3.6 is too old"), "python3", "/r")
    assert broken.hello is None and broken.said == "Python 3.6 is too old"


def test_a_survey_measures_no_caches_where_there_is_room():
    roomy = {**ROWS[3], "disks": [{**DISK, "free": 50}]}
    found = survey(FakeTransport([[*probe(*ROWS[:2], roomy), Silence()]]), "python3", "/r", patience=60)
    assert found.facts and not found.facts.whole


def test_without_python_what_needs_it_is_not_asked():
    def no_python(argv, _input):
        return Completed(127, b"", b"py: not found") if argv[0] == "py" else answers(argv, b"")

    host, hosts = hosts_with(FakeTransport([], no_python))
    names = [item.name for item in examine_host("h", host, hosts)]
    assert names == ["reach", "python", "tmux", "flock", "root", "data"]


def hosts_with(transport, text='[hosts.h]\nroot = "/r"\npython = "py"\n'):
    config = parse(text, Path("config.toml"))
    return config.hosts["h"], Hosts(config, lambda _name: transport)


def answers(argv: Sequence[str], _input: bytes) -> Completed:
    line = " ".join(argv)
    if argv[0] == "uname":
        return Completed(0, b"Linux 6.1\n", b"")
    if argv[0] == "tmux":
        return Completed(127, b"", b"tmux: not found\n")
    if "cuDriverGetVersion" in line:
        return Completed(1, b"", b"Traceback\nModuleNotFoundError: No module named 'torch'\n")
    if argv[0] == "py":
        return Completed(0, b"3.11.2 /usr/bin/py\n", b"")
    if "mktemp" in line:
        return Completed(1, b"", b"mkdir: cannot create directory\n")
    return Completed(0, b"absent\n", b"")


def test_one_fault_does_not_hide_the_next():
    host, hosts = hosts_with(FakeTransport([probe(*ROWS)], answers))
    found = list(examine_host("h", host, hosts))
    bad = {item.name: item for item in found if not item.ok}
    assert set(bad) == {"tmux", "torch", "root"} and all(item.mend for item in bad.values())
    assert found[0].name == "reach" and found[-1].name == "data"
    host, hosts = hosts_with(FakeTransport([probe(*ROWS)], answers))
    trained = {item.name: item for item in examine_host("h", host, hosts, trains=False)}
    assert trained["torch"].ok and trained["torch"].warn


@pytest.mark.parametrize(
    ("error", "name"),
    [(Unreachable("nobody"), "reach"), (AuthFailed("no key", "ssh-add"), "login"), (HostKeyProblem("new"), "host key")],
)
def test_what_is_in_the_way_is_named(error, name):
    host, hosts = hosts_with(FakeTransport(refusals=[error]))
    (found,) = examine_host("h", host, hosts)
    assert (found.name, found.ok, found.mend) == (name, False, error.mend)


def test_a_connection_that_breaks_on_the_way_is_told_at_each_look():
    def breaks(argv, _input):
        if argv[0] == "uname":
            return Completed(0, b"Linux", b"")
        raise Unreachable("the connection broke")

    host, hosts = hosts_with(FakeTransport([], breaks))
    found = list(examine_host("h", host, hosts))
    assert [item.ok for item in found] == [True, False, False, False]
    assert "the connection broke" in found[1].detail
