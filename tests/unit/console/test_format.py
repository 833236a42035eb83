"""Figures: they fit their columns, whatever the value, and say what they mean."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import format as fmt

ANY = st.floats(allow_nan=True, allow_infinity=True)
TIMES = st.floats(min_value=0, max_value=1e9)


@given(ANY)
def test_a_number_fits_eight_cells_and_reads_back(value):
    text = fmt.number(value)
    assert len(text) <= 8
    if math.isfinite(value) and value and abs(value) < 1e300:
        share = 0.06 if 1e-99 < abs(value) < 9e99 else 0.6  # one digit is left beside a long exponent
        assert float(text.replace(",", "")) == pytest.approx(value, rel=share, abs=0.0006)


@given(TIMES)
def test_ages_fit_four_cells(seconds):
    assert len(fmt.age(seconds)) <= 4


@given(st.integers(min_value=0, max_value=2**63))
def test_sizes_fit_five_cells(amount):
    assert len(fmt.size(amount)) <= 5


@given(st.one_of(st.none(), ANY), st.integers(0, 60))
def test_a_bar_is_as_wide_as_it_was_asked_to_be(share, width):
    assert len("".join(fmt.bar(share, width))) == width


@given(ANY)
def test_a_level_is_one_cell(share):
    assert fmt.cell_len(fmt.level(share)) == 1


@given(st.text(), st.integers(0, 40))
def test_fit_and_right_have_exactly_that_width(text, width):
    text = "".join(character for character in text if character.isprintable())
    assert fmt.cell_len(fmt.fit(text, width)) == width
    assert fmt.cell_len(fmt.right(text, width)) == width


@given(st.text(alphabet="ab日é/", max_size=40), st.integers(2, 40))
def test_the_end_of_a_path_stays(text, width):
    short = fmt.fit_end(text, width)
    assert fmt.cell_len(short) <= width
    assert text.endswith(short.removeprefix("…"))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (fmt.number(0.3121), "0.312"),
        (fmt.number(12.3456), "12.35"),
        (fmt.number(1204.4), "1,204"),
        (fmt.number(1.2e-5), "1.2e-05"),
        (fmt.number(0.99996), "1.000"),
        (fmt.number(-math.inf), "-inf"),
        (fmt.number(None), fmt.UNKNOWN),
        (fmt.size_of(int(12.9 * 2**30), 23 * 2**30), "12.9/23G"),
        (fmt.size_of(None, 23 * 2**30), "23G"),
        (fmt.size(1023), "1K"),
        (fmt.timer(31), "0:31"),
        (fmt.timer(7635), "2:07:15"),
        (fmt.timer(400_000), "4d 15h"),
        (fmt.span(0.4), "0.4 s"),
        (fmt.span(41), "41 s"),
        (fmt.span(180), "3 min"),
        (fmt.span(7620), "2 h 07 min"),
        (fmt.span(32_400), "9 h"),
        (fmt.span(300_000), "3 d"),
        (fmt.age(99.4), "99s"),
        (fmt.age(640), "11m"),
        (fmt.percent(0.976), "98%"),
        (fmt.plural(1, "worker"), "1 worker"),
        (fmt.plural(1200, "worker"), "1,200 workers"),
        ("".join(fmt.bar(0.5, 6)), "━━━───"),
        (fmt.fit("attention", 6), "atten…"),
    ],
)
def test_examples(made, expected):
    assert made == expected
