"""The screen while the fleet changes: selection, log, pace, hostile text, sizes."""

import time

from screen_text import screen_lines, screen_text, settled
from test_actions import repainted, until
from tui_fleets import LOG, NOW, TRAINING, Story, busy, fresh, key_of, racing, won

from console.format import cell_len
from console.screens.fleet import FleetScreen


async def test_the_cursor_stays_on_its_worker_when_rows_move(opened):
    async with opened(busy()) as pilot:
        await pilot.press("j", "j", "j")
        assert pilot.app.screen.table.selected.worker == "magvit"
        story = busy()
        planned = dict(reversed(story.fleet.planned.items()))
        from dataclasses import replace

        pilot.app.source.becomes(replace(story.fleet, planned=planned))
        await repainted(pilot)
        assert pilot.app.screen.table.selected.worker == "magvit"
        cursor = [line for line in screen_lines(pilot.app) if line.startswith("›")]
        assert len(cursor) == 1 and "magvit" in cursor[0]


async def test_the_filter_works_live_and_escape_clears_it(opened):
    async with opened(busy()) as pilot:
        await pilot.press("slash", *"state=failed".replace("=", " ").split()[0], "equals_sign", *"failed")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "magvit" in text and "slowfast" not in text
        await pilot.press("enter")
        assert pilot.app.focused.id == "workers" and pilot.app.screen.table.selected.worker == "magvit"
        await pilot.press("escape")
        await settled(pilot)
        assert "slowfast" in screen_text(pilot.app) and not pilot.app.screen.query_one("#filter").display
        await pilot.press("slash", *"zzz")
        await settled(pilot)
        assert "none of 9 workers matches zzz" in screen_text(pilot.app)


async def test_the_log_follows_until_somebody_reads_above(opened):
    story = racing()
    async with opened(story, (80, 24)) as pilot:
        story.log("attention", "here", "a new line\n")
        pilot.app.source.becomes(story.fleet)
        await repainted(pilot)
        assert "a new line" in screen_text(pilot.app)
        await pilot.press("l", "up", "up")
        await settled(pilot)
        top = pilot.app.screen.query_one("#log").scroll_offset.y
        story.log("attention", "here", "second\nthird\n")
        pilot.app.source.becomes(story.fleet)
        await repainted(pilot)
        assert pilot.app.screen.query_one("#log").scroll_offset.y == top
        assert "paused, 2 new" in screen_text(pilot.app) and "third" not in screen_text(pilot.app)
        await pilot.press("f")
        await settled(pilot)
        assert "third" in screen_text(pilot.app) and "following" in screen_text(pilot.app)


async def test_a_long_line_is_cut_then_wrapped_and_can_be_scrolled_to(opened):
    story = racing()
    story.log("attention", "here", "12:41:03 " + "word " * 40 + "END\n")
    async with opened(story, (80, 24)) as pilot:
        assert "END" not in screen_text(pilot.app)
        await pilot.press("w")
        await settled(pilot)
        assert "END" in screen_text(pilot.app) and "wrapped" in screen_text(pilot.app)
        await pilot.press("w", "l")
        await settled(pilot)
        await pilot.press(*["right"] * 12)
        await settled(pilot)
        assert "END" in screen_text(pilot.app)


async def test_times_can_be_hidden(opened):
    async with opened(racing(), (80, 24)) as pilot:
        assert "12:41:02 saved checkpoint" in screen_text(pilot.app)
        await pilot.press("t")
        await settled(pilot)
        assert "12:41:02" not in screen_text(pilot.app) and "saved checkpoint" in screen_text(pilot.app)


HOSTILE = (
    b"\x1b[2J\x1b[31mred alert\x1b[0m\n\x1b]0;stolen title\x07after title\n[bold red]markup[/bold red]\n"
    b"nul \x00 byte\nbad utf8 \xff\xfe\n 10%\r 90%\rdone 100%\nwide \xe6\x97\xa5\xe6\x9c\xac end\n"
    b"\xe2\x80\xaereversed\n"
)


async def test_hostile_text_changes_nothing_but_its_own_cells(opened):
    story = Story().host("here")
    name = "[red]x[/]"
    story.plan(name, "here", NOW - 5)
    story.worker("evil", "here", "training", log=HOSTILE.decode("utf-8", "replace"), **TRAINING)
    story.log("evil", "here", HOSTILE)
    story.worker("bad", "here", "failed", reason="\x1b[2J[bold]boom[/bold]\nsecond", exit={"code": 1}, alive=False)
    async with opened(story, (100, 40)) as pilot:
        pilot.app.screen.table.select("evil")
        await settled(pilot)
        lines = screen_lines(pilot.app)
        text = "\n".join(lines)
        for shown in (
            "red alert",
            "after title",
            "[bold red]markup[/bold red]",
            "nul ␀ byte",
            "done 100%",
            "wide 日本 end",
        ):
            assert shown in text
        assert "[bold]boom[/bold]" in text and name in text
        assert "stolen title" not in text and "\x1b" not in text and "\u202e" not in text and " 90%" not in text
        assert all(cell_len(line) <= 100 for line in lines)
        await pilot.press("enter")
        await settled(pilot)
        assert "\x1b" not in screen_text(pilot.app)


