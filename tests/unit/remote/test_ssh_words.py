"""What a person types, and what a host's shell is given: pure parts of remote/ssh."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote.ssh.command import Sieve, marked, own_words, program
from remote.ssh.destination import Destination, parse
from remote.ssh.settings import from_table, parse_table


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gpu1", Destination("gpu1")),
        ("me@gpu1", Destination("gpu1", "me")),
        ("me@gpu1:2200", Destination("gpu1", "me", 2200)),
        ("ssh://me@gpu1:2200/", Destination("gpu1", "me", 2200)),
        ("[::1]:22", Destination("::1", None, 22)),
        ("me@fe80::1%eth0", Destination("fe80::1%eth0", "me")),
        ("me@corp.example@gpu1", None),
        ("-oProxyCommand=x", None),
        ("me@-x", None),
        ("gpu1:0", None),
        ("gpu1:99999", None),
        ("gpu 1", None),
        ("gpu1\n", None),
        ("", None),
    ],
)
def test_destinations(text, found):
    if found is not None:
        assert parse(text) == found
        return
    with pytest.raises(ValueError, match=r"host|port"):
        parse(text)


@given(st.text())
def test_any_text_is_a_host_or_a_clear_error(text):
    try:
        found = parse(text)
    except ValueError:
        return
    assert found.host and not found.host.startswith("-") and found.host.isprintable()


WORDS = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20), max_size=4)


@pytest.mark.parametrize("shell", [name for name in ("dash", "bash", "zsh", "tcsh", "fish") if shutil.which(name)])
@settings(max_examples=15, deadline=None)
@given(words=WORDS)
def test_every_shell_gives_the_program_its_words(shell, words):
    line = program(["printf", "%s\\0", "-", *words])
    flags = {"tcsh": ["-f"], "zsh": ["-f"], "fish": ["--no-config"]}.get(shell, [])
    done = subprocess.run([shell, *flags, "-c", line], capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    assert done.stdout == b"".join(word.encode() + b"\0" for word in ["-", *words]), done.stderr


@given(st.binary(max_size=200), st.binary(max_size=200), st.lists(st.integers(1, 50), max_size=20))
def test_the_sieve_gives_exactly_what_follows_the_mark(noise, own, cuts):
    _, mark = marked(["true"])
    data, out, sieve = noise + mark + b" 4711\n" + own, b"", Sieve(mark)
    for cut in [*cuts, len(data)]:
        out, data = out + sieve.feed(data[:cut]), data[cut:]
    assert (out, sieve.pid, sieve.noise) == (own, 4711, noise)


def test_without_a_mark_the_noise_is_the_explanation():
    assert own_words(b"no account", b"mark") == b"no account"
    assert own_words(b"rc says\nmark\nreal", b"mark") == b"real"
    sieve = Sieve(b"mark")
    for _ in range(100):
        assert sieve.feed(b"x" * 10_000) == b""
    assert len(sieve.noise) <= Sieve.KEPT


def test_the_table_of_ssh():
    text = 'user me\nport 2200\nhostname inner\nidentityfile ~/.ssh/a\nidentityfile "/b c"\nproxyjump x, y:3\n'
    found = from_table("gpu1", parse("gpu1"), parse_table(text + "connecttimeout none\nhostkeyalias none\n"))
    assert (found.user, found.port, found.host, found.jumps) == ("me", 2200, "inner", ("x", "y:3"))
    assert [path.name for path in found.identities] == ["a", "b c"]
    assert found.known_as == ("[inner]:2200", "inner") and found.connect_timeout == 10.0
