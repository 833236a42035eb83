"""Progress of transfers in lines."""

import io

from console.commands.moving import print_moving
from console.frame import Paper
from console.source import Step

STEPS = (
    Step("a", "looking"),
    Step("a", "1/2 files", share=0.5),
    Step("b", "looking"),
    Step("b", "gone wrong", ok=False, mend="mend it"),
    Step("a", "pulled 2 files", ok=True),
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


async def told():
    for step in STEPS:
        yield step


async def test_a_terminal_shows_one_line_for_each_and_keeps_the_verdicts(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    out, last = Terminal(), {}
    assert not await print_moving(told(), Paper(out, ascii=False), last)
    assert last["a"] == STEPS[4] and last["b"] == STEPS[3]
    assert screen(out.getvalue()) == ["✗ b: gone wrong — mend it", "✓ a: pulled 2 files"]


async def test_elsewhere_only_what_is_worth_a_line():
    out = io.StringIO()
    await print_moving(told(), Paper(out))
    assert "1/2" not in out.getvalue() and out.getvalue().count("\n") == 4


def screen(text):
    """What is left on a terminal: only lines up, wipe below, and colours are used."""
    lines, row = [], 0
    for told in text.replace("\x1b[J", "").split("\n"):
        part = told
        while part.startswith("\x1b[") and part.split("F")[0][2:].isdigit():
            count, _, part = part[2:].partition("F")
            row -= int(count)
            del lines[row:]
        lines[row:] = [part]
        row += 1
    colours = ("\x1b[0m", "\x1b[31m", "\x1b[32m")
    for colour in colours:
        lines = [line.replace(colour, "") for line in lines]
    return [line for line in lines if line]
