"""The first frame from memory: shown with its age, cut to the terminal, harmless; nothing where there is none."""

import io
import os
import re

import pytest

from console import afterimage

SIZE = os.terminal_size((30, 5))


def shown(path, now=100.0, size=SIZE):
    stream = io.StringIO()
    return afterimage.show(path, stream, now=now, size=size), stream.getvalue()


def test_it_is_shown_with_its_age_and_cut_to_the_terminal(tmp_path):
    path = afterimage.path_of(tmp_path, tmp_path / "config.toml")
    afterimage.keep(path, ["trajconsole  old head", *(f"worker {n} " + "x" * 80 for n in range(9))], 40.0)
    done, text = shown(path, now=40.0 + 35 * 60)
    lines = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", text).split("\r\n")
    assert done and lines[0] == "trajconsole   as it was 35 min" and "old head" not in text
    assert lines[1].startswith("worker 0") and len(lines) == 5 and all(len(line) <= 30 for line in lines)


def test_what_was_on_the_screen_can_do_nothing_to_the_terminal(tmp_path):
    path = tmp_path / "x.screen"
    afterimage.keep(path, ["head", "a\x1b]0;owned\x07\x9b2Jb\x00"], 40.0)
    assert "\x07" not in shown(path)[1] and "\x1b]" not in shown(path)[1] and "\x9b" not in shown(path)[1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"time": 1}', '{"time": "x", "lines": []}', '{"time": 1, "lines": 3}']
)
def test_one_that_cannot_be_read_is_none(tmp_path, text):
    path = tmp_path / "x.screen"
    assert shown(path) == (False, "")
    path.write_text(text)
    assert shown(path) == (False, "")


def test_each_configuration_has_its_own(tmp_path):
    assert afterimage.path_of(tmp_path, tmp_path / "a") != afterimage.path_of(tmp_path, tmp_path / "b")


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    afterimage.keep(tmp_path / "file" / "x.screen", ["a"], 1.0)
