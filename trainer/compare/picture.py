"""The comparison as a picture: accuracy, position error and its baselines, cost, who was taken for whom.

Drawn with matplotlib's objects alone, never through pyplot: no global figure is made and none can leak.
"""

import io
import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from trainer.compare.report import Block, Comparison, Entrant
from trainer.outcomes import words
from trainer.outcomes.interval import Interval
from trainer.record import atomic

COLOURS = ("#2f6db5", "#d1495b", "#2b8a57", "#b07aa1", "#c98a1b", "#4c9f9f", "#7a6f5d", "#8c6bd1")
INK, FAINT, QUIET = "#22262b", "#8a9099", "#c3c9d1"
_ACROSS = 6  # confusion matrices in a row


def draw(found: Comparison, path: Path) -> None:
    """All blocks, one below the other, as PNG at `path` in one step."""
    heights = [3.9 + 2.9 * math.ceil(len(block.entrants) / _ACROSS) for block in found.blocks]
    figure = Figure(figsize=(15, sum(heights) + 0.3), dpi=110, facecolor="white", layout="constrained")
    parts = figure.subfigures(len(found.blocks), 1, squeeze=False, height_ratios=heights)
    for part, block in zip(parts[:, 0], found.blocks, strict=True):
        _block(part, block)
    out = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, out.getvalue())


def _block(part: SubFigure, block: Block) -> None:
    count = words.plural(len(block.truth.labels), "sample")
    part.suptitle(f"{block.task}: {count} of {block.split}", x=0.01, ha="left", size=14, weight="bold", color=INK)
    rows = math.ceil(len(block.entrants) / _ACROSS)
    above, below = part.subfigures(2, 1, squeeze=False, height_ratios=(3.9, 2.9 * rows))[:, 0]
    left, middle, right = above.subplots(1, 3, width_ratios=(1, 1.25, 1))
    _accuracy(left, block)
    _errors(middle, block)
    _costs(right, block)
    across = min(_ACROSS, max(3, len(block.entrants)))
    axes = np.asarray(below.subplots(rows, across)).reshape(-1)
    for at, place in enumerate(axes):
        if at < len(block.entrants):
            _confusion(place, block, block.entrants[at], at)
        else:
            place.set_axis_off()


def _accuracy(axes: Axes, block: Block) -> None:
    _style(axes, f"Accuracy, {block.level * 100:g} % intervals")
    values = [item.worth.accuracy for item in block.entrants]
    for at, value in enumerate(values):
        axes.plot([value.low, value.high], [at, at], color=_colour(at), lw=2.5, solid_capstyle="round")
        axes.plot(value.value, at, "o", color=_colour(at), ms=8, mec="white")
        axes.annotate(words.percent(value.value), (value.value, at), (0, 9), textcoords="offset points", ha="center",
                      size=10, color=INK)  # fmt: skip
    chance = 1 / len(block.truth.classes)
    low = min([value.low for value in values] + ([chance] if min(v.low for v in values) < chance + 0.2 else []))
    if chance >= low:
        axes.axvline(chance, color=FAINT, lw=1, ls=(0, (1, 2)))
        axes.annotate("chance", (chance, 1), (3, -10), xycoords=("data", "axes fraction"), textcoords="offset points",
                      size=9, color=FAINT)  # fmt: skip
    axes.set_xlim(low - 0.03 * (1.05 - low), 1 + 0.03 * (1.05 - low))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0 if low < 0.9 else 1))
    _names(axes, [item.name for item in block.entrants])


def _errors(axes: Axes, block: Block) -> None:
    """Runs and baselines, the smallest error on top."""
    _style(axes, "Next position, mean squared error")
    lines = [(item.worth.error, item.name, _colour(at)) for at, item in enumerate(block.entrants)]
    lines += [
        (Interval(beside.error, beside.error, beside.error), name, QUIET)
        for name, beside in block.baselines.items()
        if beside.error is not None
    ]
    known = sorted(((error, name, colour) for error, name, colour in lines if error is not None),
                   key=lambda line: line[0].value)  # fmt: skip
    if not known:
        axes.text(0.5, 0.5, "these runs say no positions", ha="center", transform=axes.transAxes, color=FAINT)
        axes.set_axis_off()
        return
    for at, (error, _name, colour) in enumerate(known):
        axes.plot([max(error.low, 1e-12), error.high], [at, at], color=colour, lw=2.5, solid_capstyle="round")
        axes.plot(max(error.value, 1e-12), at, "s" if colour == QUIET else "o", color=colour, ms=8, mec="white")
        axes.annotate(words.figure(error.value), (max(error.high, 1e-12), at), (8, -3), textcoords="offset points",
                      size=9, color=FAINT if colour == QUIET else INK)  # fmt: skip
    axes.set_xscale("log")
    axes.margins(x=0.15)
    _decades(axes.xaxis)
    _names(axes, [name if colour != QUIET else f"({name})" for _error, name, colour in known])


