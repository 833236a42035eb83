"""Starting a race: which one, what it will do; then its checks and starts, step by step."""

from console import format as fmt
from console.fleet.cells import RaceView, WorkerRow
from console.glyphs import glyph
from console.plain import plain
from console.screens.dialog import Dialog
from console.screens.picture import Picture
from console.widgets.choices import Choices
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line

START, CANCEL, CLOSE = "start the race", "cancel", "close"


class RaceDialog(Dialog[str | None]):
    """Ends with the worker to follow, when a race was started."""

    title_text = "Race"

    def __init__(self, picture: Picture) -> None:
        super().__init__(picture)
        self._names = tuple(race.name for race in picture.races)

    def choices(self) -> tuple[str, ...]:
        if self.deed is not None:
            return (CLOSE,)
        if len(self._names) == 1:
            return (START, CANCEL)
        return (*self._names, CANCEL)

    def lines(self, width: int) -> list[Line]:
        view = self._view()
        lines: list[Line] = [BLANK]
        if view is not None:
            lines += race_lines(view, width)
        if self.deed is not None:
            return [*lines, *self.deed_lines(width)]
        words = (
            "Checks the configuration of each worker first, then starts all of them. The first to meet all of its "
            "criteria wins; the others stop at their next step. It goes on when this console is closed."
        )
        return [*lines, BLANK, *(((f"   {part}", "text"),) for part in folded(words, width - 4)), BLANK]

    def show(self, picture: Picture) -> None:
        super().show(picture)
        if self.deed is not None and self.deed.done and not self.deed.failures:
            self.close(self._first())

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        if event.name == CANCEL:
            self.close(None)
        elif event.name == CLOSE:
            self.close(self._first())
        else:
            view = self._view()
            assert view is not None
            app = self.console
            workers = app.source.races()[view.name]
            self.deed = app.perform("race", workers, lambda: app.actions.race(view.name))
            self._names = (view.name,)
            self.refresh_body()

    def _view(self) -> RaceView | None:
        """The race under the cursor."""
        assert self.picture is not None
        found = {race.name: race for race in self.picture.races}
        if not self._names:
            return None
        boxes = self.query(Choices)
        at = boxes.first().at if boxes else self._names[0]
        return found.get(at) or found.get(self._names[0])

    def _first(self) -> str | None:
        workers = self.console.source.races().get(self._names[0], ()) if self._names else ()
        return workers[0] if workers else None


def race_lines(view: RaceView, width: int) -> list[Line]:
    """The rivals, and what each must reach."""
    lines: list[Line] = [
        ((f"   {plain(view.name)}", "strong"), (f"  {fmt.plural(len(view.standings), 'worker')}", "quiet"))
    ]
    for item in view.standings:
        sign, tone = glyph(item.row.state)
        lines.append(
            (
                (f"   {sign} ", tone),
                (fmt.fit(plain(item.row.worker), 16), "text"),
                (f"on {plain(item.row.host)}  {_now(item.row)}", "quiet"),
            )
        )
    criteria = view.standings[0].row.criteria if view.standings else ()
    if criteria:
        text = ", ".join(f"{plain(item.metric)} {item.op} {fmt.number(item.threshold, 2)}" for item in criteria)
        lines += [((f"   {part}", "quiet"),) for part in folded(f"all of {text}", width - 4)]
    return lines


def _now(row: WorkerRow) -> str:
    if row.state.live:
        return f"{row.state.name} already: stop it first"
    return "never started" if row.key is None else f"last time: {row.state.name}"
