"""A package as one piece of source: how the probe gets onto a host, and into a Python there, without a file.

`BOOTSTRAP` is the whole command line. It is one line without quotes of either kind inside a string, so that it survives
any shell, and it runs on any Python 3: the version is judged by the loader, in words that a person can read.
"""

import base64
import functools
import json
import zlib
from importlib import resources

BOOTSTRAP = (
    "import sys;sys.path[:]=[p for p in sys.path if p];import zlib;f=sys.stdin.buffer;"
    "exec(zlib.decompress(f.read(int(f.readline()))).decode())"
)

ANY = "python3"
_ANY = (
    "for p in python3 python ~/venv/bin/python ~/.venv/bin/python /workspace/venv/bin/python /opt/venv/bin/python "
    "/opt/conda/bin/python ~/miniconda3/bin/python ~/anaconda3/bin/python ~/miniforge3/bin/python; do "
    'if command -v "$p" >/dev/null 2>&1; then exec "$p" "$@"; fi; done; exec python3'
)

_LOADER = """
import importlib.machinery, json, sys
if sys.version_info < (3, 8):
    sys.stderr.write("Python %d.%d is too old: trajconsole needs 3.8 or newer\\n" % sys.version_info[:2])
    sys.exit(4)
class _Loader:
    def __init__(self, sources):
        self.sources = sources
    def find_spec(self, name, path=None, target=None):
        if name not in self.sources:
            return None
        package = any(other.startswith(name + ".") for other in self.sources)
        return importlib.machinery.ModuleSpec(name, self, is_package=package)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        name = module.__name__
        exec(compile(self.sources[name], "<" + name + ">", "exec"), module.__dict__)
sys.meta_path.insert(0, _Loader(json.loads(SOURCES)))
import importlib
importlib.import_module(PACKAGE + ".main").main()
"""


def argv(python: str, *options: str) -> list[str]:
    """The command that waits for the bundle on its standard input. -B: no file is written, not even a cache.

    `python3` is any Python: images for GPUs often have only conda's, which is not on the path of an ssh session.
    """
    words = ["-B", "-u", *options, "-c", BOOTSTRAP]
    return ["sh", "-c", _ANY, "sh", *words] if python == ANY else [python, *words]


@functools.cache
def bundle(package: str = "remote.probe") -> bytes:
    """What must be sent first, framed. The package's `main.main()` is called."""
    return framed(_program(package))


@functools.cache
def script(package: str, *more: str) -> bytes:
    """A file that a Python on the host runs; `more`: packages that this one imports from."""
    packed = base64.b64encode(zlib.compress(_program(package, *more), 9)).decode()
    lines = [f"# {package}, packed", "import base64, zlib", f"exec(zlib.decompress(base64.b64decode({packed!r})))", ""]
    return "\n".join(lines).encode()


def _program(package: str, *more: str) -> bytes:
    sources: dict[str, str] = {}
    for one in (package, *more):
        names = one.split(".")
        sources |= {".".join(names[: depth + 1]): "" for depth in range(len(names))}
        for file in sorted(resources.files(one).iterdir(), key=lambda item: item.name):
            stem, _, kind = file.name.rpartition(".")
            if kind == "py" and stem != "__init__":
                sources[f"{one}.{stem}"] = file.read_text("utf-8")
    return f"PACKAGE = {package!r}\nSOURCES = {json.dumps(sources)!r}\n{_LOADER}".encode()


def framed(data: bytes) -> bytes:
    """A length, and that many bytes, compressed."""
    packed = zlib.compress(data, 9)
    return b"%d\n%s" % (len(packed), packed)