def _costs(axes: Axes, block: Block) -> None:
    """What an error costs; the accuracy's miss where there are no positions. A point's size tells parameters."""
    errors = [item.worth.error.value if item.worth.error else 1 - item.worth.accuracy.value for item in block.entrants]
    positions = block.entrants[0].worth.error is not None
    _style(axes, f"{'Position error' if positions else 'Wrong classes'} by training time")
    spent = [max(item.outcome.seconds, 0.1) for item in block.entrants if item.outcome.seconds is not None]
    middle = math.sqrt(min(spent, default=1) * max(spent, default=1))
    for at, (item, error) in enumerate(zip(block.entrants, errors, strict=True)):
        if item.outcome.seconds is None:
            continue
        size, at_least = 40 + 30 * math.log10(max(item.predicted.parameters, 1)), max(error, 1e-7)
        axes.scatter([max(item.outcome.seconds, 0.1)], [at_least], s=size, color=_colour(at), ec="white", zorder=3)
        above, right = sum(error > other for other in errors) % 2 == 1, item.outcome.seconds > middle
        axes.annotate(f"{item.name}\n{_short(item.predicted.parameters)}", (max(item.outcome.seconds, 0.1), at_least),
                      (-5 if right else 5, 9 if above else -9), textcoords="offset points", size=9, color=INK,
                      ha="right" if right else "left", va="bottom" if above else "top")  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(x=0.35, y=0.25)
    _decades(axes.xaxis)
    _decades(axes.yaxis)
    axes.set_xlabel("seconds", size=10, color=INK)
    axes.grid(axis="y", color="#eceff3", lw=0.8)


def _confusion(axes: Axes, block: Block, item: Entrant, at: int) -> None:
    """Shares of each true class (down); what is right stays pale, so that mistakes are seen."""
    counts = item.worth.confusion.astype(np.float64)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    wrong = shares * (1 - np.eye(len(shares)))
    axes.imshow(np.sqrt(wrong), cmap="Reds", vmin=0, vmax=1)
    names = [name[:9] for name in block.truth.classes]
    few = len(names) <= 10
    for (down, across), count in np.ndenumerate(item.worth.confusion) if few else ():
        colour = INK if down == across else ("white" if wrong[down, across] > 0.3 else "#7d2230")
        axes.text(across, down, str(count) if count else "·", ha="center", va="center", size=10,
                  color=colour if count else QUIET)  # fmt: skip
    axes.set_title(item.name, size=11, weight="bold", color=_colour(at), loc="left")
    shown = names if few else []
    axes.set_xticks(range(len(shown)), shown, size=8, rotation=30, ha="right", color=INK)
    axes.set_yticks(range(len(shown)), shown if at % _ACROSS == 0 else [""] * len(shown), size=8, color=INK)
    axes.tick_params(length=0)
    axes.set_xlabel("said" + (" (down: true)" if at == 0 else ""), size=9, color=FAINT)
    for spine in axes.spines.values():
        spine.set_color(QUIET)


def _decades(axis: Axis) -> None:
    """A handful of ticks on a logarithmic axis, short or long."""
    low, high = axis.get_view_interval()
    wide = high > 100 * low
    axis.set_major_locator(LogLocator(10, subs=(1,) if wide else (1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _names(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names, size=10, color=INK)
    axes.set_ylim(len(names) - 0.4, -0.7)


def _style(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", size=11.5, weight="bold", color=INK, pad=8)
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=9, length=3)
    axes.grid(axis="x", color="#eceff3", lw=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)


def _colour(at: int) -> str:
    return COLOURS[at % len(COLOURS)]


def _short(parameters: int) -> str:
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if parameters >= unit:
            return f"{parameters / unit:.3g} {name}"
    return str(parameters)
