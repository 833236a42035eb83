"""config.toml changed on the screen: every key, what is wrong at once, the difference first, nothing of others lost."""

import tomllib

import pytest
from screen_text import screen_text, settled
from setups import ToldSetup
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from test_hosts_page import says, until
from tui_fleets import fresh

from console.screens import setting_up
from console.screens.edit import EditPage, LeaveDialog
from console.screens.saving import SaveDialog

TEXT = """# mine
[hosts.here]   # this one

# trains
[workers.a]
host = "here"
trainer = "persistence-attention"   # a preset
[workers.b]
host = "here"
command = ["sh", "-c", "sleep 1"]
"""


class Svg(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def setup(tmp_path):
    (tmp_path / "config.toml").write_text(TEXT)
    return ToldSetup(tmp_path / "config.toml")


def table(setup):
    return tomllib.loads(setup.config.path.read_text())


async def test_values_are_changed_added_removed_and_taken_back(opened, setup):
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("e")
        await until(pilot, says(pilot, "[workers.a]"))
        await pilot.press("a", *"host gpu1 me@x", "enter")
        await until(pilot, says(pilot, "[hosts.gpu1]"))
        assert "most that transfers take" in screen_text(pilot.app), "a new table shows all of its keys"
        await pilot.press("a", *"race r a b", "enter")
        await until(pilot, says(pilot, "'b' is a command"))
        await pilot.press("u")
        await until(pilot, lambda: "'b' is a command" not in screen_text(pilot.app))
        pilot.app.screen.listing.go("workers.a.host")
        await pilot.press("enter", *["backspace"] * 4, *"gpu")
        await until(pilot, says(pilot, "did you mean 'gpu1'?"))
        await pilot.press("1", "enter")
        pilot.app.screen.listing.go("workers.b.command")
        await pilot.press("enter", *["backspace"] * 9, *"'exec true'", "enter")
        pilot.app.screen.listing.go("workers.a")
        await pilot.press("enter")
        pilot.app.screen.listing.go("workers.a.set")
        await pilot.press("enter", *"run.epochs = 3", "enter")
        await settled(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveDialog))
        assert setup.config.path.read_text() == TEXT and "+[hosts.gpu1]" in screen_text(pilot.app)
        await pilot.press("enter")
        await until(pilot, lambda: setup.taken)
        assert not isinstance(pilot.app.screen, EditPage)
        assert "new host gpu1; changed workers a, b" in screen_text(pilot.app)
    assert table(setup)["hosts"] == {"here": {}, "gpu1": {"ssh": "me@x"}} and "races" not in table(setup)
    assert table(setup)["workers"]["a"] == {
        "host": "gpu1",
        "trainer": "persistence-attention",
        "set": {"run": {"epochs": 3}},
    }
    assert table(setup)["workers"]["b"]["command"] == ["sh", "-c", "exec true"]
    kept = setup.config.path.read_text()
    assert "# mine" in kept and "# trains\n[workers.a]" in kept and "# a preset" in kept


async def test_what_is_wrong_is_not_saved(opened, setup):
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("e")
        await until(pilot, says(pilot, "[workers.a]"))
        for text, words in (
            ("host", "is none of"), ("host here", "is there already"), ("worker w p on nowhere", "unknown host"),
        ):  # fmt: skip
            await pilot.press("a", *text, "enter")
            await until(pilot, says(pilot, words))
        await pilot.press("w")
        await until(pilot, says(pilot, "not saved"))
        assert isinstance(pilot.app.screen, EditPage)
    assert setup.config.path.read_text() == TEXT


async def test_leaving_with_changes_asks(opened, setup):
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("e")
        await until(pilot, says(pilot, "[workers.a]"))
        pilot.app.screen.listing.go("workers.b")
        await pilot.press("d", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveDialog))
        assert "workers.b" in screen_text(pilot.app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditPage))
        await pilot.press("escape", "left", "enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, EditPage | LeaveDialog))
    assert setup.config.path.read_text() == TEXT


async def test_a_file_that_somebody_else_changed_is_noticed_and_both_are_kept(opened, setup):
    async with opened(fresh(), setup=setup) as pilot:
        await pilot.press("e")
        await until(pilot, says(pilot, "[workers.a]"))
        await pilot.press("a", *"host gpu1", "enter")
        setup.config.path.write_text(TEXT.replace("# mine", "# mine and theirs") + '[hosts.theirs]\nssh = "t"\n')
        pilot.app.repaint()
        await until(pilot, says(pilot, "somebody else has changed this file"))
        await pilot.press("w", "enter")
        await until(pilot, says(pilot, "Nothing was written"))
        assert "gpu1" not in setup.config.path.read_text()
        await pilot.press("enter")
        await until(pilot, says(pilot, "+[hosts.gpu1]"))
        await pilot.press("enter")
        await until(pilot, lambda: setup.taken)
    assert set(table(setup)["hosts"]) == {"here", "gpu1", "theirs"}
    assert "# mine and theirs" in setup.config.path.read_text()


async def test_a_file_that_changes_under_the_console_is_taken_up_or_complained_of(opened, setup):
    async with opened(fresh(), setup=setup) as pilot:
        setup.config.path.write_text(TEXT + '[hosts.new]\nssh = "new"\n')
        setup.outdated = True
        setting_up.look_at_file(pilot.app)
        await until(pilot, lambda: setup.taken)
        assert "new host new" in screen_text(pilot.app) and "new" in setup.config.hosts
        setup.config.path.write_text('[hosts.here]\n[workers.x]\nhost = "heer"\ncommand = ["true"]\n')
        setup.outdated = True
        setting_up.look_at_file(pilot.app)
        await until(pilot, says(pilot, "did you mean 'here'?"))
        assert len(setup.taken) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_how_it_looks(opened, setup, snapshot, size, monkeypatch):
    async with opened(fresh(), size, setup=setup) as pilot:
        await pilot.press("e")
        await until(pilot, says(pilot, "[workers.a]"))
        pilot.app.screen._draft = pilot.app.screen._draft.with_change(("workers", "b", "host"), "her")
        monkeypatch.setattr(
            type(pilot.app.screen), "title_line", lambda self, width: ((" ~/config.toml", "accent strong"),)
        )
        pilot.app.screen.refresh_page()
        await pilot.press("j", "j", "j", "enter")
        await settled(pilot)
        assert pilot.app.export_screenshot() == snapshot.use_extension(Svg)
