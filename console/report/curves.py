"""A chart as SVG: curves that can be told apart without colour, the criterion's line, round numbers at the axes."""

import math
from collections.abc import Sequence
from html import escape

from console.fleet.points import Curve
from console.plain import plain
from console.report.contents import Chart

WIDTH, HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _FOOT = 58, 12, 14, 34
# Okabe and Ito's colours: they differ for colour-blind eyes, on white and on black.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("", "7 3", "2 3", "9 3 2 3")


def chart(found: Chart) -> str:
    """One chart with its legend."""
    solid = [
        (name, [pair for pair in zip(*curve, strict=True) if all(map(math.isfinite, pair))])
        for name, curve in found.curves
    ]
    xs = [x for _name, pairs in solid for x, _y in pairs]
    ys = [y for _name, pairs in solid for _x, y in pairs]
    if not xs:
        return ""
    threshold = found.criterion.threshold if found.criterion is not None else None
    low, high = _range([*ys, *([] if threshold is None or not math.isfinite(threshold) else [threshold])])
    left, right = min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1

    def x_of(value: float) -> float:
        return _LEFT + (value - left) / (right - left) * (WIDTH - _LEFT - _RIGHT)

    def y_of(value: float) -> float:
        return HEIGHT - _FOOT - (value - low) / (high - low) * (HEIGHT - _FOOT - _TOP)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(plain(found.metric), quote=True)}">']
    for tick in ticks(low, high, 5):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y_of(tick):.1f}" y2="{y_of(tick):.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{y_of(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(left, right, 6, whole=found.axis != "time"):
        parts.append(f'<text x="{x_of(tick):.1f}" y="{HEIGHT - 16}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 3}" text-anchor="end">{found.axis}</text>')
    if threshold is not None and low <= threshold <= high:
        y = y_of(threshold)
        parts.append(f'<line class="goal" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    for number, (name, pairs) in enumerate(solid):
        way = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in pairs)
        style = f'stroke="{COLOURS[number % len(COLOURS)]}" stroke-dasharray="{DASHES[number % len(DASHES)]}"'
        if len(pairs) == 1:
            x, y = pairs[0]
            parts.append(
                f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3" fill="{COLOURS[number % len(COLOURS)]}"/>'
            )
        parts.append(f'<polyline points="{way}" {style}><title>{escape(plain(name))}</title></polyline>')
    return "".join([*parts, "</svg>", _legend(found.curves)])


def _legend(curves: Sequence[tuple[str, Curve]]) -> str:
    keys = []
    for number, (name, curve) in enumerate(curves):
        style = f'stroke="{COLOURS[number % len(COLOURS)]}" stroke-dasharray="{DASHES[number % len(DASHES)]}"'
        last = next((value for value in reversed(curve[1]) if math.isfinite(value)), None)
        value = "" if last is None else f" {last:.4g}"
        keys.append(
            f'<span><svg class="key" viewBox="0 0 30 8"><polyline points="0,4 30,4" {style}/></svg>'
            f"{escape(plain(name))}{value}</span>"
        )
    return f'<div class="legend">{"".join(keys)}</div>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        return low - (abs(low) or 1) * 0.5, high + (abs(high) or 1) * 0.5
    room = (high - low) * 0.05
    return low - room, high + room


def ticks(low: float, high: float, about: int, *, whole: bool = False) -> list[float]:
    """Round numbers between two numbers, about so many. `whole`: nothing between 1 and 2."""
    span = (high - low) / max(1, about)
    if not math.isfinite(span) or span <= 0:
        return []
    power = 10.0 ** math.floor(math.log10(span))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= span * 0.999)
    step = max(1.0, math.ceil(step)) if whole else step
    first = math.ceil(low / step - 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, math.floor(high / step + 1e-9) + 1)]
