"""What is sent to a host for a transfer: what it may use, and that it is all there."""

import ast
import sys
import zlib
from pathlib import Path

import pytest

from remote import bundle
from remote.transfer import host, stream

FILES = sorted(Path(host.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_python_3_8_on_the_standard_library(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert all(name.startswith(stream.PACKAGE) or name.split(".")[0] in sys.stdlib_module_names for name in names)
    if path.stem != "__init__":
        assert "from __future__ import annotations" in path.read_text()


def test_the_bundle_holds_every_file_and_is_small():
    length, _, packed = bundle.bundle(stream.PACKAGE).partition(b"\n")
    assert int(length) == len(packed) < 12_000
    text = zlib.decompress(packed).decode()
    assert all(f"{stream.PACKAGE}.{path.stem}" in text for path in FILES if path.stem != "__init__")
