"""A server's own words, before a person sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.ssh.interactive import LONGEST, MOST_LINES, Prompt, shown


@given(st.binary(max_size=20_000))
def test_words_are_bounded_and_steer_nothing(data):
    lines = shown(data)
    assert len(lines) <= MOST_LINES
    assert all(line and line.isprintable() and len(line) <= LONGEST for line in lines)


def test_the_last_line_of_many_stays():
    assert shown(b"x\n" * 1000 + b"Code: ")[-1] == "Code:"
    assert shown(b"(odd@gpu1) Password: ") == ["Password:"]


@pytest.mark.parametrize(("text", "echo", "lasting"), [
    ("Password:", False, True),
    ("password", False, True),
    ("Password:", True, False),
    ("One-time password (OATH) for odd:", False, False),
    ("Password & verification code:", False, False),
    ("Verification code:", False, False),
    ("New password:", False, False),
])  # fmt: skip
def test_only_a_plain_password_holds_for_the_next_login(text, echo, lasting):
    assert Prompt(text, echo).lasting is lasting
