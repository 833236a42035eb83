"""Emptying a cache on a host: which, how large, with which command; then what became free."""

from console.fleet.words import amount
from console.plain import plain
from console.screens.dialog import Dialog, bullets
from console.widgets.choices import Choices
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line
from remote.events import Cache

CANCEL, EMPTY, CLOSE = "cancel", "empty it", "close"


class EmptyDialog(Dialog[bool]):
    """True when it was emptied. The cursor stands on cancel: nothing of it comes back."""

    def __init__(self, host: str, cache: Cache) -> None:
        super().__init__()
        self._host, self._cache = host, cache
        self.title_text = f"Empty the {plain(cache.name)} cache on {plain(host)}"

    def choices(self) -> tuple[str, ...]:
        return (CANCEL, EMPTY) if self.deed is None else (CLOSE,)

    def lines(self, width: int) -> list[Line]:
        cache = self._cache
        size = f"{'' if cache.whole else 'more than '}{amount(cache.bytes)} in {plain(cache.path)}"
        lines: list[Line] = [BLANK, *bullets(folded(size, width - 4), "strong")]
        lines += bullets(folded(f"runs {plain(cache.empty)}", width - 4))
        if self.deed is not None:
            return [*lines, *self.deed_lines(width)]
        words = "what is in it is fetched or made again when it is needed, which takes time; nothing else is touched"
        return [*lines, *bullets(folded(words, width - 4), "quiet"), BLANK]

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        if event.name == EMPTY and self.deed is None:
            app = self.console
            self.deed = app.perform("empty", (self._host,), lambda: app.actions.empty(self._host, self._cache))
            self.refresh_body()
        else:
            self._leave()

    def action_close(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self.close(self.deed is not None and self.deed.done and not self.deed.failures)
