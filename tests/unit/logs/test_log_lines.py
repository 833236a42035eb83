"""One line: its colours, its time, whether it is wanted; and tracebacks. All from bytes that somebody else wrote."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.clipboard import MOST, osc52
from console.logs.ansi import Look, nearest, shown, spans
from console.logs.match import Bad, Matcher
from console.logs.reading import HeldText
from console.logs.stamps import Clock, stamp
from console.logs.traces import Traces, alarming, block_length

PIECES = [b"\x1b[31m", b"\x1b[0m", b"\x1b[1;38;5;196m", b"\x1b[48;2;1;2;3m", b"\x1b]52;c;eA==\x07", b"\x1b]0;t\x07"]
PIECES += [
    b"\x1b[2J",
    b"\x9b",
    b"\xff",
    b"\x00",
    b"\r",
    b"\b",
    b"\t",
    "日".encode(),
    "\u202e".encode(),
    b"[red]",
    b"ab ",
]
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=30).map(b"".join)


@given(HOSTILE)
def test_pieces_are_the_shown_text_and_control_nothing(raw):
    parts = spans(raw)
    text = "".join(part for part, _ in parts)
    assert text == shown(raw)
    for character in text:
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(character)
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"\x1b[31mred\x1b[0m plain", [("red", "red"), (" plain", "")]),
        (b"\x1b[1;32mok\x1b[22m on", [("ok", "green bold"), (" on", "green")]),
        (b"\x1b[38;5;196mx", [("x", "red")]),
        (b"\x1b[38;2;10;250;20mx", [("x", "green")]),
        (b"\x1b[97;41mwhite on red", [("white on red", "red reverse")]),
        (b"\x1b[7;41mtwice", [("twice", "red")]),
        (b"\x1b[33m 10%\r 50%\r100%", [("100%", "yellow")]),
        (b"\x1b[2Jgone\x1b]0;title\x07", [("gone", "")]),
        (b"[red]not markup[/red]", [("[red]not markup[/red]", "")]),
        (b"\x1b[99999999999mx", [("x", "")]),
    ],
)
def test_colours(raw, wanted):
    assert spans(raw) == wanted


@given(st.text(alphabet="0123456789;:", max_size=40))
def test_no_sequence_of_numbers_fails(codes):
    look = Look()
    look.take(codes)
    assert look.names is not None


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_has_a_name(rgb):
    assert nearest(rgb) in ("grey", "white", "red", "green", "yellow", "blue", "magenta", "cyan")


@pytest.mark.parametrize(
    ("raw", "seconds", "dated"),
    [
        (b"12:40:58 epoch", 45658.0, False),
        (b"[12:40:58.250] x", 45658.25, False),
        (b"2026-01-02 12:41:03,500 x", 1767357663.5, True),
        (b"2026-01-02T12:41:03Z x", 1767357663.0, True),
        (b"2026-01-02T14:41:03+02:00 x", 1767357663.0, True),
        (b"INFO 2026/01/02 12:41:03 x", 1767357663.0, True),
        (b"\x1b[32m2026-01-02 12:41:03\x1b[0m x", 1767357663.0, True),
        (b"I0102 12:41:03.5 glog", 45663.5, False),
    ],
)
def test_stamps(raw, seconds, dated):
    found = stamp(raw)
    assert found is not None and (found.seconds, found.dated) == (seconds, dated)


@pytest.mark.parametrize(
    "raw", [b"", b"epoch 1", b"25:00:00 x", b"12:61:00", b"2026-13-01 00:00:00", b"0000-01-01 00:00:00"]
)
def test_what_is_no_stamp(raw):
    assert stamp(raw) is None


@given(
    st.one_of(st.binary(max_size=60), st.from_regex(rb"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[.,]\d{1,9}[+-]\d{4}"))
)
def test_no_bytes_make_a_stamp_fail(raw):
    found = stamp(raw)
    assert found is None or found.seconds == found.seconds


def test_a_stamp_without_a_zone_takes_it_from_the_beginning_of_its_run():
    began = 1767357663.0  # 12:41:03 UTC; this host writes two hours more
    clock = Clock(HeldText(b"14:41:05 first\n"), began)
    assert clock.when(stamp(b"14:41:05 first"), None) == began + 2
    dated = Clock(HeldText(b"2026-01-02 14:41:05 first\n"), began)
    assert dated.when(stamp(b"2026-01-02 14:42:05"), None) == began + 62


def test_a_day_goes_by():
    began = 1767398390.0  # 23:59:50 UTC
    lines = [b"23:59:55 a", b"  of a", b"00:00:05 b", b"23:59:59 late", b"00:00:06 c"]
    clock = Clock(HeldText(b"\n".join(lines)), began)
    assert [when - began for when in clock.times(iter([(line, 0) for line in lines]))] == [5, 5, 15, 15, 16]


def test_lines_without_stamps_have_the_time_at_which_they_came():
    file = HeldText(b"x" * 100, 1100.0)
    clock = Clock(file, 1000.0)
    assert clock.came(50) == 1050.0 and not clock.stamped
    clock.arrived(200, 1200.0)
    assert clock.came(150) == 1150.0
    assert clock.came(10_000) == 1200.0


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?P<", "a{1000}{1000}", "(((a{1000}){1000}){1000})", "x" * 501])
def test_what_is_no_pattern_says_so(pattern):
    with pytest.raises(Bad):
        Matcher(pattern)


@given(st.text(max_size=30))
def test_no_text_makes_a_pattern_crash(text):
    try:
        matcher = Matcher(text)
    except Bad:
        return
    assert matcher(b"some line [red] 12:00:00") in (True, False)
    assert len(matcher.ordinals(b"one\ntwo\n\x1b[31mthree")) <= 3


@given(
    st.sampled_from(
        ["a", "A", "!a", "a$", "^b", "a\\s+b", "[^a]", "a|c", "b(?!a)", "\\bab\\b", "a.*b", "ä", "\\Aa", "a++b"]
    ),
    st.lists(
        st.sampled_from([b"a", b"b", b"ab", b"a b", b"c a", b"", b"A", "ä".encode(), b"\x1b[1ma\x1b[0mb"]), max_size=12
    ),
)
def test_a_chunk_is_searched_as_its_lines_are(pattern, lines):
    matcher = Matcher(pattern)
    data = b"\n".join(lines)
    wanted = [n for n, line in enumerate(data.split(b"\n")) if matcher(line)]
    assert list(matcher.ordinals(data)) == wanted


def test_small_letters_find_both_cases():
    assert Matcher("error")(b"ERROR") and not Matcher("Error")(b"ERROR")


def test_a_pattern_that_takes_for_ever_is_given_up():
    matcher = Matcher(r"^(a|aa)+$")
    hard = b"\n".join(b"a" * 60 + b"!" for _ in range(60))
    begin = time.monotonic()
    found = matcher.ordinals(hard)
    assert not found and matcher.hopeless
    assert time.monotonic() - begin < 60  # not for ever


def test_what_is_found_is_marked():
    assert Matcher("lo+").spans("loo lo l") == [(0, 3), (4, 6)]
    assert Matcher("!lo").spans("loo") == [] and Matcher("x*").spans("abc") == []


TRACEBACK = """Traceback (most recent call last):
  File "a.py", line 1, in <module>
    main()
