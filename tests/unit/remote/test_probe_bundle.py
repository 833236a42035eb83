"""The probe as a bundle: what it may use, and that it runs on the oldest Python that is promised."""

import ast
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from remote import bundle

FILES = sorted(Path(bundle.__file__).with_name("probe").glob("*.py"))
MAY_BE_MISSING = {"psutil", "pynvml"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_python_3_8_on_the_standard_library(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.split(".")[0]
            assert name.startswith("remote.probe") or top in sys.stdlib_module_names | MAY_BE_MISSING, name
    if path.stem != "__init__":
        assert "from __future__ import annotations" in path.read_text()


def test_the_bundle_holds_every_file_and_is_small():
    length, _, packed = bundle.bundle().partition(b"\n")
    assert int(length) == len(packed) < 30_000
    text = zlib.decompress(packed).decode()
    assert all(f"remote.probe.{path.stem}" in text for path in FILES if path.stem != "__init__")


def test_the_bootstrap_survives_any_shell():
    assert not set(bundle.BOOTSTRAP) & set("\n'\"`$!\\")


def pythons():
    """Other interpreters of this machine: on the path, and side by side where a version switcher keeps them."""
    names = [f"python3.{minor}" for minor in range(6, 16)]
    found = {name: shutil.which(name) for name in names}
    for path in Path("~/.pyenv/versions").expanduser().glob("3.*/bin/python3.*"):
        if path.name in names:
            found[path.name] = str(path)
    return {name: path for name, path in found.items() if path and works(path)} or {"this": sys.executable}


def works(path):
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("python", pythons().values())
def test_it_runs_or_says_why_not(python, tmp_path):
    request = f'{{"k":"watch","root":"{tmp_path}","folders":[],"lease":20}}\n'.encode()
    argv = bundle.argv(python)
    process = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    with process:
        process.stdin.write(bundle.bundle() + request)
        process.stdin.flush()
        first = process.stdout.readline()
        _, errors = process.communicate()
    assert first.startswith(b'{"k":"hello"') or b"3.8 or newer" in errors, (first, errors)
    assert list(tmp_path.iterdir()) == []


def test_where_no_python3_is_on_the_path_another_is_found(tmp_path):
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python").symlink_to(sys.executable)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").symlink_to(shutil.which("sh"))
    argv, environment = bundle.argv("python3"), {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    found = subprocess.run(argv, input=bundle.bundle() + b"{}\n", capture_output=True, env=environment, check=False)
    assert b"KeyError" in found.stderr  # the probe runs, and was asked for nothing
    (tmp_path / "venv/bin/python").unlink()
    assert subprocess.run(argv, capture_output=True, env=environment, check=False).returncode == 127


def test_modules_of_the_folder_it_starts_in_are_not_imported(tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger')")
    process = subprocess.run(
        bundle.argv(sys.executable), input=bundle.bundle() + b"{}\n", capture_output=True, cwd=tmp_path, check=False
    )
    assert b"a stranger" not in process.stderr and b"KeyError" in process.stderr
