"""One nasty stream, put wherever text comes from elsewhere, goes through every screen, the plain frame and the report.
In what would be sent to the terminal nothing of it steers the terminal, and every line is as wide as the screen.
"""

import io
import json
import re
import unicodedata

import pytest
from screen_text import screen_text, settled
from test_actions import until
from tui_fleets import GIB, NOW, RACE, TRAINING, FakeActions, Story, criteria, curve, run_of, told_once

from console.examine import Found
from console.fleet.view import host_rows, race_views, worker_rows
from console.format import plural
from console.frame import Paper, status_lines
from console.report.contents import gather
from console.report.markdown import markdown
from console.report.page import page
from console.screens.compare import CompareScreen
from console.screens.fleet import FleetScreen
from console.screens.help import HelpScreen
from console.screens.host import HostScreen
from console.screens.logs import LogsScreen
from console.screens.pull import PullDialog
from console.screens.standings import StandingsScreen
from console.screens.stop import StopDialog
from console.screens.worker import WorkerScreen
from console.source import Step
from remote.adoption import Foreign
from remote.events import Block, Cache, Disk, Document, Facts, Gpu, GpuProcess, LinkState, Telemetry

MARK = "Zq7"  # stands in what must be swallowed: titles, the clipboard, names of links
NASTY = (
    f"\x1b[2J\x1b[31m[red]r[/red]\x1b]0;{MARK}\x07\x1b]52;c;{MARK}=\x07\x1b]8;;http://{MARK}\x1b\\l\x1b[5;5H\x9b7m"
    f"\x1bP{MARK}\x1b\\\x00\x07\b\ufffd\u202eRTL\u2067\u200f日本🎉"
)
LOG = (NASTY + "\n").encode() + b"\xff\xfe \xc3( bad\n 10%\r 99%\n" + b"x" * 10_000_000 + b"\n" + (NASTY * 9).encode()
STEERS = re.compile(r"\x1b\[[\d;]*m")  # colours: the only sequences that a screen's own lines have


class NastyActions(FakeActions):
    """A host whose programs answer like that too."""

    def _do(self, name, workers):
        self.asked.append((name, workers))
        yield Step(NASTY, NASTY)
        yield Step(NASTY, NASTY, ok=False)

    def examine(self, host):
        yield Found(NASTY, NASTY, False, NASTY, NASTY)

    def foreign(self, host):
        return (Foreign(1, session=NASTY, socket=NASTY), Foreign(2, command=NASTY, used_s=1.0, age_s=2.0))


