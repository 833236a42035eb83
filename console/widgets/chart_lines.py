"""One chart as lines: title and legend with values, curves with ticks and thresholds, places below. Pure.

Curves are told apart by pattern and by the letter at their end, and by colour only beside that. Of many curves one
is in front; the others stand behind it in one quiet tone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from console import format as fmt
from console.charts import readout
from console.charts.digest import Digest
from console.charts.look import Look
from console.charts.memory import ChartMemory
from console.charts.panel import Panel
from console.charts.raster import PATTERNS, SAMPLES, Raster
from console.charts.scale import Scale, clock, labels, scale_of, ticks, time_ticks
from console.charts.strokes import Strokes, strokes
from console.plain import plain
from console.widgets.lines import CURVES, Line, Span, cut, padded, width_of

LABELS = 7  # cells before the edge
FEW = 8  # curves up to which each has its own pattern, tone and letter
RAW = "line"  # the tone of what was measured, behind what was smoothed
LETTERS = "abcdefgh"
Layer = tuple[Raster, str]  # dots and their tone; later ones stand in front


@dataclass(frozen=True, slots=True)
class Scene:
    """What charts beside each other share: how they are looked at, from where to where, what is known of them."""

    look: Look
    across: tuple[float, float]
    memory: ChartMemory


@dataclass(frozen=True, slots=True)
class _Curve:
    """A series in the window."""

    name: str
    note: str
    digest: Digest  # as it is drawn: smoothed or not
    drawn: Strokes
    raw: Strokes | None  # behind it
    tone: str
    place: int = 0  # decides letter and pattern, where there are few


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One chart, measured out."""

    panel: Panel
    look: Look
    curves: Sequence[_Curve]
    few: bool  # each is told apart
    window: Scale
    upward: Scale
    inner: int  # cells of a row of dots
    below: bool  # something stands at or below 0

    @property
    def lettered(self) -> bool:
        """More than one, and few: letters tell them apart."""
        return self.few and (len(self.curves) > 1 or self.panel.series[0].place >= 0)

    def row(self, value: float, tall: int) -> int:
        """The row of cells, the top one first, that a value falls into."""
        return tall - 1 - self.upward.row(value, tall * 4) // 4


def is_few(panel: Panel) -> bool:
    """Whether each curve has its own letter, pattern and tone."""
    return len(panel.series) <= FEW and all(one.place < FEW for one in panel.series)


def tone_of(place: int) -> str:
    """The tone of the curve with this place."""
    return CURVES[place % len(CURVES)]


def mark_of(place: int) -> str:
    """Its letter and a sample of its pattern: the same in a legend and in a table."""
    return f"{LETTERS[place]}{SAMPLES[pattern_of(place)]}"


