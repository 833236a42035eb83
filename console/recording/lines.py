"""One event as one JSON line and back, in the probe's own wire format; links, which no probe tells of, in one of ours.

Nothing that a person keeps to himself goes into a recording: values of environments are left out, and what follows a
word such as token or password. Logs are kept as they are.
"""

import base64
import dataclasses
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, get_args

from remote import wire
from remote.events import (
    Chunk,
    Document,
    Event,
    Facts,
    FolderGone,
    Hello,
    LinkPhase,
    LinkState,
    Process,
    Synced,
    Telemetry,
)
from trainer.record import toml

LEFT_OUT = "(left out)"
_KINDS: dict[type, str] = {
    Hello: "hello", Telemetry: "host", Facts: "facts", Document: "doc", Process: "process", FolderGone: "gone",
    Synced: "synced", LinkState: "link",
}  # fmt: skip
_SECRET = re.compile(
    r"(?i)((?:token|passw(?:or)?d|passphrase|secret|api[_-]?key|credential)[\w-]*)(\s*[=:]\s*|\s+)(\S+)"
)
_SECRET_KEY = re.compile(r"(?i)token|passw|passphrase|secret|api[_-]?key|credential")


def encode(event: Event) -> dict[str, Any]:
    """A row for json.dumps."""
    if isinstance(event, Chunk):
        row: dict[str, Any] = {"k": "chunk", "folder": event.folder, "name": event.name, "inode": event.inode}
        row |= {"start": event.start, "reset": event.reset}
        try:
            return {**row, "text": event.data.decode()}
        except UnicodeDecodeError:
            return {**row, "b64": base64.b64encode(event.data).decode()}
    if isinstance(event, Document) and event.text is not None:
        event = dataclasses.replace(event, text=harmless(event.name, event.text))
    return {"k": _KINDS[type(event)], **dataclasses.asdict(event)}


def decode(row: Mapping[str, Any]) -> Event | None:
    """An event; None for a kind that is not known here. ValueError when it is damaged."""
    if row.get("k") != "link":
        return wire.decode_line(json.dumps(row).encode())
    phase: Any = row.get("phase")
    retry = row.get("retry_in")
    if phase not in get_args(LinkPhase):
        raise ValueError(f"not the phase of a link: {phase!r}")
    return LinkState(
        phase, str(row.get("detail", "")), str(row.get("mend", "")), retry if isinstance(retry, float) else None
    )


def harmless(name: str, text: str) -> str:
    """A document without the values of environments and secrets; what cannot be read is left out whole."""
    try:
        if name.endswith(".toml"):
            return toml.dumps(_masked(tomllib.loads(text)))
        if name.endswith(".json"):
            return json.dumps(_masked(json.loads(text)))
    except (ValueError, RecursionError):
        return ""
    return _SECRET.sub(rf"\1\2{LEFT_OUT}", text)


def _masked(value: Any, *, whole: bool = False) -> Any:
    if isinstance(value, Mapping):
        return {
            key: _masked(item, whole=whole or key in ("env", "environment") or bool(_SECRET_KEY.search(str(key))))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return _masked_list(value, whole)
    if isinstance(value, str):
        return LEFT_OUT if whole else _SECRET.sub(rf"\1\2{LEFT_OUT}", value)
    return value


def _masked_list(values: list[Any], whole: bool) -> list[Any]:
    """As in argv: the word behind --password is one too."""
    found: list[Any] = []
    for before, value in zip([None, *values], values, strict=False):
        named = isinstance(before, str) and before.startswith("-") and "=" not in before and _SECRET_KEY.search(before)
        found.append(_masked(value, whole=whole or bool(named)))
    return found
