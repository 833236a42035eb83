"""A package as one piece of source: how the probe gets onto a host, and into a Python there, without a file.

`BOOTSTRAP` is the whole command line. It is one line without quotes of either kind inside a string, so that it survives
any shell, and it runs on any Python 3: the version is judged by the loader, in words that a person can read.
"""

import functools
import json
import zlib
from importlib import resources

BOOTSTRAP = (
    "import sys;sys.path[:]=[p for p in sys.path if p];import zlib;f=sys.stdin.buffer;"
    "exec(zlib.decompress(f.read(int(f.readline()))).decode())"
)

_LOADER = """
import importlib.abc, importlib.machinery, json, sys
if sys.version_info < (3, 8):
    sys.stderr.write("Python %d.%d is too old: trajconsole needs 3.8 or newer\\n" % sys.version_info[:2])
    sys.exit(4)
class _Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, sources):
        self.sources = sources
    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        package = any(other.startswith(name + ".") for other in self.sources)
        return importlib.machinery.ModuleSpec(name, self, is_package=package)
    def exec_module(self, module):
        name = module.__name__
        exec(compile(self.sources[name], "<" + name + ">", "exec"), module.__dict__)
sys.meta_path.insert(0, _Loader(json.loads(SOURCES)))
import importlib
importlib.import_module(PACKAGE + ".main").main()
"""


def argv(python: str) -> list[str]:
    """The command that waits for the bundle on its standard input. -B: no file is written, not even a cache."""
    return [python, "-B", "-u", "-c", BOOTSTRAP]


@functools.cache
def bundle(package: str = "remote.probe") -> bytes:
    """What must be sent first: a length, and that many bytes. The package's `main.main()` is called."""
    names = package.split(".")
    sources = {".".join(names[: depth + 1]): "" for depth in range(len(names))}
    for file in sorted(resources.files(package).iterdir(), key=lambda item: item.name):
        stem, _, kind = file.name.rpartition(".")
        if kind == "py" and stem != "__init__":
            sources[f"{package}.{stem}"] = file.read_text("utf-8")
    return framed(f"PACKAGE = {package!r}\nSOURCES = {json.dumps(sources)!r}\n{_LOADER}".encode())


def framed(data: bytes) -> bytes:
    """A length, and that many bytes, compressed."""
    packed = zlib.compress(data, 9)
    return b"%d\n%s" % (len(packed), packed)
