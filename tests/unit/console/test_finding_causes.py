"""The words of errors → what they are and what mends them; silence for words that nobody knows.

tests/data/errors.txt has them: what was said, how its explanation begins, what the mend holds. Those of Python, NumPy
and PyTorch on a CPU were printed by them on a machine like this one, and test_findings.py lets several happen; those of
CUDA and NCCL are as reported in public: no GPU is here to say them.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fleet.findings.causes import Place, explain
from console.fleet.records import first_traceback

HERE = Place("eeg", "gpu1", "me", "/opt/py/bin/python", "", "/home/me/work")

BLOCKS = (Path(__file__).parents[2] / "data" / "errors.txt").read_text().rstrip().split("\n\n")
SAID = {said: (what, mend) for said, what, mend in (block.split("\n") for block in BLOCKS)}

UNKNOWN = (
    "KeyError: 'spiral'",
    "ValueError: alpha must be positive",
    "config: not found in the cache, downloading",
    "loss 0.31, everything as it should be",
    "mine.toml:3: optim.lrr: unknown key",
    "",
)


@pytest.mark.parametrize("text", SAID, ids=range(len(SAID)))
def test_an_error_is_named_as_what_it_is(text):
    what, mend = SAID[text]
    found = explain([text], HERE)
    assert found is not None
    assert found.what.startswith(what) and mend in found.mend


@pytest.mark.parametrize("text", UNKNOWN, ids=range(len(UNKNOWN)))
def test_what_nobody_knows_is_not_explained(text):
    assert explain([text], HERE) is None


@given(st.lists(st.text() | st.sampled_from(sorted(SAID)), max_size=4), st.text(max_size=5))
def test_any_words_are_read(texts, user):
    found = explain(texts, Place(user=user))
    assert found is None or (found.what and found.mend)


def test_the_first_of_several_processes_speaks():
    lines = [
        "[rank1]: Traceback (most recent call last):",
        '[rank1]:   File "/x/train.py", line 3, in <module>',
        "[rank1]: RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x5 and 3x4)",
        "[rank0]: Traceback (most recent call last):",
        "[rank0]: RuntimeError: Connection closed by peer",
    ]
    assert str(first_traceback(lines)).startswith("RuntimeError: mat1 and mat2") and "train.py:3" in str(
        first_traceback(lines)
    )
