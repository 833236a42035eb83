"""The report: everything is told, nothing of it can be taken for Markdown or HTML, and a browser shows it."""

import html.parser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

sys.path.insert(0, str(Path(__file__).parents[2] / "tui"))

from tui_fleets import NOW, Story, busy, won

from console.report import MARKDOWN, PAGE, write
from console.report.contents import gather
from console.report.curves import ticks
from console.report.markdown import cell, markdown, table
from console.report.page import page

VOID = {"meta", "br"}


class Strict(html.parser.HTMLParser):
    """Every element is closed, by the right name; remembers what is shown, and what would be fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.fetched = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(text):
    parser = Strict()
    parser.feed(text)
    parser.close()
    assert parser.open == [] and parser.fetched == []
    return " ".join(parser.text)


RACE = {"persistence": ("attention", "pretrained")}


def test_workers_race_and_findings_are_told_in_both():
    contents = gather(busy().fleet, RACE, NOW)
    assert contents.workers and contents.charts and contents.findings
    marked, shown = markdown(contents), read(page(contents))
    for row in contents.workers:
        assert row.worker in marked and row.worker in shown
        assert row.state.name in marked and row.state.name in shown
    for _who, item in contents.findings:
        assert item.mend in shown
    for chart in contents.charts:
        assert chart.metric in shown
    lines = [line for line in marked.splitlines() if line.startswith("|")]
    assert {line.count("|") - line.count("\\|") for line in lines[:3]}  # a table is one
    head = next(line for line in lines if "status" in line and "host" in line)
    assert all(word in head for word in ("worker", "status", "epoch", "criteria", "winner"))


def test_what_a_budget_rule_has_done_is_told():
    ruled = {"t": NOW - 60, "event": "race rule", "rule": "patience", "proof": "*no* better", "by": "me@desk"}
    story = Story().host("here")
    for name, events in (("attention", ()), ("pretrained", ({**ruled, "attempt": 1},))):
        story.worker(name, "here", "training", race="persistence-20260102-122800-0a0b", events=events)
    contents = gather(story.fleet, RACE, NOW)
    words = "pretrained: stopped by the rule patience: {}; by me@desk"
    assert words.format("\\*no\\* better") in markdown(contents)
    assert words.format("*no* better") in read(page(contents))


def test_only_the_workers_that_were_asked_for():
    some_row = gather(busy().fleet, RACE, NOW).workers[0]
    contents = gather(busy().fleet, {}, NOW, only=[some_row.worker])
    assert {row.worker for row in contents.workers} == {some_row.worker}


def test_nothing_from_elsewhere_is_markup():
    nasty = "a|b <script>alert(1)</script> [x](http://y) *z*\x1b]0;t\x07\n# no head"
    story = Story().host("<b>|host").plan("w", "<b>|host", NOW - 9 * 3600)
    contents = gather(story.fleet, {nasty: ("w",)}, NOW, problems=[nasty])
    text = page(contents)
    assert "<script>" not in text and "\x1b" not in text
    assert "alert(1)" in read(text) and "<b>|host" in read(text)
    for line in markdown(contents).splitlines():
        assert "\x1b" not in line and not line.startswith("# no head")
    assert cell("a|b\n*c*") == "a\\|b \\*c\\*"


@given(some.lists(some.lists(some.text(max_size=20), min_size=3, max_size=3), max_size=4))
def test_a_table_has_its_columns_whatever_is_in_it(rows):
    for line in table(["a", "b", "c"], [[cell(text) for text in row] for row in rows]):
        assert "\n" not in line and line.replace("\\\\", "").replace("\\|", "").count("|") == 4


@given(some.floats(-1e6, 1e6), some.floats(1e-3, 1e9), some.integers(2, 8))
def test_ticks_are_within_and_few(low, span, about):
    found = ticks(low, low + span, about)
    assert len(found) <= 2 * about + 1
    assert all(low - span * 0.01 <= tick <= low + span * 1.01 for tick in found)


def test_the_files_are_replaced_as_a_whole(tmp_path):
    contents = gather(won().fleet, RACE, NOW)
    for _ in range(2):
        paths = write(contents, tmp_path / "runs")
    assert "won by attention" in paths[0].read_text() and "won by attention" in read(paths[1].read_text())
    assert [path.name for path in paths] == [MARKDOWN, PAGE]
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {MARKDOWN, PAGE}


def test_a_browser_shows_it(tmp_path):
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if browser is None:
        pytest.skip("needs chromium")
    _, path = write(gather(busy().fleet, RACE, NOW), tmp_path)
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", "--dump-dom"]
    done = subprocess.run(
        [browser, *options, f"file://{path}"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0 and "polyline" in done.stdout and "attention" in done.stdout
