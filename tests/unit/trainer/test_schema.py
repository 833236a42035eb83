from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.schema import BadSetting, ConfigError, Source, build, line_of, nearest, setting


@dataclass(frozen=True)
class Inner:
    rate: float = setting(0.1, "how fast", low=0.0, high=1.0)
    kind: Literal["adam", "sgd"] = "adam"

    def __post_init__(self) -> None:
        if self.kind == "sgd" and self.rate > 0.5:
            raise BadSetting("rate", "too fast for sgd", "at most 0.5")


@dataclass(frozen=True)
class Outer:
    name: str = setting(doc="give it a name")
    count: int = setting(1, low=1)
    flag: bool = False
    maybe: int | None = None
    sizes: tuple[int, ...] = setting((), low=2)
    inner: Inner = Inner()
    many: Mapping[str, Inner] = setting(factory=dict)
    free: Mapping[str, Any] = setting(factory=dict)


def complaints(table: Mapping[str, Any], text: str = "") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        build(Outer, table, Source("a.toml", text))
    return [str(problem) for problem in caught.value.problems]


def test_a_table_becomes_typed_values() -> None:
    found = build(
        Outer,
        {"name": "x", "maybe": 3, "sizes": [2, 3], "inner": {"rate": 1}, "many": {"a": {}}, "free": {"b": [1]}},
        Source("a.toml"),
    )
    assert found == Outer("x", maybe=3, sizes=(2, 3), inner=Inner(rate=1.0), many={"a": Inner()}, free={"b": [1]})
    assert isinstance(found.inner.rate, float)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    table = {"cuont": 1, "count": 0, "flag": 1, "sizes": [1, "x"], "inner": {"kind": "adm"}, "many": {"a": {"rate": 2}}}
    assert complaints(table) == [
        "a.toml: cuont: unknown key — did you mean 'count'?",
        "a.toml: name: missing — give it a name",
        "a.toml: count: 0 is out of range — at least 1",
        "a.toml: flag: 1 is not true or false",
        "a.toml: sizes[1]: 'x' is not a whole number",
        "a.toml: sizes: 1 is out of range — at least 2",
        "a.toml: inner.kind: 'adm' is not one of 'adam', 'sgd' — did you mean 'adam'?",
        "a.toml: many.a.rate: 2.0 is out of range — at least 0 and at most 1",
    ]


def test_what_only_the_whole_table_can_tell_names_its_key_too() -> None:
    assert complaints(
        {"name": "x", "inner": {"kind": "sgd", "rate": 0.9}}, 'name = "x"\n[inner]\nkind = "sgd"\nrate = 0.9'
    ) == ["a.toml:4: inner.rate: too fast for sgd — at most 0.5"]


def test_a_fault_in_one_table_does_not_hide_those_of_the_next() -> None:
    found = complaints({"name": "x", "count": 0, "many": {"a": {"kind": "sgd", "rate": 0.9}}})
    assert [line.split(": ")[1] for line in found] == ["count", "many.a.rate"]


TEXT = """name = "x"
# inner.rate = 1
[inner]
rate = 1
[many."b c"]
rate = 2
[many]
d.rate = 3
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("name", 1),
        ("inner", 3),
        ("inner.rate", 4),
        ("inner.kind", 3),  # not there: its table
        ("many.b c.rate", 6),
        ("many.d.rate", 8),
        ("inner.rate[2]", 4),
        ("gone", None),
    ],
)
def test_the_line_of_a_key(key: str, line: int | None) -> None:
    assert line_of(TEXT, key) == line


def test_the_nearest_word_or_all_of_them() -> None:
    assert nearest("epohs", ["epochs", "batch"]) == "did you mean 'epochs'?"
    assert nearest("zzz", ["b", "a"]) == "known: a, b"
    assert nearest("zzz", []) == ""


@given(
    st.dictionaries(
        st.sampled_from(["name", "count", "flag", "maybe", "sizes", "inner", "many"]),
        st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.floats()),
    )
)
def test_any_table_is_built_or_refused_with_reasons(table: dict[str, Any]) -> None:
    try:
        found = build(Outer, table, Source("a.toml"))
    except ConfigError as error:
        assert error.problems
    else:
        assert isinstance(found, Outer) and found.count >= 1
