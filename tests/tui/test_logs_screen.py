"""The log screen: every key, following, filter and search, growth, hostile bytes."""

import os
import unicodedata

import pytest
from log_files import HOSTILE, TRACEBACK, opened_files, read, steps
from screen_text import screen_lines, screen_text, settled
from tui_fleets import busy, key_of, racing

from console.screens.commands import LOG_COMMANDS
from console.screens.fleet import FleetScreen
from console.screens.help import HelpScreen
from console.screens.logs import LogsScreen
from console.screens.save import SaveDialog
from console.widgets.lines import width_of
from console.widgets.log_pieces import marked, window
from console.widgets.log_view import LogView


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "train.log"
    path.write_text(steps(200) + TRACEBACK + steps(100, "epoch 2", 200) + TRACEBACK + "13:00:00 end\n")
    os.utime(path, (1767358800, 1767358800))
    return path


def view(pilot) -> LogView:
    return pilot.app.screen.lines


def in_sight(pilot) -> list[str]:
    width = pilot.app.size.width - 1  # without the scroll bar
    return [line[:width].strip() for line in screen_lines(pilot.app)[1 : 1 + view(pilot).size.height]]


def state(pilot) -> str:
    return next(line for line in reversed(screen_lines(pilot.app)) if "following" in line or "paused" in line)


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    await read(pilot)


async def typed(pilot, key, text):
    await pilot.press(key)
    await settled(pilot)
    await pilot.press(*("space" if c == " " else c for c in text), "enter")
    await read(pilot)


async def test_it_opens_at_the_end_and_knows_every_line(log):
    async with opened_files(log) as pilot:
        assert "13:00:00 end" in in_sight(pilot)[-1] and "following" in state(pilot)
        assert "line 309 of 309" in state(pilot)


MOVES = {
    ("k",): 307,
    ("up",): 307,
    ("k", "k", "j"): 307,
    ("up", "up", "down"): 307,
    ("g",): 0,
    ("home",): 0,
    ("1",): 0,
    ("1", "0"): 308,
    ("g", "G"): 308,
    ("home", "end"): 308,
    ("pageup",): 288,
    ("g", "pagedown"): 20,
}


@pytest.mark.parametrize("keys", MOVES, ids="-".join)
async def test_moving(log, keys):
    async with opened_files(log) as pilot:
        await press(pilot, *keys)
        assert view(pilot).cursor == MOVES[keys]
        assert view(pilot).following == (MOVES[keys] == 308)
        cursor = view(pilot).view.lines(MOVES[keys], MOVES[keys] + 1)[0].raw.decode()
        assert any(cursor in line for line in in_sight(pilot))


async def test_growth_never_steals_the_position(log):
    async with opened_files(log) as pilot:
        await press(pilot, "pageup", "pageup")
        before = in_sight(pilot)
        with log.open("a") as file:
            file.write(steps(50, "epoch 3"))
        pilot.app.screen.tick()
        await read(pilot)
        assert in_sight(pilot) == before and "paused, 50 new" in state(pilot)
        await press(pilot, "f")
        assert "step 49" in in_sight(pilot)[-1] and "following" in state(pilot)
        with log.open("a") as file:
            file.write("one more\n")
        pilot.app.screen.tick()
        await read(pilot)
        assert in_sight(pilot)[-1] == "one more"
        await press(pilot, "f")
        assert "paused" in state(pilot)


async def test_the_wheel_pauses_and_reaching_the_end_follows_again(log):
    async with opened_files(log) as pilot:
        view(pilot)._scroll_by(-3)
        await settled(pilot)
        assert "paused" in state(pilot)
        view(pilot)._scroll_by(3)
        await settled(pilot)
        assert "following" in state(pilot)


async def test_a_filter_shows_only_what_matches_and_stays_live(log):
    async with opened_files(log) as pilot:
        await typed(pilot, "slash", "step 9$")
        assert "only step 9$ (0)" in state(pilot)
        await press(pilot, "escape")
        await typed(pilot, "slash", "epoch 2 step 9")
        assert len([line for line in in_sight(pilot) if line]) == 11
        with log.open("a") as file:
            file.write("epoch 2 step 9 again\nother\n")
        pilot.app.screen.tick()
        await read(pilot)
        assert in_sight(pilot)[11] == "epoch 2 step 9 again" and "(12)" in state(pilot)
        await press(pilot, "escape")
        assert "line 311 of 311" in state(pilot)
        await typed(pilot, "slash", "!step")
        assert "(10)" in state(pilot)


