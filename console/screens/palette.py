"""The command palette: the same commands as the keys, by their names."""

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from console.screens.commands import APP_COMMANDS, CHART_COMMANDS, LOG_COMMANDS, VIEW_COMMANDS, WORKER_COMMANDS, Command
from console.screens.keys import key_name
from console.screens.logs import LogsScreen


class Commands(Provider):
    """Commands that the screen below the palette can do now."""

    async def discover(self) -> Hits:
        for item in self._possible():
            yield DiscoveryHit(_name(item), partial(self._do, item), item.name, item.tell)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for item in self._possible():
            score = matcher.match(item.name)
            if score > 0:
                yield Hit(score, matcher.highlight(_name(item)), partial(self._do, item), item.name, item.tell)

    def _possible(self) -> list[Command]:
        own = (
            LOG_COMMANDS if isinstance(self.screen, LogsScreen) else (*WORKER_COMMANDS, *VIEW_COMMANDS, *CHART_COMMANDS)
        )
        return [item for item in (*own, *APP_COMMANDS) if self._can(item)]

    def _can(self, item: Command) -> bool:
        name = item.action.partition("(")[0].removeprefix("app.")
        if item in WORKER_COMMANDS and not self.screen.check_action(name, ()):
            return False
        return any(hasattr(place, f"action_{name}") for place in (self.screen, self.app)) and name != "palette"

    async def _do(self, item: Command) -> None:
        target = self.app if item in APP_COMMANDS else self.screen
        await self.app.run_action(item.action, target)


def _name(item: Command) -> str:
    keys = " ".join(key_name(key) for key in item.key.split(",") if key)
    return f"{item.name}  ({keys})" if keys else item.name