ValueError: first
more of its text

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 2, in f
    g()
RuntimeError: second
epoch 2""".splitlines()


def test_a_chain_of_tracebacks_is_one_block():
    assert block_length(TRACEBACK) == len(TRACEBACK) - 1
    assert block_length([f"[rank0]: {line}" for line in TRACEBACK[:4]] + ["epoch 1"]) == 4
    assert block_length(TRACEBACK[:2]) == 2 and block_length(["panic: x"]) == 1 and block_length([]) == 0


@given(st.lists(st.sampled_from([*TRACEBACK, "", " x"]), max_size=30))
def test_a_block_is_never_longer_than_what_there_is(lines):
    assert 0 <= block_length(lines) <= len(lines)


def test_traces_and_alarms():
    assert list(Traces().ordinals(b"a\nTraceback (most recent call last):\nb")) == [1]
    assert list(Traces().ordinals(b"a\nb")) == []
    assert alarming("loss nan") and alarming("ValueError: x") and not alarming("epoch 1 terror")


def test_copying_reaches_the_terminal_through_tmux_too():
    assert osc52("hé", {}) == ("\x1b]52;c;aMOp\x07", 2)
    inside, _ = osc52("hé", {"TMUX": "x"})
    assert inside.endswith("\x1bPtmux;\x1b\x1b]52;c;aMOp\x07\x1b\\")
    sequence, kept = osc52("é" * 80_000, {})
    assert kept < 80_000 and len(sequence) < MOST + 20
