"""The packed file: what goes in comes out, interrupted or not; what is not whole is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainer.data import packed
from trainer.data.packed import Packed, pack

ABOUT = {"what": "words"}
WORDS = [(f"record {number} ".encode() * (number % 5), number % 3) for number in range(40)]


def silent(what: str, done: float, total: float | None) -> None:
    pass


def from_words(words: list[tuple[bytes, int]]):
    return lambda first: iter(words[first:])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 9)), max_size=12))
def test_what_goes_in_comes_out(tmp_path: Path, words: list[tuple[bytes, int]]) -> None:
    path = tmp_path / "a.pack"
    path.unlink(missing_ok=True)
    found = pack(path, len(words), from_words(words), ABOUT, silent)
    assert [(found.record(row).tobytes(), label) for row, label in enumerate(found.labels.tolist())] == words
    assert found.damaged() == [] and len(found) == len(words)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("pack") / "a.pack"
    pack(path, len(WORDS), from_words(WORDS), ABOUT, silent)
    return path.read_bytes()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_altered_bytes_are_refused_or_named(tmp_path: Path, whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    raw = bytearray(whole[: data.draw(st.sampled_from([len(whole), at]))])
    if len(raw) == len(whole):
        raw[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "b.pack"
    path.write_bytes(raw)
    try:
        found = Packed(path)
    except ValueError as error:
        assert "not a whole packed file" in str(error)
        return
    assert len(found.damaged()) == 1


class Killed(Exception):
    pass


@pytest.mark.parametrize("after", [0, 1, 17, 39])
def test_interrupted_anywhere_it_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, whole: bytes, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "_SAVED_EVERY", 50)
    path = tmp_path / "a.pack"
    asked: list[int] = []

    def dying(first: int) -> Iterator[tuple[bytes, int]]:
        for row in range(first, len(WORDS)):
            if row == after:
                raise Killed
            yield WORDS[row]

    with pytest.raises(Killed):
        pack(path, len(WORDS), dying, ABOUT, silent)
    assert not path.exists()
    with (tmp_path / ".a.pack.part").open("ab") as file:
        file.write(b"half a record")

    def rest(first: int) -> Iterator[tuple[bytes, int]]:
        asked.append(first)
        return iter(WORDS[first:])

    pack(path, len(WORDS), rest, ABOUT, silent)
    assert path.read_bytes() == whole
    assert asked[0] <= after and (after < 17 or asked[0] > 0)
    assert sorted(item.name for item in tmp_path.iterdir()) == [".lock", "a.pack"]


def test_a_finished_file_is_not_made_again_and_other_records_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.pack"
    pack(path, len(WORDS), from_words(WORDS), ABOUT, silent)

    def never(first: int) -> Iterator[tuple[bytes, int]]:
        raise AssertionError

    pack(path, len(WORDS), never, ABOUT, silent)
    with pytest.raises(ValueError, match="holds other data"):
        pack(path, len(WORDS), never, {"what": "others"}, silent)


def test_too_little_room_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="are free"):
        packed.check_room(tmp_path / "deep" / "a.pack", 1 << 60)
    packed.check_room(tmp_path / "deep" / "a.pack", 1)
