"""The trainer's half of a study, on its host: questions and answers as JSON lines over one channel. Blocking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.preflight import Refused
from remote.errors import Unreachable
from remote.transport import Channel
from trainer.record.jsonl import decode_document, encode

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Trial:
    """What the study knows of one. `seen`: the metric by epoch; `place`: where its run is, as we told it."""

    number: int
    settings: Mapping[str, Any]
    state: str = "running"
    seen: Mapping[int, float] = field(default_factory=dict)
    place: str = ""


def trial_of(row: Mapping[str, Any]) -> Trial:
    """From an answer."""
    seen = {int(epoch): float(value) for epoch, value in row.get("seen") or ()}
    state = str(row.get("state") or "running")
    return Trial(int(row["number"]), dict(row["settings"]), state, seen, str(row.get("place") or ""))


class Desk:
    """`known` is what the study said of itself when it was opened. Refused when it cannot be."""

    def __init__(self, channel: Channel) -> None:
        self._channel, self._rest = channel, b""
        self.known = self._answer()

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """A question, and its answer. Unreachable when nobody answers any more."""
        self._channel.send(encode({"do": do, **more}))
        return self._answer()

    def close(self) -> None:
        """The study goes on another time."""
        self._channel.close()

    def _answer(self) -> dict[str, Any]:
        while b"\n" not in self._rest:
            piece = self._channel.recv(_PIECE)
            if not piece:
                self._channel.wait(5.0)
                said = self._channel.stderr().decode("utf-8", "replace").strip().splitlines()
                lines = [line.removeprefix("trainer: ") for line in said]
                if any(line.startswith("Traceback") for line in lines):
                    lines = lines[-1:]
                if lines:
                    raise Refused("; ".join(lines))
                raise Unreachable("the study does not answer any more", "is its host reached?")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        found = decode_document(line)
        if found is None:
            raise Refused(f"the trainer said what is no answer: {line[:200].decode('utf-8', 'replace')}")
        if "error" in found:
            raise Refused(str(found["error"]))
        return found
