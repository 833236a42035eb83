"""The command palette: everything that the screen in front can do now, by its name, with its keys."""

from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from console.screens.commands import method
from console.screens.keys import key_name
from console.screens.offers import Offer, offers


class Commands(Provider):
    """Of the screen below the palette."""

    async def discover(self) -> Hits:
        for item in possible(self.screen):
            yield DiscoveryHit(_name(item), item.do, item.name, item.tell)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for item in possible(self.screen):
            score = matcher.match(item.name) or (0.1 if query.casefold() in item.tell.casefold() else 0.0)
            if score > 0:
                yield Hit(score, matcher.highlight(_name(item)), item.do, item.name, item.tell)


def possible(screen: Screen[Any]) -> list[Offer]:
    """What this screen can do now, but for opening the palette."""
    return [item for item in offers(screen) if method(item.action) != "palette"]


def _name(item: Offer) -> str:
    keys = " ".join(key_name(key) for key in item.keys)
    return f"{item.name}  ({keys})" if keys else item.name
