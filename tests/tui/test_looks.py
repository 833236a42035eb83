"""Themes and terminals with few colours or none: every state can still be told."""

import io
import re

import pytest
from screen_text import screen_lines, screen_text, settled
from tui_fleets import busy, crowded, fresh, racing

from console.cli import _parser
from console.clipboard import osc52
from console.fleet.cells import STATES, State
from console.glyphs import FORGOTTEN_S, GLYPHS, LINKS, ascii_twin, glyph
from console.settings import SettingsFile
from console.themes import ANSI, THEMES, WORDS

SGR = re.compile(r"\x1b\[([0-9;:]*)m")
COLOURS = re.compile(r"^(3[0-9]|4[0-9]|9[0-7]|10[0-7])$")


def sent(app):
    """What the terminal gets of the whole screen, as the driver would write it."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="truecolor", width=app.size.width)
    filters = app.get_line_filters()
    for strip in app.screen._compositor.render_strips():
        segments = list(strip)
        for item in filters:
            segments = item.apply(segments, app.screen.styles.background)
        for segment in segments:
            style = segment.style
            out.write(style.render(segment.text, color_system=console._color_system) if style else segment.text)
        out.write("\n")
    return out.getvalue()


def codes(text):
    return [code for found in SGR.findall(text) for code in re.split("[;:]", found) if code]


@pytest.mark.parametrize("keys", [[], ["x"], ["question_mark"], ["1", "enter"], ["C"], ["slash", "a"]], ids=str)
async def test_without_colours_not_a_single_colour_code_is_sent(opened, monkeypatch, keys):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(crowded(), (120, 36)) as pilot:
        await pilot.press(*keys)
        await settled(pilot)
        assert not [code for code in codes(sent(pilot.app)) if COLOURS.match(code)]


@pytest.mark.parametrize("keys", [[], ["x"], ["question_mark"], ["1", "enter"], ["C"], ["colon"]], ids=str)
async def test_the_ansi_theme_uses_only_the_sixteen_colours_of_the_terminal(opened, keys):
    async with opened(crowded(), (120, 36), theme="ansi") as pilot:
        await pilot.press(*keys)
        await settled(pilot)
        text = sent(pilot.app)
        assert "38;2" not in text and "48;2" not in text and "38;5" not in text and "48;5" not in text
        assert {"36", "33"} & set(codes(text)), "and it does use them"


@pytest.mark.parametrize("ascii", [False, True])
def test_every_state_can_be_told_by_sign_and_by_word(ascii):
    twin = ascii_twin if ascii else str
    assert {*STATES} == {*GLYPHS}
    signs = [twin(GLYPHS[name][0]) for name in STATES] + [
        twin(glyph(State("training", "", unreachable_for=1.0))[0]),
        twin(glyph(State("training", "", stalled_for=1.0))[0]),
    ]
    assert len(signs) == len(set(signs)) and len({*LINKS}) == len(LINKS)
    assert not ascii or all(sign.isascii() for sign in signs)


async def test_without_colours_each_row_names_its_state(opened, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(busy(), (120, 36)) as pilot:
        lines = screen_lines(pilot.app)
        for worker, words in {
            "attention": "▶ attention    gpu1  training",
            "magvit": "✗ magvit       gpu1  failed",
            "transformer": "○ transformer  gpu2  planned     planned 9 h ago, never started",
            "eegnex": "◐ 41s",
            "foreign": "‖ 11m",
            "imagenet": "killed      SIGKILL",
        }.items():
            assert any(worker in line and words in line for line in lines), worker
        assert [line for line in lines if line.startswith("›")], "the cursor is a sign, too"


def test_a_forgotten_plan_is_as_loud_as_a_failure():
    assert glyph(State("planned", "", age=FORGOTTEN_S))[1] == "warn"
    assert glyph(State("planned", "", age=5.0))[1] == "quiet"


def _luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The ratio of WCAG."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", [name for name in THEMES if name != ANSI.name])
def test_every_tone_can_be_read_on_its_ground_and_under_the_cursor(name):
    theme = THEMES[name]
    tones = [theme.variables[tone] for tone in ("tone-text", "tone-quiet", "tone-strong", "tone-second")]
    tones += [theme.accent, theme.success, theme.warning, theme.error]
    wanted = 7.0 if name == "contrast" else 4.5
    for tone in tones:
        assert contrast(tone, theme.background) >= wanted, tone
        assert contrast(tone, theme.variables["tone-cursor"]) >= (4.5 if name == "contrast" else 3.0), tone


async def test_a_theme_is_tried_while_choosing_and_kept_when_chosen(opened, tmp_path):
    async with opened(fresh(), settings=SettingsFile(tmp_path)) as pilot:
        app = pilot.app
        app.action_theme()
        await settled(pilot)
        await pilot.press("down")
        assert app.theme == "light"
        await pilot.press("escape")
        await settled(pilot)
        assert app.theme == "dark"
        app.action_theme()
        await settled(pilot)
        await pilot.press(*"blind", "enter")
        await settled(pilot)
        assert app.theme == "colour-blind"
    async with opened(fresh(), settings=SettingsFile(tmp_path)) as pilot:
        assert pilot.app.theme == "colour-blind"
    async with opened(fresh(), settings=SettingsFile(tmp_path), theme="light") as pilot:
        assert pilot.app.theme == "light", "what the command line says goes before what is kept"
    assert SettingsFile(tmp_path).value.theme == "colour-blind"


async def test_a_kept_theme_that_is_no_more_is_no_reason_to_fail(opened, tmp_path):
    SettingsFile(tmp_path).change(theme="mauve")
    async with opened(fresh(), settings=SettingsFile(tmp_path)) as pilot:
        assert pilot.app.theme == "dark"


async def test_what_is_wrong_with_the_settings_is_said_once(opened, tmp_path):
    (tmp_path / "settings.toml").write_text("theme = ")
    async with opened(fresh(), settings=SettingsFile(tmp_path)) as pilot:
        assert "settings could not be read" in screen_text(pilot.app)


async def test_the_looks_of_the_log_and_the_tab_are_kept(opened, tmp_path):
    async with opened(racing(), (120, 36), settings=SettingsFile(tmp_path)) as pilot:
        await pilot.press("w", "t", "right_square_bracket")
        await settled(pilot)
    kept = SettingsFile(tmp_path)
    assert (kept.value.wrap, kept.value.stamps, kept.value.tab) == (True, False, "events")
    async with opened(racing(), (120, 36), settings=kept) as pilot:
        pane = pilot.app.screen.detail.log_pane
        assert (pane.wrapping, pane.stamps, pilot.app.screen.detail.active) == (True, False, "events")


def test_the_command_line_offers_the_themes_that_there_are():
    assert {*THEMES} == {*WORDS}
    assert _parser("").parse_args(["--theme", "colour-blind"]).theme == "colour-blind"
    for name in THEMES:
        assert _parser("").parse_args(["--theme", name, "status"]).theme == name


def test_the_clipboard_of_the_terminal_is_reached_through_tmux():
    plain = "\x1b]52;c;w6k=\a"
    assert osc52("é", {}) == (plain, 1)
    assert osc52("é", {"TMUX": "1"}) == (plain + "\x1bPtmux;\x1b\x1b]52;c;w6k=\a\x1b\\", 1)
