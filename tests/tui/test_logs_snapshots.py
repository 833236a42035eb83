"""How the log screen looks. After a meant change: pytest tests/tui --snapshot-update, and look at the pictures."""

import os

import pytest
from log_files import HOSTILE, TRACEBACK, opened_files, read, steps
from screen_text import settled
from test_snapshots import Svg

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x50": (200, 50)}


@pytest.fixture
def picture(snapshot):
    return snapshot.use_extension(Svg)


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """Two workers' logs, in a folder whose name is always the same."""
    monkeypatch.setattr("console.screens.log_opening.folder_of", lambda path: "~/runs")
    found = []
    for name, start in (("attention", 0), ("i3d", 1)):
        path = tmp_path / name
        text = steps(120, f"{name} epoch 1", start, 2)
        text += "12:05:00 \x1b[32mvalidating\x1b[0m 1,000 clips\n12:05:01 \x1b[33mwarning:\x1b[0m loss is nan\n"
        path.write_text(text + (TRACEBACK if name == "attention" else "12:05:02 saved checkpoint\n"))
        os.utime(path, (1767358800, 1767358800))
        found.append(path)
    return found


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    await read(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_one_log(logs, picture, size):
    async with opened_files(logs[0], size=SIZES[size]) as pilot:
        assert pilot.app.export_screenshot() == picture


@pytest.mark.parametrize("size", SIZES)
async def test_two_logs_and_a_traceback(logs, picture, size):
    async with opened_files(*logs, size=SIZES[size]) as pilot:
        await press(pilot, "e")
        assert pilot.app.export_screenshot() == picture


async def test_searching(logs, picture):
    async with opened_files(logs[0], size=SIZES["80x24"]) as pilot:
        await press(pilot, "ampersand", *"step", "enter", "N", "N")
        assert pilot.app.export_screenshot() == picture


async def test_a_selection(logs, picture):
    async with opened_files(logs[0], size=SIZES["80x24"]) as pilot:
        await press(pilot, "k", "k", "space", "k", "k")
        assert pilot.app.export_screenshot() == picture


@pytest.mark.parametrize("keys", [(), ("w",)], ids=["cut", "wrapped"])
async def test_hostile_bytes(tmp_path, logs, picture, keys):
    path = tmp_path / "hostile.log"
    path.write_bytes(HOSTILE)
    async with opened_files(path, size=SIZES["80x24"]) as pilot:
        await press(pilot, *keys)
        assert pilot.app.export_screenshot() == picture


async def test_without_colours(logs, picture, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened_files(*logs, size=SIZES["80x24"]) as pilot:
        await press(pilot, "e")
        assert pilot.app.export_screenshot() == picture


async def test_ascii(logs, picture):
    async with opened_files(*logs, size=SIZES["80x24"], ascii=True) as pilot:
        await press(pilot, "e")
        assert pilot.app.export_screenshot() == picture


async def test_light(logs, picture):
    async with opened_files(*logs, size=SIZES["80x24"]) as pilot:
        pilot.app.theme = "light"
        await press(pilot, "e")
        assert pilot.app.export_screenshot() == picture
