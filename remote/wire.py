"""The probe's lines to records, and commands to the probe's lines. Lenient on the way in: an unknown kind or key is
passed over, a damaged line is counted, and nothing that a host sends can raise.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from remote import events
from remote.watch import Offsets, Watch

LONGEST_LINE = 32 * 2**20  # what is longer is damaged: the probe sends documents of at most 4 MiB

Row = Mapping[str, Any]

_parse = json.JSONDecoder().decode  # json.loads looks at each line for its encoding, too


class Decoder:
    """Turns received bytes into events, wherever the pieces were cut."""

    def __init__(self) -> None:
        self.damaged = 0
        self._pieces: list[bytes] = []
        self._held = 0
        self._skipping = False

    def feed(self, data: bytes) -> list[events.Event]:
        """Events of all lines that `data` completes."""
        head, newline, rest = data.partition(b"\n")
        if not newline:
            self._hold(data)
            return []
        self._hold(head)
        first = b"".join(self._pieces)
        skip, self._skipping, self._pieces, self._held = self._skipping, False, [], 0
        whole, _, tail = rest.rpartition(b"\n")
        self._hold(tail)
        found = [] if skip else [self._decode(first)]
        if whole:
            found += map(self._decode, whole.split(b"\n"))
        return [event for event in found if event is not None]

    def _hold(self, piece: bytes) -> None:
        if self._skipping or not piece:
            return
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > LONGEST_LINE:
            self.damaged += 1
            self._skipping, self._pieces, self._held = True, [], 0

    def _decode(self, line: bytes) -> events.Event | None:
        if not line or line.isspace():
            return None
        try:
            return decode_line(line)
        except ValueError:
            self.damaged += 1
            return None


def decode_line(line: bytes) -> events.Event | None:
    """One line. None for a kind that is not known here; ValueError when it is damaged."""
    try:
        row = _parse(line.decode())
        kind = row["k"]
        build = _KINDS.get(kind)
        return build(row) if build else None
    except (KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not a line of the probe: {error}") from error


def encode_watch(
    watch: Watch, offsets: Offsets, lease: float, heartbeat: float = 1.0, facts_after: float | None = None
) -> bytes:
    """The first line to the probe. `facts_after`: seconds before it measures caches."""
    folders = [
        {"parent": item.parent, "documents": list(item.documents), "streams": list(item.streams)}
        for item in watch.folders
    ]
    known = {folder: {name: list(pair) for name, pair in names.items()} for folder, names in offsets.items()}
    asked: dict[str, Any] = {
        "root": watch.root,
        "folders": folders,
        "offsets": known,
        "lease": lease,
        "heartbeat": heartbeat,
    }
    if facts_after is not None:
        asked["facts_after"] = facts_after
    return _line({"k": "watch", **asked})


def encode_beat() -> bytes:
    """Renews the probe's lease."""
    return _line({"k": "beat"})


def _line(row: Row) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def _text(row: Row, key: str) -> str:
    value = row.get(key, "")
    return _clean(value) if isinstance(value, str) else ""


