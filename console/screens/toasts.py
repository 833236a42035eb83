"""Words in the corner of the screen about what ended, who won, what is newly wrong; and the terminal's own, when an
[alerts.NAME] table asks for that. What is told, and how calmly, decides `console.alerts.corner`."""

from typing import TYPE_CHECKING

from console.alerts.book import Alert
from console.alerts.corner import Corner
from console.alerts.corner import words as corner_words
from console.alerts.notices import LEVELS, notices
from console.alerts.quiet import is_quiet
from console.alerts.trying import TITLE, words
from console.alerts.ways import sequence
from console.screens.picture import Picture

if TYPE_CHECKING:
    from console.app import ConsoleApp
    from console.config import AlertConfig

LOOK_S, SHOWN_S = 1.0, 8.0
_FAILED = ("unreachable", "auth failed", "host key", "broken")


class Toasts:
    """Of one app."""

    def __init__(self, app: "ConsoleApp") -> None:
        self._app, self._corner, self._due = app, Corner(), 0.0

    def look(self, picture: Picture) -> None:
        """At what the screen shows; not more than once a second."""
        if picture.now < self._due:
            return
        self._due = picture.now + LOOK_S
        hosts = picture.fleet.hosts
        synced = [name for name, host in hosts.items() if host.synced]
        found = notices(picture.hosts, picture.workers, picture.races)
        asked = [name for name, host in hosts.items() if host.link.phase not in _FAILED]
        self._corner, alerts = self._corner.look(found, asked, synced, picture.now)
        done_here = {name for deed in self._app.notes.deeds for name in deed.workers if deed.name in ("stop", "kill")}
        news = [item for item in alerts if item.notice.level == "error" or item.notice.who not in done_here]
        if news and self._app.settings.value.toasts:
            self._say(news)

    def _say(self, alerts: list[Alert]) -> None:
        title, text, level = corner_words(alerts)
        severity = {"note": "information", "warning": "warning", "error": "error"}[level]
        self._app.notify(text, title=title, severity=severity, timeout=SHOWN_S, markup=False)  # type: ignore[arg-type]
        for config in self._terminals().values():
            loud = LEVELS.index(level) >= LEVELS.index(config.level)
            if loud and (level == "error" or not is_quiet(config.quiet, self._app.clock())):
                self._ring(config, title, f"{title} {text}")

    def test(self) -> tuple[str, ...]:
        """Ring this terminal in each way that is configured; their names."""
        for name, config in self._terminals().items():
            self._ring(config, TITLE, words(name))
        return tuple(self._terminals())

    def _terminals(self) -> dict[str, "AlertConfig"]:
        setup = self._app.setup
        ways = setup.config.alerts if setup is not None else {}
        return {name: config for name, config in ways.items() if config.terminal}

    def _ring(self, config: "AlertConfig", title: str, text: str) -> None:
        if self._app._driver is not None:
            self._app._driver.write(sequence(config.terminal, title, text))
