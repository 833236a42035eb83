"""The command palette: the same commands as the keys, by their names. It lists what the screen in front can do now."""

from functools import partial
from typing import Any

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from console.screens.commands import APP_COMMANDS, COMMANDS, LOG_COMMANDS, Command, method
from console.screens.keys import key_name


class Commands(Provider):
    """Commands that the screen below the palette can do now."""

    async def discover(self) -> Hits:
        for item in possible(self.app, self.screen):
            yield DiscoveryHit(_name(item, self.screen), partial(self._do, item), item.name, item.tell)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for item in possible(self.app, self.screen):
            score = matcher.match(item.name) or (0.1 if query.casefold() in item.tell.casefold() else 0.0)
            if score > 0:
                yield Hit(
                    score, matcher.highlight(_name(item, self.screen)), partial(self._do, item), item.name, item.tell
                )

    async def _do(self, item: Command) -> None:
        target = self.app if item in APP_COMMANDS or item.action.startswith("app.") else self.screen
        await self.app.run_action(item.action.removeprefix("app."), target)


def possible(app: App[Any], screen: Screen[Any]) -> list[Command]:
    """What this screen can do now, in the order of the commands."""
    from console.screens.logs import LogsScreen  # noqa: PLC0415 - the first frame needs no logs

    known = (*LOG_COMMANDS, *APP_COMMANDS) if isinstance(screen, LogsScreen) else COMMANDS
    return [item for item in known if _can(app, screen, item) and method(item.action) != "palette"]


def _can(app: App[Any], screen: Screen[Any], item: Command) -> bool:
    name = method(item.action)
    if item in APP_COMMANDS or item.action.startswith("app."):
        return hasattr(app, f"action_{name}")
    return hasattr(screen, f"action_{name}") and bool(screen.check_action(name, ()))


def keys_here(item: Command, screen: Screen[Any]) -> list[str]:
    """Its keys that work now: a pane in front may have taken one for its own."""
    active = screen.active_bindings.values()
    return [found.binding.key for found in active if found.enabled and found.binding.action == item.action]


def _name(item: Command, screen: Screen[Any]) -> str:
    keys = " ".join(key_name(key) for key in keys_here(item, screen))
    return f"{item.name}  ({keys})" if keys else item.name