def _clean(value: str) -> str:
    """Text that can be encoded again: a lone surrogate cannot be shown, stored or sent."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _need_text(row: Row, key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return _clean(value)


def _need_int(row: Row, key: str) -> int:
    value = row[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(key)
    return value


def _int(row: Row, key: str) -> int | None:
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _float(row, key)
    return None if number is None else int(number)


def _float(row: Row, key: str) -> float | None:
    value = row.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    number = float(value)
    return number if number - number == 0 else None  # neither NaN nor an infinity is a measurement


def _need_float(row: Row, key: str) -> float:
    value = _float(row, key)
    if value is None:
        raise TypeError(key)
    return value


def _rows(row: Row, key: str) -> list[Row]:
    value = row.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(row: Row, key: str) -> tuple[str, ...]:
    value = row.get(key)
    return tuple(_clean(item) for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _hello(row: Row) -> events.Hello:
    return events.Hello(
        version=_need_int(row, "version"),
        hostname=_text(row, "hostname"),
        boot_id=_text(row, "boot_id"),
        boot_time=_float(row, "boot_time") or 0.0,
        clock=_float(row, "clock") or 0.0,
        python=_text(row, "python"),
        cores=_int(row, "cores") or 1,
        user=_text(row, "user"),
        root=_text(row, "root"),
    )


def _host(row: Row) -> events.Telemetry:
    return events.Telemetry(
        seq=_need_int(row, "seq"),
        time=_need_float(row, "time"),
        mono=_float(row, "mono") or 0.0,
        cpu=_float(row, "cpu"),
        load=_float(row, "load"),
        memory_used=_int(row, "memory_used"),
        memory_total=_int(row, "memory_total"),
        disks=tuple(map(_disk, _rows(row, "disks"))),
        gpus=tuple(map(_gpu, _rows(row, "gpus"))),
        gpu_source=_text(row, "gpu_source") or "none",
        gpu_error=_text(row, "gpu_error"),
    )


def _disk(row: Row) -> events.Disk:
    return events.Disk(
        mount=_need_text(row, "mount"),
        device=_text(row, "device"),
        kind=_text(row, "kind"),
        total=_need_int(row, "total"),
        used=_need_int(row, "used"),
        free=_need_int(row, "free"),
        inodes_free=_int(row, "inodes_free"),
    )


def _gpu(row: Row) -> events.Gpu:
    return events.Gpu(
        index=_need_int(row, "index"),
        name=_text(row, "name"),
        uuid=_text(row, "uuid"),
        utilisation=_float(row, "utilisation"),
        memory_used=_int(row, "memory_used"),
        memory_total=_int(row, "memory_total"),
        temperature=_float(row, "temperature"),
        power=_float(row, "power"),
        power_limit=_float(row, "power_limit"),
        processes=tuple(map(_gpu_process, _rows(row, "processes"))),
        instance=_int(row, "instance"),
        clock=_float(row, "clock"),
        memory_clock=_float(row, "memory_clock"),
        slowed_by=_texts(row, "slowed_by"),
        error=_text(row, "error"),
    )


def _gpu_process(row: Row) -> events.GpuProcess:
    return events.GpuProcess(_need_int(row, "pid"), _int(row, "memory"), _text(row, "user"), _text(row, "command"))


def _facts(row: Row) -> events.Facts:
    blocks, caches = tuple(map(_block, _rows(row, "blocks"))), tuple(map(_cache, _rows(row, "caches")))
    return events.Facts(blocks, caches, row.get("sees_others") is not False, row.get("whole") is not False)


def _block(row: Row) -> events.Block:
    return events.Block(
        name=_need_text(row, "name"),
        path=_text(row, "path"),
        kind=_text(row, "kind"),
        size=_need_int(row, "size"),
        start=_int(row, "start"),
        number=_int(row, "number"),
        below=_texts(row, "below"),
        table=_text(row, "table"),
        mount=_text(row, "mount"),
        filesystem=_text(row, "filesystem"),
        filesystem_size=_int(row, "filesystem_size"),
        inodes=_int(row, "inodes"),
    )


def _cache(row: Row) -> events.Cache:
    name, path, empty = _need_text(row, "name"), _text(row, "path"), _text(row, "empty")
    return events.Cache(name, path, _need_int(row, "bytes"), row.get("whole") is True, empty)


def _document(row: Row) -> events.Document:
    text = None if row["text"] is None else _need_text(row, "text")
    return events.Document(
        _need_text(row, "folder"), _need_text(row, "name"), text, _float(row, "mtime") or 0.0, _text(row, "problem")
    )


def _chunk(row: Row) -> events.Chunk:
    if "b64" in row:
        data = base64.b64decode(row["b64"], validate=True)
    else:
        text = row["text"]
        if not isinstance(text, str):
            raise TypeError("text")
        data = text.encode()
    start = _need_int(row, "start")
    if start < 0:
        raise ValueError("a chunk before the start of its file")
    return events.Chunk(
        _need_text(row, "folder"),
        _need_text(row, "name"),
        _need_int(row, "inode"),
        start,
        data,
        row.get("reset") is True,
    )


def _process(row: Row) -> events.Process:
    alive = row["alive"]
    if not isinstance(alive, bool):
        raise TypeError("alive")
    folder, document = _need_text(row, "folder"), _need_text(row, "document")
    used = _int(row, "memory"), _float(row, "cpu_s")
    return events.Process(folder, document, _need_int(row, "pid"), alive, *used, _text(row, "buffered"))


_KINDS: dict[str, Callable[[Row], events.Event]] = {
    "hello": _hello,
    "host": _host,
    "facts": _facts,
    "doc": _document,
    "chunk": _chunk,
    "process": _process,
    "gone": lambda row: events.FolderGone(_need_text(row, "folder")),
    "synced": lambda _row: events.Synced(),
}
