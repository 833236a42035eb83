"""The filter's box completes what is typed into it."""

from collections.abc import Callable, Sequence

from textual.suggester import Suggester

from console.fleet.cells import WorkerRow
from console.screens.filter import completion


class Completing(Suggester):
    """Completes what is typed into the box."""

    def __init__(self, rows: Callable[[], Sequence[WorkerRow]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._rows = rows

    async def get_suggestion(self, value: str) -> str | None:
        return completion(value, self._rows())
