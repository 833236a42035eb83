"""The first frame's memory: what one console knew, the next one shows at once; a damaged file is nothing."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from fleet_evidence import NOW, Evidence
from hypothesis import given
from hypothesis import strategies as st

from console import config, last_seen, pump
from console.fleet.model import Fleet, Planned
from console.fleet.view import host_rows, worker_rows
from remote.events import Disk, Gpu
from remote.fake import FakeTransport, Silence

CONFIG = '[hosts.here]\nroot = "/data"\n[workers.attention]\nhost = "here"\ncommand = ["true"]\n'


def known() -> Fleet:
    evidence = Evidence().launch()
    disk, gpu = Disk("/", "/dev/sda1", "ext4", 100, 60, 40), Gpu(0, "H100", utilisation=0.5)
    evidence.tell(replace(evidence.fleet.hosts["here"].telemetry, disks=(disk,), gpus=(gpu,)))
    evidence.status("training", metrics={"loss": float("nan"), "acc": 0.5}, epoch=3, epochs=9)
    evidence.rows(*({"step": step, "loss": 1.0 / step} for step in range(1, 9)))
    evidence.log("".join(f"line {n}\n" for n in range(60)))
    return replace(evidence.fleet, planned={"other": Planned("other", "here", NOW - 5)})


def test_rows_of_the_next_console_are_those_of_the_last(tmp_path):
    fleet = known()
    last_seen.write(tmp_path / "last" / "x.json", fleet)
    again = last_seen.read(tmp_path / "last" / "x.json")
    (plan, row), (other, wanted) = worker_rows(again, NOW + 60), worker_rows(fleet, NOW + 60)
    assert plan.worker == other.worker == "other" and plan.state == other.state
    assert repr((row.key, row.epoch, row.epochs, row.metrics)) == repr((wanted.key, 3, 9, wanted.metrics))
    assert (row.state.name, row.state.evidence) == (wanted.state.name, wanted.state.evidence)
    (host,) = host_rows(again, NOW + 60)
    assert (host.cpu, host.gpus[0].utilisation, host.unheard_for) == (0.5, 0.5, 60.0)
    assert again.runs[row.key].log.lines[-1] == "line 59" and again.runs[row.key].log.first == 20


def test_a_host_that_is_not_heard_yet_shows_its_age(tmp_path):
    path = tmp_path / "x.json"
    last_seen.write(path, known())
    (_, row) = worker_rows(last_seen.read(path), NOW + 3600)
    assert row.state.name == "training" and row.state.unreachable_for == 3600.0


TEXTS = st.one_of(st.binary(max_size=80), st.text(max_size=40).map(str.encode))
WHOLE = json.dumps(last_seen.to_json(known())).encode()


@given(st.one_of(TEXTS, st.integers(0, len(WHOLE)).map(lambda end: WHOLE[:end])))
def test_a_damaged_file_is_nothing(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("last") / "x.json"
    path.write_bytes(data)
    assert last_seen.read(path).runs in ({}, known().runs) or data == WHOLE


@given(st.sampled_from(sorted(last_seen.to_json(known()))), st.sampled_from([None, 3, [], {}, [[]], {"here": 1}, "x"]))
def test_a_part_of_another_kind_is_nothing_or_nobody_there(tmp_path_factory, key, value):
    path = tmp_path_factory.mktemp("last") / "x.json"
    path.write_text(json.dumps({**json.loads(WHOLE), key: value}))
    fleet = last_seen.read(path)
    worker_rows(fleet, NOW), host_rows(fleet, NOW)


def make(state: Path, *, later: bool) -> pump.Pump:
    transport = FakeTransport([[Silence()]])
    return pump.Pump(config.parse(CONFIG, Path("c.toml")), state, lambda _name: transport, later=later)


@pytest.mark.parametrize("later", [True, False])
async def test_the_screen_begins_with_it_and_reads_the_mirror_afterwards(tmp_path, later):
    first = make(tmp_path, later=False)
    await first.start()
    first._fleet = known()
    await first.stop()
    again = make(tmp_path, later=later)
    assert again.fleet.hosts["here"].telemetry.cpu == 0.5 and "attention" in again.fleet.planned
    assert len(again.fleet.runs) == (1 if later else 0)  # this test's mirror holds nothing
    changed = asyncio.Event()
    again.listen(lambda: None if again.fleet.runs else changed.set())
    await again.start()
    if later:
        await asyncio.wait_for(changed.wait(), 10)
    assert again.fleet.runs == {}
    assert not await again.synced(0.01), "what was heard long ago is no answer"
    await again.stop()


async def test_a_folder_that_cannot_be_written_does_not_matter(tmp_path):
    one = make(tmp_path, later=True)
    (tmp_path / "last").write_text("in the way")
    await one.start()
    await one.stop()
    assert (tmp_path / "last").is_file()