def pattern_of(place: int) -> int:
    """Its pattern: another one for the second curve of a tone."""
    return (place + place // len(CURVES)) % len(PATTERNS)


def columns_of(width: int) -> int:
    """Columns of dots in a chart so many cells wide."""
    return 2 * max(1, width - LABELS - 2)


def whole(panels: Sequence[Panel], look: Look, memory: ChartMemory) -> tuple[float, float]:
    """From the first place of any curve to the last: charts beside each other share it."""
    digests = [memory.digests.of((one.key, look.axis), one.points(look.axis)) for p in panels for one in p.series]
    ends = [(digest.xs[0], digest.xs[-1]) for digest in digests if len(digest)]
    if not ends:
        return 0.0, 1.0
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def chart(panel: Panel, scene: Scene, width: int, height: int, *, at: bool) -> list[Line]:
    """Exactly so many lines. `at`: this is the chart that keys are for."""
    inner, cursor = max(1, width - LABELS - 2), scene.look.cursor
    key = (panel, replace(scene.look, cursor=None, at=0), scene.across, inner)
    sheet = scene.memory.drawing(key, lambda: _sheet(panel, scene, inner))
    most = 3 if height >= 14 else 2 if height >= 10 else 1
    head, left = _packed(_legend(sheet, cursor, width, at=at), width, most)
    if left and sheet.lettered:  # letters say enough where names find no room
        head, left = _packed(_legend(sheet, cursor, width, at=at, named=False), width, most)
    tall = max(1, height - len(head) - 1)
    found = any(one.drawn.columns or one.drawn.signs for one in sheet.curves)
    above = any(stroke[3] > 0 for one in sheet.curves for stroke in one.drawn.columns)
    if found and (above or not sheet.upward.log):
        layers = scene.memory.drawing((*key, tall), lambda: _layers(sheet, scene.memory, tall))
        body = _body(sheet, layers, cursor, tall)
    else:
        body = _nothing(tall, width, "nothing above 0: y takes the logarithm away" if found else "nothing here")
    lines = [*head, *body, _places(sheet)]
    return [padded(line, width) for line in lines[:height]]


def _sheet(panel: Panel, scene: Scene, inner: int) -> _Sheet:
    window, log = Scale(*scene.across), panel.title in scene.look.log
    curves = _curves(panel, scene, window, 2 * inner)
    extents = [drawn.extent for one in curves for drawn in (one.drawn, one.raw) if drawn is not None]
    ends = [end for both in extents if both is not None for end in both]
    if log:  # what is least above 0 is known of a column only when all of it is
        ends += [stroke[3] for one in curves for stroke in one.drawn.columns]
    upward = scale_of([*ends, *(value for _, value in panel.thresholds)], log=log)
    return _Sheet(panel, scene.look, curves, is_few(panel), window, upward, inner, any(end <= 0 for end in ends))


def _curves(panel: Panel, scene: Scene, window: Scale, columns: int) -> list[_Curve]:
    look, few = scene.look, is_few(panel)
    found = []
    for number, one in enumerate(panel.series):
        raw = scene.memory.digests.of((one.key, look.axis), one.points(look.axis))
        digest = raw.smooth(look.smoothing) if look.smoothing else raw
        front = few or one.name == panel.chosen
        behind = strokes(raw, window, columns) if look.smoothing and front else None
        tone = "accent strong" if front else "quiet"
        curve = _Curve(one.name, one.note, digest, strokes(digest, window, columns), behind, tone)
        place = number if one.place < 0 else one.place
        found.append(replace(curve, tone=tone_of(place), place=place) if few else curve)
    return found


# ---- the curves ------------------------------------------------------------------------------------------------------


def _body(sheet: _Sheet, layers: Sequence[Layer], place: float | None, tall: int) -> list[Line]:
    over = _signs(sheet, tall)
    limits = [value for _, value in sheet.panel.thresholds if sheet.upward.within(value)]
    ruled = {sheet.row(value, tall): value for value in limits}
    marked = _tick_rows(sheet, tall)
    ends = _ends(sheet, tall) if sheet.lettered else {}
    cursor = None
    if place is not None and sheet.window.within(place):
        cursor = round(sheet.window.share(place) * (2 * sheet.inner - 1)) // 2
    lines: list[Line] = []
    for row in range(tall):
        label = fmt.number(ruled[row], 2) if row in ruled else marked.get(row, "")
        edge = "┼" if row in ruled else "┤" if label else "│"
        cells = _row(layers, over, row, ruled=row in ruled, cursor=cursor)
        tone = "warn" if row in ruled else "quiet"
        lines.append(((fmt.right(label, LABELS), tone), (edge, "quiet"), *cells, ends.get(row, (" ", "text"))))
    return lines


def _layers(sheet: _Sheet, memory: ChartMemory, tall: int) -> list[Layer]:
    """Faint first, then the curves; of many, one drawing for all, which stays while another one comes to the front."""
    faint = Raster.empty(sheet.inner, tall)
    front: list[Layer] = []
    for one in sheet.curves:
        if one.raw is not None:
            faint.draw(one.raw, sheet.upward)
        if sheet.few or one.name == sheet.panel.chosen:
            own = Raster.empty(sheet.inner, tall)
            own.draw(one.drawn, sheet.upward, PATTERNS[pattern_of(one.place)])
            front.append((own, one.tone))
    if sheet.few:
        return [(faint, RAW), *front]
    # the curves are held with what was made of them: an id is a name only while its owner lives
    key = (*(id(one.drawn) for one in sheet.curves), sheet.upward, sheet.inner, tall)
    many, _ = memory.drawing(key, lambda: (_together(sheet, tall), sheet.curves))
    return [(many, "quiet"), (faint, RAW), *front]


def _together(sheet: _Sheet, tall: int) -> Raster:
    raster = Raster.empty(sheet.inner, tall)
    for one in sheet.curves:
        raster.draw(one.drawn, sheet.upward)
    return raster


def _row(
    layers: Sequence[Layer], over: dict[tuple[int, int], Span], row: int, *, ruled: bool, cursor: int | None
) -> Line:
    """Neighbouring cells of one tone become one span."""
    width = layers[0][0].width
    masks, tones = [0] * width, [""] * width
    for raster, tone in layers:
        for cell, mask in enumerate(raster.cells(row)):
            if mask:  # what is faint gives way to what is not, so that patterns stay patterns
                masks[cell] = masks[cell] | mask if tones[cell] != RAW else mask
                tones[cell] = tone
    empty: Span = ("╌", "warn") if ruled else (" ", "text")
    spans: list[Span] = []
    for cell, mask in enumerate(masks):
        if (row, cell) in over:
            letter, tone = over[row, cell]
        elif mask:
            letter, tone = chr(0x2800 + mask), tones[cell]
        else:
            letter, tone = ("│", "accent") if cell == cursor else empty
        if cell == cursor:
            tone = f"{tone} cursor"
        if spans and spans[-1][1] == tone:
            spans[-1] = (spans[-1][0] + letter, tone)
        else:
            spans.append((letter, tone))
    return tuple(spans)


def _signs(sheet: _Sheet, tall: int) -> dict[tuple[int, int], Span]:
    """× where a value is no finite number: at the top for inf, else at the foot. A single point is a dot to be seen."""
    found: dict[tuple[int, int], Span] = {}
    for one in sheet.curves:
        if len(one.drawn.columns) == 1 and sheet.few:
            column, value, *_ = one.drawn.columns[0]
            if sheet.upward.within(value):
                found[sheet.row(value, tall), column // 2] = ("●", one.tone)
        for column, value in (one.raw or one.drawn).signs:
            found[0 if value > 0 else tall - 1, column // 2] = ("×", "bad")
    return found


def _ends(sheet: _Sheet, tall: int) -> dict[int, Span]:
    """The letter of each curve beside its end; where two end at one height, the nearest free row."""
    found: dict[int, Span] = {}
    for one in sheet.curves:
        if not one.drawn.columns:
            continue
        row = sheet.row(one.drawn.columns[-1][4], tall)
        near = sorted((abs(at - row), at) for at in range(tall) if at not in found)
        if near:
            found[near[0][1]] = (LETTERS[one.place], one.tone)
    return found


def _tick_rows(sheet: _Sheet, tall: int) -> dict[int, str]:
    values = ticks(sheet.upward, max(2, tall // 3))
    words = labels(values, log=sheet.upward.log)
    return {sheet.row(value, tall): word for value, word in zip(values, words, strict=True)}


def _nothing(tall: int, width: int, words: str) -> list[Line]:
    lines: list[Line] = [(("│".rjust(LABELS + 1), "quiet"),)] * tall
    lines[tall // 2] = cut((("│".rjust(LABELS + 1), "quiet"), (f"  {words}", "quiet")), width)
    return lines


def _places(sheet: _Sheet) -> Line:
    """Ticks of the axis below, each under its place."""
    window, look, inner = sheet.window, sheet.look, sheet.inner
    most = max(2, inner // 14)
    values = time_ticks(window, most) if look.axis == "time" else ticks(window, most)
    words = [clock(value) for value in values] if look.axis == "time" else labels(values)
    line = [" "] * inner
    taken = -1
    for value, word in zip(values, words, strict=True):
        at = round(window.share(value) * (inner - 1)) - len(word) // 2
        at = max(0, min(at, inner - len(word)))
        if at > taken:
            line[at : at + len(word)] = word
            taken = at + len(word)
    return ((fmt.right(look.axis, LABELS) + " ", "quiet"), ("".join(line), "quiet"))


# ---- the legend ------------------------------------------------------------------------------------------------------


def _legend(sheet: _Sheet, cursor: float | None, width: int, *, at: bool, named: bool = True) -> list[Line]:
    """Entries: title and how it is drawn, each curve with its value at the cursor or its newest, thresholds."""
    panel, curves, window = sheet.panel, sheet.curves, sheet.window
    alone = len(curves) == 1 and curves[0].name == panel.title
    room = max(8, width - 12 - 12 * len(panel.thresholds) if alone else width // 3)
    entries: list[Line] = [_title(sheet, max(room, width // 2), at=at)]
    each = (window.high - window.low) / max(1, 2 * sheet.inner - 1)
    for one in curves:
        if not sheet.few and one.name != panel.chosen:
            continue
        value = _value(one, cursor, each)
        mark = (f"{mark_of(one.place)} " if named else LETTERS[one.place] + " ") if sheet.lettered else ""
        name = "" if alone or not named else f"{_short(one.name, room)} "
        note = ((f" {_short(one.note, room)}", "quiet"),) if one.note and named else ()
        odd = value is not None and not math.isfinite(value)
        front = "strong" if one.name == panel.chosen else "text"
        figure = (fmt.number(value), "bad" if odd else "strong")
        entries.append(((mark, one.tone), (name, front), figure, *note))
    if not sheet.few:
        entries.append(((fmt.plural(len(curves), "curve"), "quiet"),))
    entries += [(("╌╌ ", "warn"), (f"{plain(op)} {fmt.number(value, 2)}", "warn")) for op, value in panel.thresholds]
    if any((one.raw or one.drawn).signs for one in curves):
        entries.append((("× no number", "bad"),))
    return entries


def _title(sheet: _Sheet, room: int, *, at: bool) -> Line:
    badges = ["log", *(["≤ 0 left out"] if sheet.below else [])] if sheet.upward.log else []
    words = f" {', '.join(badges)}" if badges else ""
    mark: Span = ("▸", "accent") if at else ("", "text")
    return (mark, (_short(sheet.panel.title, room), "accent strong" if at else "text"), (words, "warn"))


def _value(one: _Curve, cursor: float | None, each: float) -> float | None:
    if cursor is not None:
        return readout.values([one.digest], cursor, each)[0]
    return one.digest.ys[-1] if len(one.digest) else None


def _short(name: str, room: int) -> str:
    name = plain(name)
    return name if fmt.cell_len(name) <= room else fmt.fit(name, room)


def _packed(entries: Sequence[Line], width: int, most: int) -> tuple[list[Line], int]:
    """Entries in at most so many lines, and how many find no room: they are counted at the end."""
    lines: list[Line] = [()]
    over = 0
    for place, entry in enumerate(entries):
        gap: Line = (("  ", "text"),) if lines[-1] else ()
        left = len(entries) - place
        tail = 0 if left == 1 else 5  # cells for "+12"
        if width_of((*lines[-1], *gap, *entry)) + (tail if len(lines) == most else 0) <= width:
            lines[-1] = (*lines[-1], *gap, *entry)
        elif len(lines) < most and lines[-1]:
            lines.append(entry)
        else:
            lines[-1] = cut((*lines[-1], *gap, *(entry if not lines[-1] else ((f"+{left}", "quiet"),))), width)
            over = left
            break
    return [cut(line, width) for line in lines], over
