"""A cache on a real machine, emptied by its command; what is said to be free is free."""

import pytest

from console.deeds.emptying import check, empty
from remote.events import Cache
from remote.local import LocalTransport


def cache_at(path, command=None):
    return Cache("torch hub", str(path), 3 * 2**20, True, command or f"rm -rf -- {path}")


@pytest.fixture
def filled(tmp_path):
    path = tmp_path / "cache" / "hub"
    path.mkdir(parents=True)
    (path / "weights").write_bytes(b"\1" * 3 * 2**20)
    return path


def test_what_it_frees_is_measured(filled):
    *steps, last = empty("here", LocalTransport(), cache_at(filled))
    assert [step.ok for step in steps] == [None, None] and "3.0 MiB" in steps[1].text
    assert last.ok and "3.0 MiB freed, verified" in last.text
    assert not filled.exists()


def test_a_command_that_fails_frees_nothing_and_says_why(filled):
    cache = cache_at(filled, "echo no such tool >&2; exit 3")
    *_, last = empty("here", LocalTransport(), cache)
    assert last.ok is False and "no such tool" in last.text and last.mend.endswith("exit 3")
    assert (filled / "weights").exists()


def test_what_stays_behind_is_told(filled):
    (filled / "small").write_bytes(b"\1" * 2**20 * 2)
    *_, last = empty("here", LocalTransport(), cache_at(filled, f"find {filled} -name small -delete"))
    assert last.ok and "2.0 MiB freed" in last.text and "3.0 MiB are left" in last.text


def test_one_that_is_gone_already_is_no_error(tmp_path):
    *_, last = empty("here", LocalTransport(), cache_at(tmp_path / "a" / "b"))
    assert last.ok and "0.0 MiB" not in last.text and last.text.startswith("torch hub: ")


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/", "rm -rf -- /"),
        ("/home/me", "rm -rf -- /home/me"),
        ("cache/hub", "rm -rf -- cache/hub"),
        ("/home/me/../../etc/ssh", "rm -rf -- /home/me/../../etc/ssh"),
        ("/home/me/.cache/torch", "rm -rf -- /home/me"),
        ("/home/me/.cache/torch", "rm -rf /home/me/.cache/torch /home/me"),
    ],
)
def test_nothing_but_a_cache_is_ever_removed(path, command):
    with pytest.raises(ValueError, match=r"cache|something else"):
        check(Cache("x", path, 1, True, command))


def test_a_path_with_blanks_is_one_word():
    check(Cache("x", "/home/me/.cache/my hub", 1, True, "rm -rf -- '/home/me/.cache/my hub'"))
