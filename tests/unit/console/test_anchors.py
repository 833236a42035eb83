"""docs/anchors.md says where each claim can be seen: those places exist."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


def test_every_file_that_is_named_is_there():
    text = (REPOSITORY / "docs/anchors.md").read_text()
    named = re.findall(r"`([\w/]+\.py)\b", text)
    assert len(named) > 30
    missing = [name for name in named if not any((REPOSITORY / top / name).is_file() for top in ("tests", "."))]
    assert not missing


def test_every_wish_has_its_line():
    text = (REPOSITORY / "docs/anchors.md").read_text()
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == list(range(1, 26))
