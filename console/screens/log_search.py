"""Searching a log, and going to its tracebacks: both may have to wait until more of it is known."""

from console.logs.reader import Reader
from console.widgets.log_view import LogView


class Search:
    """`go_on` is called whenever more is known; it answers what there is to say."""

    def __init__(self, view: LogView, reader: Reader) -> None:
        self._view, self._reader = view, reader
        self._going = 0  # a search that has not found yet, and where it goes
        self._tracing = False

    def forget(self) -> None:
        """Another pattern: where the last one was going means nothing."""
        self._going = 0

    def begin(self, step: int, *, from_here: bool = False) -> str:
        """The next that is found, or the one before."""
        if self._reader.matcher is None:
            return "nothing to search for   &: search   /: filter"
        self._going = step
        view = self._view
        if from_here and view.following:
            view.following_off()
            view.cursor = view.view.count  # the last line counts too
        return self.go_on() or ("searching …" if self._going else "")

    def trace(self) -> None:
        """The first traceback; then the next."""
        self._tracing = True
        self._reader.look_for_traces()

    def go_on(self) -> str:
        """As far as one can by now."""
        said = self._go_on_searching() if self._going else ""
        return (self._go_on_tracing() if self._tracing else "") or said

    def _go_on_searching(self) -> str:
        view, reader = self._view, self._reader
        here = min(view.cursor, view.view.count - 1)
        target = reader.match(here, self._going)
        if (
            view.cursor >= view.view.count > 0
            and self._going < 0
            and reader.match_number(here)
            and (target is None or reader.match_number(here) > reader.match_number(target))
        ):
            last = self._last_match(here)
            target = last if target is None else max(target, last or 0)
        if target is not None:
            self._going = 0
            view.go_to(target)
        elif reader.found is not None and reader.found.whole:
            self._going = 0
            view.cursor = here
            return self._no_more()
        return ""

    def _go_on_tracing(self) -> str:
        view, reader = self._view, self._reader
        if not reader.look_for_traces():
            return ""
        self._tracing = False
        block = reader.trace(None if view.block == (0, 0) else view.block[0])
        if block is None:
            return "no traceback in this log"
        view.go_to(block[0], block)
        return ""

    def _last_match(self, here: int) -> int | None:
        found = self._reader.found
        number = self._reader.match_number(here)
        if found is None or not number:
            return None
        return self._view.view.number(*found.place(number - 1))

    def _no_more(self) -> str:
        found, matcher = self._reader.found, self._reader.matcher
        if found is None or not found.count:
            return f"nothing found: {matcher.text if matcher else ''}"
        return "no more that way"