async def test_clearing_a_filter_keeps_the_line(log):
    async with opened_files(log) as pilot:
        await typed(pilot, "slash", "step 15[0-9]")
        await press(pilot, "g")
        await press(pilot, "escape")
        assert view(pilot).cursor == 150 and not view(pilot).following
        assert any("step 150 " in line for line in in_sight(pilot))


@pytest.mark.parametrize("key", ["ampersand", "ctrl+f"])
async def test_a_search_keeps_all_lines_and_goes_from_one_to_the_next(log, key):
    async with opened_files(log) as pilot:
        await typed(pilot, key, "step 5[05] ")
        assert "(4 of 4)" in state(pilot) and view(pilot).cursor == 259
        await press(pilot, "N")
        assert view(pilot).cursor == 254 and "3 of 4" in state(pilot)
        await press(pilot, "N", "N", "N")
        assert view(pilot).cursor == 50 and "no more that way" in state(pilot)
        await press(pilot, "n")
        assert view(pilot).cursor == 55
        await press(pilot, "slash", "enter")
        assert "only step 5[05]" in state(pilot)


async def test_what_is_no_pattern_is_said_and_changes_nothing(log):
    async with opened_files(log) as pilot:
        await pilot.press("slash", "left_parenthesis")
        await settled(pilot)
        assert "not a pattern" in screen_text(pilot.app)
        await press(pilot, "escape")
        assert "not a pattern" not in screen_text(pilot.app)
        await press(pilot, "n")
        assert "nothing to search for" in state(pilot)


async def test_a_pattern_that_takes_for_ever_stops_and_says_so(tmp_path):
    path = tmp_path / "hard"
    path.write_text(("a" * 60 + "!\n") * 60)
    async with opened_files(path) as pilot:
        await typed(pilot, "slash", "^(a|aa)+$")
        assert "too hard on" in state(pilot)
        await press(pilot, "escape", "k")
        assert "paused" in state(pilot)


async def test_the_first_traceback_then_the_next(log):
    async with opened_files(log) as pilot:
        await press(pilot, "e")
        assert view(pilot).cursor == 200 and view(pilot).block == (200, 204)
        lines = screen_lines(pilot.app)
        assert len([line for line in lines if line[1:2] == "▌"]) == 4
        await press(pilot, "e")
        assert view(pilot).cursor == 304
        await press(pilot, "e")
        assert view(pilot).cursor == 200
        await press(pilot, "escape")
        assert not [line for line in screen_lines(pilot.app) if line[1:2] == "▌"]


async def test_no_traceback_is_said(tmp_path):
    path = tmp_path / "log"
    path.write_text(steps(5))
    async with opened_files(path) as pilot:
        await press(pilot, "e")
        assert "no traceback in this log" in state(pilot)


async def test_last_minutes(tmp_path):
    path = tmp_path / "log"
    path.write_text(steps(3600))
    os.utime(path, (1767358800, 1767358800))
    async with opened_files(path) as pilot:
        for wanted in ("line 61 of 61", "line 301 of 301", "line 901 of 901", "line 3,600 of 3,600"):
            await press(pilot, "m")
            assert wanted in state(pilot)
        await press(pilot, "m")
        assert "of 3,600" in state(pilot) and "last" not in state(pilot)
        await press(pilot, "m", "escape")
        assert "of 3,600" in state(pilot)


async def test_wrapping_shows_all_of_a_line_and_times_go(log):
    with log.open("a") as file:
        file.write("13:00:01 " + "word " * 60 + "END\n")
    async with opened_files(log) as pilot:
        assert "END" not in screen_text(pilot.app) and "›" in in_sight(pilot)[-1]
        await press(pilot, "w")
        assert "END" in in_sight(pilot)[-1] and "wrapped" in state(pilot)
        await press(pilot, "k")
        assert view(pilot).cursor == 308
        await press(pilot, "g", "G")
        assert "END" in in_sight(pilot)[-1]
        await press(pilot, "w", "t")
        assert in_sight(pilot)[-1].startswith("word word") and "no times" in state(pilot)
        await press(pilot, "t")
        assert in_sight(pilot)[-1].startswith("13:00:01 word")


