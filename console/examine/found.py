"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Any

from remote.transport import Completed


@dataclass(frozen=True, slots=True)
class Found:
    """`ok` False: something will fail. `warn`: nothing fails, but a person should know; `mend` says what to do."""

    subject: str
    name: str
    ok: bool
    detail: str
    mend: str = ""
    warn: bool = False

    def to_json(self) -> dict[str, Any]:
        level = "ok" if self.ok and not self.warn else "warning" if self.ok else "error"
        return {
            "subject": self.subject,
            "name": self.name,
            "ok": self.ok,
            "level": level,
            "detail": self.detail,
            "mend": self.mend,
        }


def good(subject: str, name: str, detail: str) -> Found:
    return Found(subject, name, True, detail)


def bad(subject: str, name: str, detail: str, mend: str) -> Found:
    return Found(subject, name, False, detail, mend)


def warning(subject: str, name: str, detail: str, mend: str) -> Found:
    return Found(subject, name, True, detail, mend, warn=True)


def text_of(done: Completed) -> str:
    return done.stdout.decode("utf-8", "replace").strip()


def last_of(done: Completed) -> str:
    """Its last word on stderr."""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else f"it ended with code {done.code}"
