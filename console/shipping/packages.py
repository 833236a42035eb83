"""Small packages that the trainer needs and a host's Python lacks, as one tree. torch is never among them: it fits the
host's driver, or nothing does.
"""

import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from console.preflight import Refused
from remote.deploy.tree import Entry, Tree, from_bytes, from_file, tree
from remote.pythons import Python

# What the trainer imports: requirement → module. The same as the extra `train`, without torch.
NEEDS = {
    "numpy>=1.26": "numpy",
    "safetensors>=0.4": "safetensors",
    "matplotlib>=3.8": "matplotlib",
    "Pillow>=10": "PIL",
}
# What matplotlib imports in turn.
BEHIND = {
    "contourpy": "contourpy",
    "cycler": "cycler",
    "fonttools": "fontTools",
    "kiwisolver": "kiwisolver",
    "packaging": "packaging",
    "pyparsing": "pyparsing",
    "python-dateutil": "dateutil",
}
MODULES = (*NEEDS.values(), *BEHIND.values())
PIP_S = 600.0


def lacking(python: Python) -> tuple[str, ...]:
    """Requirements that this Python does not meet by itself."""
    needs = [name for name, module in NEEDS.items() if module in python.missing]
    behind = BEHIND if "matplotlib" in python.missing else {}
    return (*needs, *(name for name, module in behind.items() if module in python.missing))


def label(python: Python, wanted: Sequence[str]) -> str:
    """The name of the tree that meets these on that Python: one that is on the host already is used again."""
    return f"packages {python.abi or python.platform}: {', '.join(wanted)}"


def bring(python: Python, wanted: Sequence[str], command: str) -> Tree:
    """All of it as one tree. Refused, with the commands to type, when it cannot be had here."""
    found = from_laptop(wanted, python)
    entries = found if found is not None else from_index(wanted, python, command)
    return tree(label(python, wanted), entries)


def from_laptop(wanted: Sequence[str], python: Python) -> dict[str, Entry] | None:
    """Files of what is installed here, if all of it is and runs there."""
    entries: dict[str, Entry] = {}
    for name in _closure(map(project, wanted), python):
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            return None
        if not (_is_pure(found) or _alike(python)):
            return None
        entries |= _files(found)
    return entries


def from_index(wanted: Sequence[str], python: Python, command: str) -> dict[str, Entry]:
    """Wheels for that Python, fetched by pip on this laptop."""
    with tempfile.TemporaryDirectory(prefix="trajconsole-wheels-") as folder:
        words = ["download", "--only-binary=:all:", "--dest", folder, *_tags(python), *wanted]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pip", *words, "--quiet", "--no-input", "--disable-pip-version-check"],
                capture_output=True,
                text=True,
                timeout=PIP_S,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise _refusal(wanted, python, command, f"pip took longer than {PIP_S:g} s") from None
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
            raise _refusal(wanted, python, command, said[-1] if said else "pip said nothing")
        entries: dict[str, Entry] = {}
        for wheel in sorted(Path(folder).glob("*.whl")):
            if not _is_there(wheel.name.split("-")[0], python):
                entries |= _unpacked(wheel)
        return entries


def project(requirement: str) -> str:
    """The name of the package, as indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]).lower()


def _refusal(wanted: Sequence[str], python: Python, command: str, why: str) -> Refused:
    names = " ".join(f"'{name}'" for name in wanted)
    return Refused(
        f"{python} lacks {', '.join(map(project, wanted))}, and this laptop cannot bring it along: {why}",
        f"on the host: {command} -m pip install {names}; or on a laptop of the same kind: pip install {names}",
    )


def _closure(names: Iterable[str], python: Python) -> Iterator[str]:
    """These, and what they need of what is not there: as far as it is installed here, whose markers were true here."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for item in required:
            other = project(item)
            if not re.search(r";.*\bextra\s*==", item) and not _is_there(other, python) and _is_installed(other):
                waiting.append(other)


def _is_there(name: str, python: Python) -> bool:
    """A package of the tables that the host has itself."""
    modules = {project(item): module for item, module in {**NEEDS, **BEHIND}.items()}
    module = modules.get(project(name))
    return module is not None and module not in python.missing


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _alike(python: Python) -> bool:
    """Compiled code of this laptop's Python runs in that one."""
    mine = (sysconfig.get_platform(), sysconfig.get_config_var("SOABI") or "")
    return (python.platform, python.abi) == mine and _newer(python.libc, platform.libc_ver())


def _newer(theirs: tuple[str, str], mine: tuple[str, str]) -> bool:
    return theirs[0] == mine[0] and _numbers(theirs[1]) >= _numbers(mine[1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _is_pure(found: metadata.Distribution) -> bool:
    tags = re.findall(r"^Tag: *(\S+)", found.read_text("WHEEL") or "", re.MULTILINE)
    return bool(tags) and all(tag.endswith("-none-any") for tag in tags)


def _files(found: metadata.Distribution) -> dict[str, Entry]:
    """Modules and data; no programs beside them, no caches."""
    entries = {}
    for path in found.files or ():
        if ".." not in path.parts and "__pycache__" not in path.parts and path.suffix != ".pyc":
            place = Path(str(found.locate_file(path)))
            if place.is_file():
                entries[path.as_posix()] = from_file(place, program=False)
    return entries


def _unpacked(wheel: Path) -> dict[str, Entry]:
    entries = {}
    with zipfile.ZipFile(wheel) as file:
        for item in file.infolist():
            first, _, rest = item.filename.partition("/")
            if first.endswith(".data"):
                kind, _, name = rest.partition("/")
                name = name if kind in ("purelib", "platlib") else ""
            else:
                name = item.filename
            if name and not item.is_dir():
                entries[name] = from_bytes(file.read(item))
    return entries


def _tags(python: Python) -> list[str]:
    """For pip: which wheels run there."""
    major, minor = python.version[:2]
    words = ["--implementation", "cp", "--python-version", f"{major}.{minor}"]
    words += [word for abi in (f"cp{major}{minor}", "abi3", "none") for word in ("--abi", abi)]
    return words + [word for name in _platforms(python.platform, python.libc) for word in ("--platform", name)]


def _platforms(name: str, libc: tuple[str, str]) -> list[str]:
    """`linux-x86_64` and its C library as the platforms of wheels, newest first."""
    plain = re.sub(r"[-.]", "_", name)
    system, _, machine = plain.partition("_")
    if system != "linux":
        return [plain]
    if libc[0] != "glibc":
        return [f"musllinux_1_2_{machine}", f"musllinux_1_1_{machine}", plain]
    major, minor = (*_numbers(libc[1]), 0, 0)[:2]
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    found = []
    for number in range(minor, 4, -1):
        found.append(f"manylinux_{major}_{number}_{machine}")
        if number in legacy:
            found.append(f"{legacy[number]}_{machine}")
    return [*found, plain]
