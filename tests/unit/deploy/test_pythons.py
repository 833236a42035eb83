"""Which Python of a host is taken."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote import pythons
from remote.local import LocalTransport


@pytest.fixture
def host():
    transport = LocalTransport()
    yield transport
    transport.close()


def line(name, version, **more):
    return json.dumps({"candidate": name, "version": version, "prefix": name, "executable": f"/{name}", **more})


def test_torch_wins_then_the_version_then_the_order():
    lines = [line("python", [2, 7, 18]), line("a", [3, 9, 1], torch=True), line("b", [3, 11, 2]), line("c", [3, 13, 0])]
    assert pythons.parse("", "\n".join(lines)).command == "/b"
    search = pythons.parse("", "\n".join([*lines, "trajconsole broken 1 my python", line("d", [3, 12, 1], torch=True)]))
    assert search.command == "/d" and "the first with torch; 4 more looked at" in search.why
    assert "python (2.7.18, no torch)" in search.seen and "my python (does not run)" in search.seen
    assert pythons.parse("", lines[0]).best is None and "2.7.18" in pythons.parse("", lines[0]).seen
    assert pythons.parse("/x/python", line("/x/python", [3, 11, 1])).command == "/x/python"


def test_the_same_python_by_two_names_counts_once():
    assert len(pythons.parse("", "\n".join([line("a", [3, 11, 2]), line("a", [3, 11, 2])])).found) == 1


PARTS = st.sampled_from(['{"candidate": "x", "version": [3', "{}", "[1]", "trajconsole broken 1 "])


@given(st.lists(PARTS | st.text()).map("\n".join))
def test_whatever_the_host_says_is_read(text):
    search = pythons.parse("", text)
    assert isinstance(search.why, str) and isinstance(search.seen, str)


@given(
    st.dictionaries(
        st.sampled_from(["candidate", "version", "missing", "libc", "torch", "prefix"]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4),
    )
)
def test_rows_of_any_shape_are_read(row):
    pythons.parse("", json.dumps(row))


def test_the_named_one_is_asked_alone(host):
    search = pythons.find(host, sys.executable, ("numpy", "no_such_module"))
    assert search.command == sys.executable and search.best.torch and search.best.missing == ("no_such_module",)
    here = pythons.this_one(("numpy", "no_such_module"))
    assert (here.best.version, here.best.missing) == (search.best.version, search.best.missing)
    assert pythons.find(host, "/no/such python").best is None
    odd = pythons.find(host, "sleep")
    assert odd.best is None and "sleep (does not run)" in odd.seen


def test_a_python_of_the_home_folder_is_found(host, tmp_path, monkeypatch):
    """Nothing on the path; the one with torch is in a virtual environment that has a blank in its name."""
    home, path = tmp_path / "home é", tmp_path / "bin"
    path.mkdir()
    for name in ("sh", "timeout"):
        (path / name).symlink_to(shutil.which(name))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    (site,) = (home / "venv").glob("lib/python3*/site-packages")
    (site / "torch.py").write_text("raise SystemExit('it is only looked for, never imported')")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    search = pythons.find(host, "")
    assert search.command == str(home / "venv/bin/python") and search.best.torch
    assert pythons.find(host, "~/venv/bin/python").best.torch
    assert os.environ["HOME"] in search.why
