"""One alert in the shapes that its receivers read. Pure."""

import json
from typing import Any

from console.alerts.book import Alert
from console.document import utc
from console.plain import plain

_PRIORITY = {"note": "default", "warning": "high", "error": "urgent"}
_TAG = {"note": "white_check_mark", "warning": "warning", "error": "rotating_light"}


def title(alert: Alert) -> str:
    """One line."""
    text = f"{alert.notice.who}: {alert.notice.what}"
    return plain(f"over: {text}" if alert.over else text)


def text(alert: Alert) -> str:
    """A few lines for people."""
    lines = [title(alert), plain(alert.notice.proof), f"→ {plain(alert.notice.mend)}" if alert.notice.mend else ""]
    return "\n".join(line for line in lines if line)


def document(alert: Alert) -> dict[str, Any]:
    """Everything, for programs."""
    about = {"schema": 1, "time": utc(alert.time), "since": utc(alert.since), "over": alert.over}
    return {**about, **alert.notice.to_json(), "title": title(alert)}


def webhook(alert: Alert, shape: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the request."""
    if shape == "ntfy":
        lines = text(alert).split("\n")[1:] or [title(alert)]
        headers = {
            "Title": title(alert).encode("ascii", "replace").decode(),  # headers are ASCII; the body is not
            "Priority": "default" if alert.over else _PRIORITY[alert.notice.level],
            "Tags": _TAG["note" if alert.over else alert.notice.level],
            "Content-Type": "text/plain; charset=utf-8",
        }
        return "\n".join(lines).encode(), headers
    if shape == "slack":
        marked = text(alert).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return json.dumps({"text": marked}).encode(), {"Content-Type": "application/json"}
    return json.dumps(document(alert)).encode(), {"Content-Type": "application/json"}
