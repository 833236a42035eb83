"""A worker is written and started on the screen: validated by the real trainer, shown before anything is written."""

import json
import tomllib
from dataclasses import replace

import pytest
from screen_text import screen_text, settled
from setups import ToldSetup
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from test_hosts_page import says, until
from tui_fleets import GIB, FakeActions, Story, fresh

from console.screens.fleet import FleetScreen
from console.screens.new import NewPage
from console.screens.saving import SaveDialog
from remote.events import Gpu, GpuProcess

TEXT = """# mine
[hosts.here]
[hosts.gpu1]
ssh = "gpu1"
[workers.attention]
host = "here"
trainer = "persistence-attention"
[workers.plain]
host = "here"
command = ["python", "train.py", "{run}"]
"""


class Svg(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def setup(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAJCONSOLE_ROOT", "~/.trajconsole")
    monkeypatch.setattr("console.screens.new.presets", lambda: ["persistence-attention"])
    (tmp_path / "config.toml").write_text(TEXT)
    return ToldSetup(tmp_path / "config.toml")


def story() -> Story:
    gpus = [
        Gpu(n, "NVIDIA A10G", utilisation=0.0, memory_used=0, memory_total=24 * GIB, processes=())
        for n in range(3)
    ]  # fmt: skip
    gpus[0] = replace(gpus[0], memory_used=20 * GIB, utilisation=0.9,
                      processes=(GpuProcess(1, 20 * GIB, "bob", "python"),))  # fmt: skip
    return Story().host("here", cores=2).host("gpu1", gpus=tuple(gpus)).plan("attention", "here", 0.0)


async def ready(pilot):
    await until(pilot, says(pilot, " settings"))
    await until(pilot, says(pilot, "accepts it"))


def workers(setup):
    return tomllib.loads(setup.config.path.read_text())["workers"]


async def test_a_worker_is_written_where_there_is_room_and_started(opened, setup):
    actions = FakeActions()
    async with opened(story(), setup=setup, actions=actions) as pilot:
        await pilot.press("n")
        await ready(pilot)
        assert "attention-2" in screen_text(pilot.app)
        await pilot.press("j", "j", "right")
        text = screen_text(pilot.app)
        assert "2 of 3 GPUs idle; freest: GPU 1" in text
        await pilot.press("slash", *"epochs", "enter", "G", "enter", "backspace", "backspace", *"-3")
        await until(pilot, says(pilot, "✗ -3 is out of range — at least 1"))
        await pilot.press("backspace", "backspace", "4", "enter")
        await until(pilot, says(pilot, "accepts it"))
        assert "was 30" in screen_text(pilot.app)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveDialog))
        assert "attention-2" not in workers(setup) and actions.asked == []
        await pilot.press("enter")
        await until(pilot, lambda: actions.asked)
        assert actions.asked == [("start", ("attention-2",))] and isinstance(pilot.app.screen, FleetScreen)
    assert workers(setup)["attention-2"] == {
        "host": "gpu1",
        "trainer": "persistence-attention",
        "set": {"run": {"epochs": 4}},
        "env": {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1"},
        "cloned_from": "attention",
        "cloned_with": {"run": {"epochs": 4}},
    }
    assert setup.config.path.read_text().startswith("# mine\n")


async def test_strangers_on_a_gpu_are_named_before_it_is_chosen(opened, setup):
    async with opened(story(), setup=setup) as pilot:
        await pilot.press("n")
        await ready(pilot)
        await pilot.press("j", "j", "right", "j", "right", "right")
        await settled(pilot)
        assert "held by bob: python 20G" in screen_text(pilot.app)
        await pilot.press("enter", "backspace", "7", "enter")
        await until(pilot, says(pilot, "the host shows no GPU 7"))
        await pilot.press("w")
        await settled(pilot)
        assert isinstance(pilot.app.screen, NewPage)


async def test_what_the_trainer_refuses_is_not_saved_and_d_takes_it_back(opened, setup):
    async with opened(story(), setup=setup) as pilot:
        await pilot.press("n")
        await ready(pilot)
        await pilot.press("slash", *"optim.kind", "enter", "G", "enter")
        for _ in '"adam"':
            await pilot.press("backspace")
        await pilot.press(*"adm", "enter")
        await until(pilot, says(pilot, "did you mean 'adam'?"))
        await pilot.press("w")
        await settled(pilot)
        assert isinstance(pilot.app.screen, NewPage)
        await pilot.press("d")
        await until(pilot, says(pilot, "accepts it"))
        await pilot.press("escape")
        await settled(pilot)
    assert "attention-2" not in workers(setup)


async def test_the_name_of_a_worker_that_is_there_changes_that_one(opened, setup):
    async with opened(story(), setup=setup) as pilot:
        await pilot.press("n")
        await ready(pilot)
        await pilot.press("j", "enter", "backspace", "backspace", "enter")
        await until(pilot, says(pilot, "is in config.toml already"))
        await pilot.press("slash", *"channels_last", "enter", "G", "right")
        await until(pilot, says(pilot, "was false"))
        await until(pilot, says(pilot, "accepts it"))
        await pilot.press("ctrl+s", "enter")
        await until(pilot, lambda: setup.taken)
    assert workers(setup)["attention"]["set"] == {"run": {"channels_last": True}} and len(workers(setup)) == 2


async def test_a_command_and_an_earlier_run_are_beginnings_too(opened, setup):
    told = story()
    told.worker("attention", "here", "finished", exit={"code": 0}, epoch=1, epochs=1)
    from remote.events import Document

    config = json.loads('{"task": "persistence", "run": {"epochs": 7}}')
    from trainer.record import toml

    run = next(iter(told.fleet.runs)).run
    told.tell("here", Document(f"runs/{run}", "run.toml", toml.dumps({**config, "origin": {"worker": "attention"}})))
    async with opened(told, setup=setup) as pilot:
        await pilot.press("n")
        await until(pilot, says(pilot, f"run {run}"))
        await until(pilot, says(pilot, "accepts it"))
        await pilot.press("w", "enter")
        await until(pilot, lambda: setup.taken)
        assert workers(setup)["attention-2"] == {
            "host": "here",
            "trainer": "attention-2.toml",
            "cloned_from": run,
        }
        assert "epochs = 7" in (setup.config.path.parent / "attention-2.toml").read_text()
        await pilot.press("n", "left")
        await until(pilot, says(pilot, "worker attention-2"))
        await pilot.press("left")
        await until(pilot, says(pilot, "python train.py <run>"))
        await pilot.press("w", "enter")
        await until(pilot, lambda: len(setup.taken) == 2)
    assert workers(setup)["plain-2"]["command"] == ["python", "train.py", "{run}"]


async def test_started_once_after_a_trial_nothing_is_written_and_it_stays_known(opened, setup):
    actions = FakeActions()
    async with opened(story(), setup=setup, actions=actions) as pilot:
        await pilot.press("n")
        await ready(pilot)
        before = setup.config.path.read_bytes()
        await pilot.press("j", "enter", *"-once", "enter", "j", "j", "j", "space")
        await until(pilot, says(pilot, "trial first         yes"))
        await until(pilot, says(pilot, "accepts it"))
        await pilot.press("o")
        await until(pilot, lambda: actions.asked)
        assert actions.asked == [("start after a trial", ("attention-2-once",))]
        assert setup.config.path.read_bytes() == before and "attention-2-once" in setup.config.workers
        setup.config.path.write_text(TEXT + '[workers.late]\nhost = "here"\ncommand = ["true"]\n')
        setup.outdated = True
        await until(pilot, lambda: "late" in setup.config.workers)
        assert "attention-2-once" in setup.config.workers
        await pilot.press("n", "enter", *"2-once", "enter", "j", "enter", *["backspace"] * 2, "enter")
        await until(pilot, says(pilot, "was started once: saving writes it"))
        await until(pilot, says(pilot, "accepts it"))
        await pilot.press("w", "enter")
        await until(pilot, lambda: "attention-2-once" in workers(setup))


async def test_an_earlier_run_is_started_once_from_its_own_configuration(opened, setup):
    from pathlib import Path

    from remote.events import Document

    told = story()
    told.worker("attention", "here", "finished", exit={"code": 0}, epoch=1, epochs=1)
    run = next(iter(told.fleet.runs)).run
    text = 'task = "persistence"\n[run]\nepochs = 7\n[origin]\nworker = "attention"\n'
    told.tell("here", Document(f"runs/{run}", "run.toml", text))
    async with opened(told, setup=setup) as pilot:
        await pilot.press("n")
        await until(pilot, says(pilot, f"run {run}"))
        await until(pilot, says(pilot, "accepts it"))
        await pilot.press("o")
        await until(pilot, lambda: setup.taken)
        path = Path(setup.config.workers["attention-2"].trainer)
        assert "epochs = 7" in path.read_text()
    assert not path.exists() and list(workers(setup)) == ["attention", "plain"]


async def test_what_it_begins_with_and_its_host_are_chosen_from_lists(opened, setup):
    async with opened(story(), setup=setup) as pilot:
        await pilot.press("n")
        await ready(pilot)
        await pilot.press("enter", *"plain", "enter")
        await until(pilot, says(pilot, "plain-2"))
        await pilot.press("j", "j", "enter")
        await until(pilot, says(pilot, "2 of 3 GPUs idle"))
        await pilot.press(*"gpu1", "enter")
        await until(pilot, says(pilot, "CUDA_VISIBLE_DEVICES=1"))


async def test_help_names_the_keys_of_the_page(opened, setup):
    async with opened(story(), (120, 40), setup=setup) as pilot:
        await pilot.press("n", "question_mark")
        await until(pilot, says(pilot, "write it into config.toml, and start it"))


async def test_tagged_workers_are_started_together(opened, setup):
    actions = FakeActions()
    async with opened(fresh(), setup=setup, actions=actions) as pilot:
        await pilot.press("space", "space", "s")
        await until(pilot, lambda: actions.asked)
    assert actions.asked == [("start", ("attention", "pretrained"))]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_how_it_looks(opened, setup, snapshot, size, monkeypatch):
    monkeypatch.setattr("sys.executable", "/usr/bin/python3")
    async with opened(story(), size, setup=setup) as pilot:
        monkeypatch.undo()
        await pilot.press("n")
        await ready(pilot)
        await pilot.press("j", "j", "right", "slash", *"run.e", "enter")  # few of them: the trainer may learn more
        await until(pilot, says(pilot, "CUDA_VISIBLE_DEVICES=1"))
        await until(pilot, says(pilot, "accepts it"))
        assert pilot.app.export_screenshot() == snapshot.use_extension(Svg)
