"""Hostile text: nothing in it may reach the terminal as anything but cells."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.plain import plain

HOSTILE = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]0;\x07\r\b\t\x00\x9b\u202e31mHJ?")), max_size=80
)


@given(HOSTILE)
def test_nothing_that_is_left_controls_a_terminal(text):
    for character in plain(text):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(character)
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_ascii_stays_as_it_is(text):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;new title\x07loss 0.3", "loss 0.3"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x9b31mred", "red"),
        (" 10%|#   |\r 50%|##  |\r100%|####|", "100%|####|"),
        ("abc\b\bX", "aX"),
        ("a\tb", "a   b"),
        ("a\x00b", "a␀b"),
        ("[red]not markup[/red]", "[red]not markup[/red]"),
        ("naïve 日本 🎉", "naïve 日本 🎉"),
        ("user\u202egnp.exe", "user�gnp.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("ends\r\n", "ends"),
        ("\x1bP1$r0m\x1b\\after", "after"),
        ("\x1b", ""),
    ],
)
def test_examples(raw, shown):
    assert plain(raw) == shown
