"""The first way to another machine: hosts of ~/.ssh/config are offered, looked at, and written into config.toml."""

import pytest
from screen_text import screen_text, settled
from setups import ToldSetup
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from tui_fleets import ToldDoor, fresh

from console.config import load
from console.editing import sshhosts
from console.screens.host_key import KeyDialog
from console.screens.saving import SaveDialog
from console.screens.welcome import HostsPage

SSH = """Host gpu1
  HostName 10.0.0.1
  User me
Host far
  HostName far.example.org
  User me
  Port 2222
  ProxyJump gpu1
Host *.example.org
  User you
"""


class Svg(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def setup(tmp_path, monkeypatch):
    (tmp_path / "ssh_config").write_text(SSH)
    monkeypatch.setenv("TRAJCONSOLE_SSH_CONFIG", str(tmp_path / "ssh_config"))
    monkeypatch.setattr(sshhosts, "ssh_file", lambda: tmp_path / "ssh_config")
    (tmp_path / "config.toml").write_text("# mine\n[hosts.here]\n")
    return ToldSetup(tmp_path / "config.toml", ToldDoor("SHA256:GPU1"))


async def until(pilot, condition):
    for _ in range(500):
        if condition():
            await settled(pilot)
            return
        await pilot.pause(0.01)
    raise AssertionError(screen_text(pilot.app))


def says(pilot, words):
    return lambda: words in screen_text(pilot.app)


async def test_from_the_guide_to_the_first_remote_host(opened, setup):
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("h")
        await until(pilot, says(pilot, "me@10.0.0.1"))
        text = screen_text(pilot.app)
        assert "me@far.example.org:2222 via gpu1" in text and "example.org\n" not in text and "*" not in text
        await pilot.press("space", "space", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, KeyDialog))
        await until(pilot, says(pilot, "SHA256:GPU1"))
        await pilot.press("right", "enter")
        await until(pilot, says(pilot, "2 × NVIDIA A10G"))
        await until(pilot, says(pilot, "tmux: the host has no tmux"))
        assert setup.door.trusted == ["SHA256:GPU1"]
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveDialog))
        assert "+[hosts.gpu1]" in screen_text(pilot.app) and "far: not everything is right" in screen_text(pilot.app)
        assert list(load(setup.config.path).hosts) == ["here"]
        await pilot.press("enter")
        await until(pilot, lambda: setup.taken)
        assert list(load(setup.config.path).hosts) == ["here", "gpu1", "far"]
        assert setup.config.path.read_text().startswith("# mine\n")
        assert "new hosts gpu1, far" in screen_text(pilot.app)
        assert not isinstance(pilot.app.screen, HostsPage)


async def test_escape_writes_nothing_and_closes_what_was_opened(opened, setup):
    setup.door.keys.clear()
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("h")
        await until(pilot, says(pilot, "me@10.0.0.1"))
        await pilot.press("c")
        await until(pilot, says(pilot, "2 × NVIDIA A10G"))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, HostsPage))
        await until(pilot, setup.trials[-1].closed.is_set)
        assert list(load(setup.config.path).hosts) == ["here"] and not setup.taken


async def test_a_host_that_is_typed_and_one_that_is_none(opened, setup):
    setup.door.keys.clear()
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("h")
        await until(pilot, says(pilot, "me@10.0.0.1"))
        await pilot.press("t", *"-oProxyCommand=x", "enter")
        await until(pilot, says(pilot, "write it as after ssh"))
        await pilot.press("t", *"me@box.example.net:2200", "enter")
        await until(pilot, says(pilot, "me@box.example.net:2200"))
        await pilot.press("w", "enter")
        await until(pilot, lambda: setup.taken)
        assert load(setup.config.path).hosts["box"].ssh == "me@box.example.net:2200"


async def test_hosts_that_are_there_already_are_not_offered_twice(opened, setup):
    setup.config.path.write_text('[hosts.here]\n[hosts.big]\nssh = "gpu1"\n')
    setup.config = load(setup.config.path)
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("h")
        await until(pilot, says(pilot, "known gpu1"))
        await pilot.press("space", "w")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HostsPage) and "is in the configuration already" in screen_text(pilot.app)


async def test_without_an_ssh_configuration_it_says_what_to_do(opened, setup, tmp_path):
    (tmp_path / "ssh_config").unlink()
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("h")
        await until(pilot, says(pilot, "it names no host; t: type one"))


async def test_read_only_consoles_change_nothing(opened, setup):
    async with opened(fresh(), setup=setup, readonly=True) as pilot:
        for key in "hne":
            await pilot.press(key)
            await until(pilot, says(pilot, "this console only looks"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_how_it_looks(opened, setup, snapshot, size, monkeypatch):
    setup.door.keys.clear()
    async with opened(fresh(), size, setup=setup) as pilot:
        monkeypatch.setattr("console.screens.welcome.ssh_file", lambda: "~/.ssh/config")
        await pilot.press("h")
        await until(pilot, says(pilot, "me@10.0.0.1"))
        await pilot.press("space", "space", "c")
        await until(pilot, says(pilot, "tmux: the host has no tmux"))
        await until(pilot, says(pilot, "2 × NVIDIA A10G"))
        assert pilot.app.export_screenshot() == snapshot.use_extension(Svg)