async def test_sideways(log):
    with log.open("a") as file:
        file.write("0123456789" * 12 + "\n")
    async with opened_files(log) as pilot:
        await press(pilot, "l", "right")
        assert in_sight(pilot)[-1].startswith("234567890")
        await press(pilot, "l", "l", "l")
        assert in_sight(pilot)[-1].endswith("789")
        await press(pilot, "h", "left", "h", "h")
        assert in_sight(pilot)[-1].startswith("0123")


async def test_copying_lines(log, monkeypatch):
    monkeypatch.delenv("TMUX", raising=False)
    async with opened_files(log) as pilot:
        written = []
        monkeypatch.setattr(pilot.app._driver, "write", written.append)
        await pilot.press("c")
        await settled(pilot)
        assert "copied 1 line" in state(pilot)
        await pilot.press("k", "space", "k", "k")
        await settled(pilot)
        assert "3 lines marked" in state(pilot)
        await pilot.press("c")
        await settled(pilot)
        import base64

        texts = [base64.b64decode(text[7:-1]).decode() for text in written if text.startswith("\x1b]52;c;")]
        assert texts[0] == "13:00:00 end"
        assert texts[1].splitlines()[-1].startswith("RuntimeError") and len(texts[1].splitlines()) == 3
        await pilot.press("space", "shift+up", "shift+down", "shift+up")
        await settled(pilot)
        assert "2 lines marked" in state(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert view(pilot).marked is None


async def test_saving_asks_for_a_name_and_never_replaces_unasked(log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.log.txt").write_text("mine")
    async with opened_files(log) as pilot:
        await typed(pilot, "slash", "epoch 2 step 9")
        await press(pilot, "ctrl+s")
        assert isinstance(pilot.app.screen, SaveDialog)
        await press(pilot, "enter")
        assert "is there already" in screen_text(pilot.app)
        assert (tmp_path / "train.log.txt").read_text() == "mine"
        await press(pilot, "escape")
        assert (tmp_path / "train.log.txt").read_text() == "mine"
        await press(pilot, "ctrl+s", "end", "2")
        await pilot.press("enter")
        while isinstance(pilot.app.screen, SaveDialog):
            await pilot.pause(0.01)
        await settled(pilot)
        saved = (tmp_path / "train.log.txt2").read_text().splitlines()
        assert len(saved) == 11 and all("epoch 2 step 9" in line for line in saved)
        assert "saved 11 lines" in state(pilot)
        await press(pilot, "ctrl+s", "enter")
        await pilot.press("enter")
        while isinstance(pilot.app.screen, SaveDialog):
            await pilot.pause(0.01)
        assert (tmp_path / "train.log.txt").read_text().count("\n") == 11


async def test_what_cannot_be_saved_says_why(log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with opened_files(log) as pilot:
        await press(pilot, "ctrl+s")
        await pilot.press("home", *"no/such/", "enter")
        while "No such file" not in screen_text(pilot.app):
            await pilot.pause(0.01)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, LogsScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (61, 16)])
async def test_hostile_bytes_reach_the_terminal_as_cells_only(tmp_path, size):
    path = tmp_path / "hostile"
    path.write_bytes(HOSTILE)
    async with opened_files(path, size=size) as pilot:
        for keys in ((), ("w",), ("w", "g"), ("l",)):
            await press(pilot, *keys)
            strips = pilot.app.screen._compositor.render_strips()
            assert all(strip.cell_length == size[0] for strip in strips)
            for strip in strips:
                for segment in strip:
                    assert not segment.control
                    for character in segment.text:
                        assert unicodedata.category(character) not in ("Cc", "Cs"), repr(character)
                        assert character not in "\u202e\u200f\u2067"
        text = screen_text(pilot.app)
        assert "owned" not in text and "b3duZWQ" not in text


async def test_merged_lines_carry_their_names(tmp_path):
    a, b = tmp_path / "attention", tmp_path / "i3d"
    a.write_text(steps(20, "A", 0, 2))
    b.write_text(steps(20, "B", 1, 2) + "no stamp\n")
    for path in (a, b):
        os.utime(path, (1767358800, 1767358800))
    async with opened_files(a, b) as pilot:
        assert [line.split()[0] for line in in_sight(pilot)[-4:]] == ["i3d", "attention", "i3d", "i3d"]
        assert in_sight(pilot)[-1] == "i3d       no stamp"
        with a.open("a") as file:
            file.write("12:00:37 late\n12:05:00 new\n")
        pilot.app.screen.tick()
        await read(pilot)
        assert in_sight(pilot)[-1] == "attention 12:05:00 new"
        assert any("late" in line for line in in_sight(pilot)[-5:-2])


async def test_every_key_of_the_screen_is_in_its_help_and_in_these_tests(log):
    tested = set("fNenmwtck0123jkgGhlq/") | {"slash", "ampersand", "ctrl+f", "n", "e", "m", "ctrl+s"}
    assert {key for item in LOG_COMMANDS for key in item.key.split(",")} <= tested
    async with opened_files(log, size=(120, 60)) as pilot:
        await pilot.press("question_mark")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)
        text = screen_text(pilot.app)
        for item in LOG_COMMANDS:
            assert item.name in text
        await pilot.press("escape", "colon")
        await settled(pilot)
        await pilot.press(*"wrap", "enter")
        await settled(pilot)
        await pilot.pause()
        while not view(pilot).wrapping:
            await pilot.pause(0.01)


