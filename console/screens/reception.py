"""Which question of a host is shown when: secrets at once, an unknown key once by itself and then when asked for."""

from typing import TYPE_CHECKING

from console.fleet.model import Fleet
from console.format import plural
from console.screens.host_key import KeyDialog
from console.screens.secret import SecretDialog
from console.source import Door

if TYPE_CHECKING:
    from console.app import ConsoleApp

WAITING = ("host key", "auth failed", "unreachable", "stale", "broken")


class Reception:
    """Brings questions of the door before the person, one at a time."""

    def __init__(self, app: "ConsoleApp", door: Door) -> None:
        self._app, self._door = app, door
        self._offered: set[tuple[str, str]] = set()  # hosts and what they said, when a dialog was shown for it
        door.questions.listen(app.changed)

    def attend(self, fleet: Fleet) -> None:
        """Show what waits, if nothing else is in front."""
        front = self._app.screen
        waiting = self._door.questions.waiting
        if waiting and not isinstance(front, SecretDialog):
            self._app.push_screen(SecretDialog(waiting[0]))
        elif not front.is_modal:
            new = [name for name in keys_wanted(fleet) if (name, fleet.hosts[name].link.detail) not in self._offered]
            if new:
                self._show_key(new[0], fleet)

    def admit(self, fleet: Fleet) -> None:
        """The person asks: keys first, then everybody who waits is tried again."""
        keys = keys_wanted(fleet)
        if keys:
            self._show_key(keys[0], fleet)
            return
        hosts = [name for name, host in fleet.hosts.items() if host.link.phase in WAITING]
        for name in hosts:
            self._door.knock(name)
        self._app.say(
            f"trying {', '.join(hosts)} again" if hosts else f"{plural(len(fleet.hosts), 'host')}: none waits"
        )

    def close(self) -> None:
        """The screen ends: whoever waits for an answer gets none."""
        self._door.questions.close()

    def _show_key(self, name: str, fleet: Fleet) -> None:
        self._offered.add((name, fleet.hosts[name].link.detail))
        self._app.push_screen(KeyDialog(self._door, name))


def keys_wanted(fleet: Fleet) -> list[str]:
    """Hosts whose link waits because of a key."""
    return [name for name, host in fleet.hosts.items() if host.link.phase == "host key"]