async def test_the_ascii_screen_is_ascii(opened):
    async with opened(busy(), (120, 36), ascii=True) as pilot:
        for keys in ([], ["x"], ["escape", "question_mark"], ["escape", "enter"]):
            await pilot.press(*keys)
            await settled(pilot)
            assert screen_text(pilot.app).isascii()


async def test_no_line_is_wider_than_the_terminal_and_resizing_keeps_the_selection(opened):
    async with opened(busy(), (200, 50)) as pilot:
        await pilot.press("j", "j")
        for size in ((60, 16), (79, 24), (121, 30), (160, 45), (50, 10), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            assert all(cell_len(line) <= size[0] for line in screen_lines(pilot.app))
        assert pilot.app.screen.table.selected.worker == "slowfast"
        assert "slowfast" in screen_text(pilot.app)


async def test_below_the_minimum_a_line_says_so(opened):
    async with opened(busy(), (59, 15)) as pilot:
        assert screen_text(pilot.app).strip() == "trajconsole needs 60×16 cells"


async def test_a_storm_of_changes_is_painted_at_a_bounded_rate(opened):
    story = racing()
    looks = []
    from console.screens.picture import Remembering

    class Counted(Remembering):
        def __call__(self, *arguments):
            looks.append(time.monotonic())
            return super().__call__(*arguments)

    async with opened(story, look=Counted()) as pilot:
        looks.clear()
        for n in range(200):
            story.log("attention", "here", f"line {n}\n")
            pilot.app.source.becomes(story.fleet)
        await until(pilot, lambda: "line 199" in screen_text(pilot.app))
        assert len(looks) <= 3


async def test_the_guide_stands_there_until_something_ran(opened):
    words = "Nothing has run yet: R starts the example race here (two workers, about 3 minutes, trains for real)"
    async with opened(fresh(), (120, 36), guide=words) as pilot:
        assert words in screen_text(pilot.app)
        pilot.app.source.becomes(racing().fleet)
        await repainted(pilot)
        assert "Nothing has run yet" not in screen_text(pilot.app)
        assert "making 1,600 clips" in screen_text(pilot.app)


async def test_a_won_race_is_announced_with_its_picture(opened):
    async with opened(racing(), (200, 50)) as pilot:
        assert "wins the race" not in screen_text(pilot.app)
        pilot.app.source.becomes(won().fleet)
        await repainted(pilot)
        text = screen_text(pilot.app)
        assert "attention wins the race persistence" in text and "pretrained: lost the race" in text
        assert f"{key_of('attention', 'here').run}/figures/race.png" in text


async def test_wide_screens_show_criteria_and_charts_beside_the_log(opened):
    for size, beside in (
        ((80, 24), (False, False)),
        ((120, 24), (True, False)),
        ((120, 36), (True, True)),
        ((160, 45), (True, True)),
    ):
        async with opened(racing(), size) as pilot:
            text = screen_text(pilot.app)
            assert LOG.splitlines()[-1] in text
            assert ("why it has not stopped  " in text, "┼" in text) == beside


async def test_the_worker_screen_survives_its_worker(opened):
    async with opened(racing()) as pilot:
        await pilot.press("enter")
        pilot.app.source.becomes(Story().host("here").fleet)
        await repainted(pilot)
        assert "nothing is known of it any more" in screen_text(pilot.app)
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)
        await repainted(pilot)
        assert "no workers: add [workers.NAME] to config.toml" in screen_text(pilot.app)


async def test_the_mouse_selects_and_opens(opened):
    async with opened(busy()) as pilot:
        table = pilot.app.screen.table
        await pilot.click(table, offset=(6, 3))
        await settled(pilot)
        assert table.selected.worker == "slowfast"


async def test_lines_of_a_short_log_are_drawn_as_they_come(opened):
    story = fresh().worker("attention", "here", "training", log="the first line\n", **TRAINING)
    async with opened(story) as pilot:
        await settled(pilot)
        assert "the first line" in screen_text(pilot.app)
        pilot.app.source.becomes(story.log("attention", "here", "the second line\n").fleet)
        await until(pilot, lambda: "the second line" in screen_text(pilot.app))