@told_once
def nasty() -> Story:
    """Two live runs of a race and a failed one, on a host of which every word is like that."""
    process = GpuProcess(1, GIB, NASTY, NASTY)
    gpu = Gpu(0, NASTY, NASTY, 0.5, GIB, 2 * GIB, 50.0, processes=(process,), slowed_by=(NASTY,))
    lost = Gpu(1, NASTY, error=NASTY)
    story = Story().host("here")
    size = 400 * GIB
    disks = (Disk(NASTY, NASTY, NASTY, 100, 99, 1), Disk("/", "/dev/sda1", "ext4", size, int(size * 0.97), size // 50))
    part = Block("sda1", NASTY, "partition", size, below=("sda",), mount=NASTY)
    blocks = (Block("sda", NASTY, "disk", size * 2), part)
    told = Telemetry(8, NOW, 8.0, 0.5, 2.0, GIB, 9 * GIB, gpus=(gpu, lost), gpu_error=NASTY, disks=disks)
    story.tell("here", told, Facts(blocks, (Cache(NASTY, NASTY, GIB, True, NASTY),)), LinkState("connected", NASTY))
    rule = {"metric": NASTY, "op": ">=", "threshold": 0.5, "value": 0.1, "passed": False}
    stopping = {**criteria(0.5, 1.2, 0.4), "criteria": [rule, *criteria(0.5, 1.2, 0.4)["criteria"]]}
    events = ({"t": NOW - 9, "kind": NASTY, "text": NASTY, "message": NASTY, NASTY: NASTY},)
    words = {"message": NASTY, "reason": NASTY, "notes": [NASTY], "figures": [f"figures/{NASTY}.png"]}
    status = {**TRAINING, **words, "stopping": stopping, "metrics": {NASTY: 1.0, "loss": 0.1}, "epoch": 9, "epochs": 20}
    rows = tuple({**row, NASTY: 1.0} for row in curve(9))
    for worker in ("attention", "pretrained"):
        story.plan(worker, "here", NOW - 900)
        story.worker(worker, "here", "training", race=RACE, rows=rows, events=events, log="begin\n", **status)
        config = f'task = "x"\n[run]\nepochs = {len(worker)}\n[x]\n"y" = {json.dumps(NASTY, ensure_ascii=False)}\n'
        folder = f"runs/{run_of(worker)}"
        story.tell("here", Document(folder, "run.toml", f'{config}[origin]\nworker = "{worker}"\nrace = "{RACE}"\n'))
        story.log(worker, "here", LOG if worker == "attention" else NASTY + "\n")
    story.plan(NASTY, NASTY, NOW - 40_000)
    trace = f"Traceback (most recent call last):\n{NASTY}\n"
    return story.worker("bad", "here", "failed", exit={"code": 1}, alive=False, log=trace, **words)


def check(app, size) -> None:
    """What the terminal would be sent."""
    for strip in app.screen._compositor.render_strips():
        assert strip.cell_length == size[0] and not any(segment.control for segment in strip)
        harmless(strip.render(app.console))


def harmless(sent: str) -> None:
    """Colours, and letters that are only letters."""
    for character in STEERS.sub("", sent).replace("\n", ""):
        assert unicodedata.category(character) not in ("Cc", "Cs"), repr(character)
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    assert MARK not in sent


SCREENS = {
    "fleet": ([], FleetScreen, ["right_square_bracket"] * 5),
    "worker": (["enter"], WorkerScreen, ["right_square_bracket"] * 5),
    "log": (["L"], LogsScreen, ["w", "g", "slash", "R", "T", "L", "enter", "e"]),
    "merged logs": (["space", "space", "L"], LogsScreen, ["w", "g", "t"]),
    "compare": (["c"], CompareScreen, ["right_square_bracket"] * 3),
    "race": (["v"], StandingsScreen, ["right_square_bracket"] * 2),
    "host": (["1", "enter"], HostScreen, ["c", "T", "A", *["right_square_bracket"] * 5]),
    "stop": (["x"], StopDialog, ["enter"]),
    "pull": (["p"], PullDialog, ["enter"]),
    "help": (["question_mark"], HelpScreen, ["pagedown"]),
}


@pytest.mark.parametrize("name", SCREENS)
async def test_no_screen_lets_it_through(opened, tmp_path, name):
    size = (120, 40)
    keys, kind, more = SCREENS[name]
    async with opened(nasty(), size, actions=NastyActions()) as pilot:
        source = pilot.app.source
        if kind is LogsScreen:
            (tmp_path / "log").write_bytes(LOG)
            source.log_files = dict.fromkeys(source.fleet.runs, tmp_path / "log")
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        await until(pilot, lambda: isinstance(pilot.app.screen, kind))
        await settled(pilot)
        check(pilot.app, size)
        shown = screen_text(pilot.app)
        for key in more:
            await pilot.press(key)
            await settled(pilot)
            check(pilot.app, size)
            shown += screen_text(pilot.app)
        if name in ("fleet", "worker", "host", "log"):
            assert "[red]r[/red]" in shown, "the nasty text was not on this screen at all"


def test_nor_the_plain_frame_nor_the_report(tmp_path):
    fleet = nasty().fleet
    races = {NASTY: ("attention", "pretrained"), "persistence": ("attention", "pretrained")}
    out = io.StringIO()
    paper = Paper(out)
    views = race_views(fleet, races, NOW)
    for text, tone in status_lines(host_rows(fleet, NOW), worker_rows(fleet, NOW), views, NOW, NASTY):
        paper.line(text, tone)
    harmless(out.getvalue())
    assert "[red]r[/red]" in out.getvalue() and plural(1, "host") in out.getvalue()
    contents = gather(fleet, races, NOW, problems=[NASTY])
    for text in (markdown(contents), page(contents)):
        harmless(text)
        assert "r" in text
