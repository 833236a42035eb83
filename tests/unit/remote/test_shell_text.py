"""Quoting for the host's shell: what goes in is what a real sh gives back."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote import shell
from remote.launch_script import launch_script
from remote.launcher import Launch
from remote.tmux import check_run, check_session

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def sh(script: str) -> bytes:
    return subprocess.run(["sh", "-s"], input=script.encode(), capture_output=True, check=True).stdout


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_words_come_back_as_they_were(words):
    script = "RUN=/r\nprintf '%s\\0' " + " ".join(map(shell.with_run, words))
    assert sh(script).decode().split("\0")[:-1] == [word.replace("{run}", "/r") for word in words]


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_printed_by_printf(data):
    assert sh(f"printf {shell.octal(data)}") == data


def test_all_bytes_are_printed_by_printf():
    data = bytes(range(256)) * 2
    assert sh(f"printf {shell.octal(data)}") == data


@settings(max_examples=40, deadline=None)
@given(TEXT)
def test_values_of_variables_come_back_as_they_were(value):
    script = f"set_it() {{\n{shell.environment({'A_1': value})}}}\nset_it\nprintf '%s' \"$A_1\""
    assert sh(script).decode() == value


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A=B", "A B", "Ä"])
def test_names_that_no_variable_can_have(name):
    with pytest.raises(ValueError, match="letters, digits and _"):
        shell.environment({name: "x"})


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("~", '"$HOME"'),
        ("~/", '"$HOME"'),
        ("~/a b/", "\"$HOME\"/'a b'"),
        ("/x/", "/x"),
        ("/", "/"),
        ("/it's", "'/it'\"'\"'s'"),
    ],
)
def test_paths_of_the_host(path, word):
    assert shell.path(path) == word


@pytest.mark.parametrize("path", ["", "runs", "./x", "~other/x", "/a\nb"])
def test_paths_that_depend_on_something_are_refused(path):
    with pytest.raises(ValueError, match="path"):
        shell.path(path)


@pytest.mark.parametrize(
    ("name", "mend"), [("a.b", "a_b"), ("a:b", "a_b"), ("größe", "gr_e"), ("", "worker"), ("-x", "x")]
)
def test_session_names_that_tmux_would_change_are_refused_with_a_mend(name, mend):
    with pytest.raises(ValueError, match=f"{mend}'"):
        check_session(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "-a", "a\n", "$x"])
def test_run_names_that_would_need_quoting_are_refused(name):
    with pytest.raises(ValueError, match="run"):
        check_run(name)


def test_launch_script_can_be_read_and_is_sound():
    launch = Launch("/r", "a-1", "a", ("train", "{run}/run.toml", "it's"), cwd="~/code", env={"SEED": "1 2"})
    text = launch_script(launch)
    assert text.startswith("#!/bin/sh\n# Run a-1. To run it by hand: sh launch.sh\n")
    assert "set -- train \"$RUN\"/run.toml 'it'\"'\"'s'\n" in text
    assert '\nCWD="$HOME"/code\n' in text and "\n  export SEED='1 2'\n" in text
    subprocess.run(["sh", "-n"], input=text.encode(), check=True)


@pytest.mark.parametrize("name", ["launch.sh", "start.sh", "table.sh", "act.sh", "sessions.sh"])
def test_the_scripts_are_sound_posix_sh(name):
    subprocess.run(["sh", "-n"], input=shell.script(name).encode(), check=True)
