"""What the probe reads from /proc: exact on real text, calm on any other."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.probe import disks, host, procfs
from remote.probe.processes import Named, Processes, is_alive, named, usage

STAT = "812 (a (b) c) S 1 812 812 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 12345 1000000 250 18446744073709551615"


def test_stat_of_a_process_whose_name_holds_brackets():
    stat = procfs.parse_stat(STAT)
    assert stat == procfs.Stat("S", 1, 110, 12345, 250 * procfs.PAGE)


def test_cpu_and_memory_and_boot_time():
    assert procfs.parse_cpu("cpu  10 20 30 400 50 6 7 8 99 0\ncpu0 1") == (81, 531)
    meminfo = "MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n"
    assert procfs.parse_memory(meminfo) == (600 * 1024, 1000 * 1024)
    assert procfs.parse_memory("odd") == (None, None)
    assert procfs.parse_boot_time("cpu 1\nbtime 1700000000\n") == 1700000000.0


@given(st.text())
def test_any_text_is_read_calmly(text):
    procfs.parse_stat(text)
    procfs.parse_cpu("cpu " + text)
    procfs.parse_memory(text)
    procfs.parse_boot_time(text)
    disks.choose(disks.parse_mounts(text), "/home")
    named(text)


def test_figures_of_this_machine():
    figures = host.Figures()
    assert figures.read()["cpu"] is None
    sum(range(3_000_000))
    row = figures.read()
    assert 0.0 <= row["cpu"] <= 1.0 and 0 < row["memory_used"] < row["memory_total"]
    hello = host.hello("/r")
    assert hello["boot_id"] and hello["cores"] == os.cpu_count() and hello["root"] == "/r"


MOUNTS = r"""proc /proc proc rw 0 0
/dev/sda2 / ext4 rw 0 0
/dev/sda2 /var/lib/docker ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/loop3 /snap/core squashfs ro 0 0
/dev/sdb1 /data\040disk xfs rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sda2 /etc/hosts ext4 rw 0 0
overlay /scratch overlay rw 0 0
"""


def test_disks_once_each_the_roots_own_first():
    mounts = disks.parse_mounts(MOUNTS)
    assert [mount.point for mount in disks.choose(mounts, "/home/u/.t")] == ["/home", "/", "/data disk"]
    assert [mount.point for mount in disks.choose(mounts, "/scratch/x")] == ["/scratch", "/", "/home", "/data disk"]
    assert disks.mount_of("/homestead", mounts).point == "/"


def test_sizes_are_those_of_df():
    row = disks.read("/")[0]
    said = subprocess.run(["df", "-B1", "--output=size,avail", "/"], capture_output=True, check=True, text=True).stdout
    size = int(said.split()[-2])
    assert row["total"] == size and 0 <= row["free"] <= row["total"]
    assert disks.measure(disks.Mount("x", "/no such place", "x")) is None


def test_a_process_is_itself_only_with_its_start_and_boot():
    boot, start = host.boot_id(), procfs.stat(os.getpid()).start
    assert is_alive(Named(os.getpid(), start, boot), boot)
    assert is_alive(Named(os.getpid(), None, ""), boot)
    assert not is_alive(Named(os.getpid(), start + 1, boot), boot)
    assert not is_alive(Named(os.getpid(), start, "another boot"), boot)


def test_a_zombie_is_not_alive():
    process = subprocess.Popen(["true"])
    while procfs.stat(process.pid).state != "Z":
        pass
    assert not is_alive(Named(process.pid, None, ""), "")
    process.wait()
    assert not is_alive(Named(process.pid, None, ""), "")


def test_usage_counts_the_children():
    code = "import os, time; os.fork(); x = bytearray(30_000_000); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        memory = 0
        while memory < 60_000_000:
            memory = usage(process.pid)[0] or 0
            assert process.poll() is None
    finally:
        for child in procfs.children(process.pid):
            os.kill(child, 9)
        process.kill()
        process.wait()
    assert usage(process.pid) == (None, None)


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"pid": "1"}', '{"pid": true}', '{"pid": -4}', '{"a": 1}'])
def test_documents_that_name_no_process(text):
    assert named(text) is None


def test_a_document_names_a_process():
    assert named('{"pid": 5, "pid_start": 7, "boot_id": "b", "x": 1}') == Named(5, 7, "b")
    assert named('{"pid": 5, "pid_start": "soon"}') == Named(5, None, "")


def test_processes_are_told_when_named_when_they_end_and_not_after():
    rows = []
    processes = Processes(host.boot_id(), rows.append)
    child = subprocess.Popen(["sleep", "60"])
    try:
        text = f'{{"pid": {child.pid}}}'
        processes.heard("runs/a", "launch.json", text)
        processes.heard("runs/a", "launch.json", text)  # the same again: nothing new
        processes.heard("runs/a", "notes.txt", text)
        assert [row["alive"] for row in rows] == [True] and processes.folders() == {"runs/a"}
    finally:
        child.kill()
        child.wait()
    assert processes.look(100.0) and not processes.look(100.1)
    assert rows[-1]["alive"] is False and processes.folders() == set()
    count = len(rows)
    processes.look(200.0)
    assert len(rows) == count
    processes.left("runs/a")
    processes.heard("runs/a", "launch.json", text)
    assert rows[-1]["alive"] is False and len(rows) == count + 1
