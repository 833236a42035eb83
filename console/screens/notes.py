"""What is said at the foot of the screen: deeds in progress, how they ended, and short answers to a key."""

from dataclasses import dataclass

from console import format as fmt
from console.fleet.cells import WorkerRow
from console.glyphs import LEVELS
from console.plain import plain
from console.screens.commands import key_hint
from console.screens.deeds import Deed
from console.source import Step
from console.widgets.facts import folded
from console.widgets.lines import Line

SHOWN_S = 15.0  # how long what went well stays; what went wrong stays until Esc
MOST = 5  # lines
_BAR = 12
_BESIDE = 120  # from this width on the criteria stand on the screen and need no line here


@dataclass(frozen=True, slots=True)
class Said:
    """A short answer to a key."""

    text: str
    at: float
    tone: str = "text"


@dataclass(slots=True)
class Noted:
    """A deed, and when its newest step came."""

    deed: Deed
    at: float


class Notes:
    """Newest last."""

    def __init__(self) -> None:
        self._deeds: list[Noted] = []
        self._said: Said | None = None

    def say(self, text: str, now: float, tone: str = "text") -> None:
        """Show a sentence for a while."""
        self._said = Said(text, now, tone)

    def moved(self, deed: Deed, now: float) -> None:
        """A deed has new steps."""
        for item in self._deeds:
            if item.deed is deed:
                item.at = now
                return
        self._deeds.append(Noted(deed, now))

    def at(self, deed: Deed) -> float | None:
        """When the newest step of a deed came."""
        return next((item.at for item in self._deeds if item.deed is deed), None)

    @property
    def deeds(self) -> list[Deed]:
        """All that are spoken of."""
        return [item.deed for item in self._deeds]

    @property
    def busy(self) -> list[Deed]:
        """Deeds that are not done."""
        return [item.deed for item in self._deeds if not item.deed.done]

    def clear(self) -> bool:
        """Away with all that is done. False when there was nothing."""
        before = len(self._deeds) + (self._said is not None)
        self._deeds = [item for item in self._deeds if not item.deed.done]
        self._said = None
        return before != len(self._deeds)

    def lines(self, now: float, width: int, row: WorkerRow | None) -> list[Line]:
        """The lines to show; when there is nothing to say of deeds, the selected worker's advice."""
        self._deeds = [item for item in self._deeds if self._stays(item, now)]
        lines: list[Line] = []
        for item in self._deeds:
            for step in item.deed.latest().values():
                lines += step_lines(item.deed.name, step, now - item.at, width, done=item.deed.done)
        if self._said is not None and now - self._said.at < SHOWN_S:
            lines.append(((f" {plain(self._said.text)}", self._said.tone),))
        return lines[-MOST:] or advice_lines(row, width)

    def _stays(self, item: Noted, now: float) -> bool:
        return not item.deed.done or bool(item.deed.failures) or now - item.at < SHOWN_S


def step_lines(name: str, step: Step, age: float, width: int, *, done: bool = False) -> list[Line]:
    """One worker's newest step: sign, who, what, countdown; the mend below when it went wrong."""
    over = step.ok is not None or done
    sign, tone = ("✗", "bad") if step.ok is False else ("✓", "good") if over else ("⟳", "accent")
    left = "" if step.countdown is None or over else f"   {fmt.timer(step.countdown - age)}"
    who = f"{name} {plain(step.worker)}: " if step.worker else f"{name}: "
    bar = _bar(step) if not over else ()
    room = width - 4 - (_BAR + 1 if bar else 0)
    lines: list[Line] = []
    for place, part in enumerate(folded(f"{who}{plain(step.text)}{left}", room)):
        lines.append(((f" {sign} ", tone), *bar, (part, "text")) if not place else (("   " + part, "text"),))
    if step.mend and step.ok is False:
        lines += [(("   " + part, "warn"),) for part in folded(plain(step.mend), width - 3)]
    return lines


def _bar(step: Step) -> Line:
    """How much is done, where that can be told."""
    if step.share is None:
        return ()
    done, track = fmt.bar(step.share, _BAR)
    return ((done, "accent"), (track, "quiet"), (" ", "text"))


def advice_lines(row: WorkerRow | None, width: int) -> list[Line]:
    """The selected worker's most urgent advice, in one or two lines."""
    if row is None or not row.advice or row.key is None:
        return []
    item = next((item for item in row.advice if item.level != "note"), row.advice[0])
    if item.level == "note" and width >= _BESIDE:
        return []
    sign, tone = LEVELS.get(item.level, LEVELS["warning"])
    text = f"{plain(item.what)} — {plain(item.mend)}" if item.mend else plain(item.what)
    text += f"   {key_hint(item.action)}" if item.action else ""
    parts = folded(text, width - 3)[:2]
    return [((f" {sign} " if not place else "   ", tone), (part, "text")) for place, part in enumerate(parts)]
