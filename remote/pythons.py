"""The Python of a host: the one that was named, or the best that is found there. One script, one round trip.

The best is the first that is new enough and has torch; then one that is only new enough.
"""

import importlib.util
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from remote import shell
from remote.errors import CommandFailed
from remote.transport import Transport

FIND_S = 120.0  # 30 Pythons on a cold network disk
NEEDED = (3, 11)
MOST_NEEDED = "torch"
LEAST = (3, 8)  # for what only carries files

# Runs on any Python 3, and says no on a Python 2. Ends with 10 when it has all that is wanted most.
_LOOK = """
import sys
if sys.version_info < (3, 4):
    print('{"candidate": "%s", "version": [%d, %d, %d]}' % ((sys.argv[1],) + sys.version_info[:3])); sys.exit(0)
import importlib.util, json, os, platform, sysconfig
sys.path[:] = [p for p in sys.path if p]
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except Exception:
        return False
missing = [name for name in sys.argv[2:] if not there(name)]
print(json.dumps({"candidate": sys.argv[1], "version": sys.version_info[:3], "executable": sys.executable,
  "prefix": os.path.realpath(sys.prefix), "torch": there("torch"), "missing": missing,
  "implementation": platform.python_implementation(), "platform": sysconfig.get_platform(),
  "abi": sysconfig.get_config_var("SOABI") or "", "libc": platform.libc_ver()}))
sys.exit(10 if there("torch") and sys.version_info >= (3, 11) else 0)
"""


@dataclass(frozen=True, slots=True)
class Python:
    """One that answered. `name`: as it was asked for; `missing`: of the modules that were asked for."""

    name: str
    version: tuple[int, ...]
    executable: str = ""
    prefix: str = ""
    torch: bool = False
    missing: tuple[str, ...] = ()
    platform: str = ""
    abi: str = ""
    libc: tuple[str, str] = ("", "")

    def __str__(self) -> str:
        number = ".".join(map(str, self.version))
        return f"{self.name} ({number}, {'with' if self.torch else 'no'} torch)"


@dataclass(frozen=True, slots=True)
class Search:
    """What was found: `best` is None when nothing there can be used at all."""

    named: str
    found: tuple[Python, ...]
    broken: tuple[str, ...] = ()
    here: bool = False  # it is the one that runs this

    @property
    def best(self) -> Python | None:
        usable = [python for python in self.found if python.version >= LEAST]
        return max(usable, key=_worth, default=None)  # the first of the best: max keeps order

    @property
    def command(self) -> str:
        """The best one's command: as it was named, else its whole path, which no login shell can change."""
        best = self.best
        return "" if best is None else self.named or best.executable or best.name

    @property
    def why(self) -> str:
        """In words: which was taken, and for what."""
        best = self.best
        if best is None:
            return "no Python 3.8 or newer"
        if self.here:
            return f"{best}, which runs this console"
        if self.named:
            return f"{best}, named in the configuration"
        others = len(self.found) - 1
        return f"{best}, {'the first with torch' if best.torch else 'none has torch'}; {others} more looked at"

    @property
    def seen(self) -> str:
        """All that was looked at, for an error."""
        looked = [*map(str, self.found), *(f"{name} (does not run)" for name in self.broken)]
        return ", ".join(looked) or "none at all"


def find(transport: Transport, named: str, modules: Sequence[str] = ()) -> Search:
    """Look at the named Python only, or look around when none is named. A RemoteError when the host does not answer."""
    values = {"NAMED": shlex.quote(named), "LOOK": shlex.quote(_LOOK), "MODULES": shlex.quote(" ".join(modules))}
    script = shell.assign(values) + shell.script("pythons.sh")
    done = transport.run(["sh", "-s"], input=script.encode(), timeout=FIND_S)
    if done.code != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CommandFailed(f"the host could not be asked for its Pythons: {said[-1] if said else done.code}")
    return parse(named, done.stdout.decode("utf-8", "replace"))


def this_one(modules: Sequence[str] = ()) -> Search:
    """The Python that runs this, without starting it once more."""
    row = {name: importlib.util.find_spec(name) is not None for name in (*modules, MOST_NEEDED)}
    missing = tuple(name for name in modules if not row[name])
    python = Python(
        sys.executable, sys.version_info[:3], sys.executable, sys.prefix, torch=row[MOST_NEEDED], missing=missing
    )
    return Search(sys.executable, (python,), here=True)


def parse(named: str, output: str) -> Search:
    """From the script's lines. What is no answer of ours is passed over."""
    found: dict[object, Python] = {}
    broken = []
    for line in output.splitlines():
        if line.startswith("{"):
            python = _python(line)
            if python is not None:
                found.setdefault(python.prefix or python.name, python)
        elif line.startswith("trajconsole broken "):
            broken.append(line.split(" ", 3)[3])
    return Search(named, tuple(found.values()), tuple(broken))


def _python(line: str) -> Python | None:
    try:
        row = json.loads(line)
        return Python(
            name=str(row["candidate"]),
            version=tuple(int(part) for part in row["version"]),
            executable=str(row.get("executable") or ""),
            prefix=str(row.get("prefix") or ""),
            torch=row.get("torch") is True,
            missing=tuple(map(str, row.get("missing") or ())),
            platform=str(row.get("platform") or ""),
            abi=str(row.get("abi") or ""),
            libc=_pair(row.get("libc")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _pair(value: Any) -> tuple[str, str]:
    return (str(value[0]), str(value[1])) if isinstance(value, list) and len(value) == 2 else ("", "")


def _worth(python: Python) -> tuple[bool, bool]:
    return (python.version >= NEEDED and python.torch, python.version >= NEEDED)