async def test_q_leaves(log):
    async with opened_files(log) as pilot:
        await pilot.press("q")
        await settled(pilot)
        assert not pilot.app.is_running or pilot.app._exit


async def test_the_fleet_opens_it_on_l_l_on_enter_and_on_capital_l(opened, tmp_path):
    for keys in (("l", "l"), ("l", "enter"), ("L",)):
        async with opened(racing()) as pilot:
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            await read(pilot)
            assert isinstance(pilot.app.screen, LogsScreen)
            assert "saved checkpoint epoch 14" in screen_text(pilot.app)
            await pilot.press("escape")
            await settled(pilot)
            assert isinstance(pilot.app.screen, FleetScreen)


async def test_tagged_workers_are_merged_and_the_fleets_lines_go_on(opened):
    story = racing()
    story.log("pretrained", "here", "12:41:01 from the other\n")
    async with opened(story) as pilot:
        await pilot.press("space", "space", "L")
        await settled(pilot)
        await read(pilot)
        assert any(line.startswith("pretrained 12:41:01 from the other") for line in in_sight(pilot))
        assert in_sight(pilot)[-1].startswith("attention  12:41:02 saved checkpoint")
        story.log("attention", "here", "12:41:03 and on\n")
        pilot.app.source.becomes(story.fleet)
        pilot.app.screen.tick()
        await read(pilot)
        assert in_sight(pilot)[-1] == "attention  12:41:03 and on"


async def test_a_mirrored_file_is_read_whole(opened, tmp_path):
    path = tmp_path / "train.log"
    path.write_text(steps(9000))
    async with opened(racing()) as pilot:
        pilot.app.source.log_files[key_of("attention", "here")] = path
        await pilot.press("L")
        await settled(pilot)
        await read(pilot)
        assert "of 9,000" in state(pilot)


async def test_a_worker_that_never_ran_has_none(opened):
    async with opened(busy()) as pilot:
        await pilot.press(*["j"] * 4, "L")
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen) and "there is no log" in screen_text(pilot.app)


def test_windows_and_marks():
    line = (("ab日本", "text"), ("cd", "bad"))
    assert window(line, 0, 4) == (("ab日", "text"),)
    assert window(line, 3, 4) == ((" 本", "text"), ("c", "bad"))
    assert width_of(window(line, 3, 2)) == 2
    assert marked(line, [(1, 3), (5, 6)]) == (
        ("a", "text"),
        ("b日", "text match"),
        ("本", "text"),
        ("c", "bad"),
        ("d", "bad match"),
    )
