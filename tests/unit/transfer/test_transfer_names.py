"""Which names of a host may become paths here."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.transfer import names


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("", "no path below"),
        ("/etc/passwd", "no path below"),
        ("..", "leads out"),
        ("a/../../b", "leads out"),
        ("./a", "leads out"),
        ("a//b", "leads out"),
        ("a/", "leads out"),
        ("a\nb", "control"),
        ("a\x1b[2Jb", "control"),
        ("a\u2028b", "control"),
        ("a\0b", "control"),
        ("\udcff", "UTF-8"),
        ("x" * 250, "too long"),
        ("/".join("x" * 100), "too deep"),
    ],
)
def test_names_that_cannot_be(path, word):
    assert word in names.fault(path)


@pytest.mark.parametrize(
    "path", ["a", "a b/ü.pt", "..a", "a..", "...", "-rf", "$(x)", "a\\b", "'", "checkpoints/e-1.pt"]
)
def test_names_that_can_be(path):
    assert names.fault(path) == ""


@given(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "", "a", "\\", "~"])).map("/".join))
def test_what_is_let_through_stays_below(path):
    if not names.fault(path):
        below = Path("/base", path)
        assert ".." not in below.parts and below.is_relative_to("/base") and below != Path("/base")
        path.encode()


def test_clashes():
    assert names.clashes(["a", "b", "a/b"]) == {"a/b"}
    assert names.clashes(["a", "A", "x/Ä", "x/a\u0308", "x/y"]) == set()
    assert names.clashes(["A", "a", "X/1", "x/2"], case=False) == {"a", "x/2"}
    assert names.clashes(["x/\u00c4", "x/A\u0308"], case=False) == {"x/\u00c4"}


@pytest.mark.parametrize(
    ("path", "glob", "hit"),
    [
        ("checkpoints/a.pt", "*.pt", True),
        ("checkpoints/a.pt", "checkpoints", True),
        ("checkpoints/a.pt", "checkpoints/", True),
        ("checkpoints/a.pt", "check*/a.*", True),
        ("a.pt", "b.*", False),
        ("deep/figures/x.png", "figures", False),
        ("train.log", "TRAIN.log", False),
    ],
)
def test_globs(path, glob, hit):
    assert names.matches(path, [glob]) is hit
