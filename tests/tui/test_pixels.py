"""Pictures in real pixels: by the environment's word, and through a real pseudo terminal."""

import os
import pty
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from chart_stories import png

from console.widgets.picture import decoded, fitted, half_blocks
from console.widgets.pixels import cell_size, way

SHOW = """
import sys
from pathlib import Path
from textual.app import App
from console.widgets.picture import PictureView
class Show(App):
    CSS = "PictureView { height: 1fr; }"
    def compose(self):
        yield PictureView()
    def on_ready(self):
        self.query_one(PictureView).show(Path(sys.argv[1]).read_bytes())
        self.set_timer(0.5, self.exit)
Show().run()
"""


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, "blocks"),
        ({"TERM": "foot", "TRAJCONSOLE_PICTURES": "blocks"}, "blocks"),
        ({"TMUX": "/tmp/x", "TRAJCONSOLE_PICTURES": "sixel"}, "sixel"),
    ],
)
def test_the_environment_says_which_terminal_it_is(env, wanted):
    assert way(env) == wanted


def terminal(pixels: tuple[int, int]) -> tuple[int, int]:
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 24, 80, *pixels))
    return leader, follower


@pytest.mark.parametrize(
    ("wish", "pixels", "sign"),
    [("kitty", (800, 480), b"\x1b_G"), ("sixel", (800, 480), b"\x1bP"), ("sixel", (0, 0), "▀▀▀".encode())],
)
def test_a_picture_goes_out_as_the_terminal_can_draw_it(tmp_path, wish, pixels, sign):
    (tmp_path / "picture.png").write_bytes(png(300, 200))
    leader, follower = terminal(pixels)
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TRAJCONSOLE_PICTURES": wish}
    argv = [sys.executable, "-c", SHOW, str(tmp_path / "picture.png")]
    process = subprocess.Popen(argv, stdin=follower, stdout=follower, stderr=follower, env={**env, "PYTHONPATH": root})
    os.close(follower)
    out = bytearray()
    try:
        while piece := os.read(leader, 1 << 16):
            out += piece
    except OSError:  # the other end is closed: all has been said
        pass
    assert process.wait(30) == 0
    os.close(leader)
    assert sign in out


def test_a_cell_has_a_size_only_where_the_terminal_tells_it(tmp_path):
    leader, follower = terminal((800, 480))
    assert cell_size(follower) == (10, 20)
    with (tmp_path / "no-terminal").open("w") as file:
        assert cell_size(file.fileno()) is None
    os.close(leader)
    os.close(follower)


@pytest.mark.parametrize(("wide", "tall"), [(1, 1), (4000, 3), (3, 4000), (640, 480)])
def test_a_picture_of_any_shape_fits_its_place(wide, tall):
    width, height = fitted(wide, tall, 80, 20)
    assert 1 <= width <= 80 and 1 <= height <= 40
    strips = half_blocks(decoded(png(wide, tall)), 80, 20)
    assert 1 <= len(strips) <= 20 and {strip.cell_length for strip in strips} == {width}


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", png()[:60], b"GIF89a" + bytes(50)])
def test_damaged_pictures_are_told_in_a_sentence(data):
    with pytest.raises(ValueError, match="no picture that can be shown"):
        decoded(data)
