"""The four-panel picture: the ratio over epochs, before and after, attention by kind, and validation clips to look at.

Drawn with matplotlib's objects alone, never through pyplot: no global figure is made and none can leak.
"""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from trainer.record import atomic
from trainer.tasks import Evaluation
from trainer.tasks.persistence.data.clips import Clips
from trainer.tasks.persistence.data.scene import FRAMES, SIDE
from trainer.tasks.persistence.measures import Validation, ratio_history

PERSISTENT, TRANSIENT = "#2f6db5", "#d1495b"
PASSED, FAILED = "#2b8a57", "#c8553d"
INK, FAINT, BEFORE = "#22262b", "#8a9099", "#c3c9d1"
GLOW = np.array([255, 176, 32])  # what is laid over a patch that gets attention
_ACROSS, _DOWN = 4, 2  # clips in the grid
_FLOOR = 1e-4  # attention below this share of uniform is drawn as this


def four_panels(
    history: Sequence[Mapping[str, Any]],
    first: Evaluation | None,
    last: Evaluation,
    *,
    clips: Clips,
    split: str,
    notes: Sequence[str],
    path: Path,
) -> Path:
    """Draw, and put the PNG at `path` in one step."""
    found: Validation = last.details
    figure = Figure(figsize=(16, 10.6), dpi=110, facecolor="white")
    grid = figure.add_gridspec(
        2, 2, left=0.06, right=0.98, top=0.87, bottom=0.075, hspace=0.42, wspace=0.12, width_ratios=(1, 1.12)
    )
    _ratio_over_epochs(figure.add_subplot(grid[0, 0]), history, last, found.threshold)
    _before_after(figure, grid[0, 1], first, last, found.threshold)
    _violins(figure.add_subplot(grid[1, 0]), found)
    _clip_grid(figure, grid[1, 1], found, clips, split)
    figure.text(
        0.06, 0.957, "Attention on what stays, against attention on what flashes by", size=17, weight="bold", color=INK
    )
    told = "   ·   ".join([_summary(last), *notes])
    figure.text(0.06, 0.927, told, size=min(11, 11 * 200 / len(told)), color=FAINT)
    out = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, out.getvalue())
    return path


def _summary(last: Evaluation) -> str:
    figures = last.metrics
    return (
        f"accuracy {figures['val_accuracy']:.1%}   ·   ratio {figures['attention_ratio']:.2f}×   ·   "
        f"consistency {figures['consistency']:.1%}   ·   {len(last.details.label):,} validation clips"
    )


def _ratio_over_epochs(axes: Axes, history: Sequence[Mapping[str, Any]], last: Evaluation, threshold: float) -> None:
    epochs, ratios = ratio_history(history)
    if not epochs:
        epochs, ratios = [0.0], [last.metrics["attention_ratio"]]
    shown = np.clip(np.nan_to_num(ratios, nan=_FLOOR, posinf=1 / _FLOOR), _FLOOR, 1 / _FLOOR)
    _style(axes, "Attention ratio over epochs", "epoch", "persistent ÷ transient, per token")
    low, high = min(shown.min(), 0.8) / 1.15, max(shown.max(), threshold * 1.3) * 1.25
    axes.axhspan(threshold, high, color=PASSED, alpha=0.07, lw=0)
    axes.axhline(threshold, color=PASSED, lw=1.4, ls=(0, (5, 3)))
    axes.axhline(1, color=FAINT, lw=1, ls=(0, (1, 2)))
    axes.plot(epochs, shown, color=PERSISTENT, lw=2.2, marker="o", ms=6, mec="white", mew=1.2)
    axes.annotate(
        f"{ratios[-1]:.2f}×", (epochs[-1], shown[-1]), (0, 10), textcoords="offset points", ha="center", weight="bold",
        color=PASSED if ratios[-1] >= threshold else FAILED, size=12,
    )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    for value, text, colour in ((threshold, f"threshold {threshold:g}×", PASSED), (1.0, "uniform attention 1×", FAINT)):
        axes.annotate(
            text, (1, value), (-4, 3), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
            color=colour, size=9.5,
        )  # fmt: skip


def _before_after(
    figure: Figure, place: SubplotSpec, first: Evaluation | None, last: Evaluation, threshold: float
) -> None:
    known: tuple[tuple[str, str, bool, float | None], ...] = (
        ("val_accuracy", "accuracy", True, None),
        ("attention_ratio", "attention\nratio", False, threshold),
        ("consistency", "consistency", True, None),
        ("erase_transient", "predictions that\nflip: transient\nerased", True, None),
        ("erase_persistent", "predictions that\nflip: persistent\nerased", True, None),
    )
    bars = tuple(bar for bar in known if bar[0] in last.metrics)
    inner = place.subgridspec(1, len(bars), wspace=0.45)
    for number, (name, title, share, line) in enumerate(bars):
        axes = figure.add_subplot(inner[0, number])
        _style(axes, "Before and after" if number == 0 else "", "", "")
        values = [] if first is None else [("before", first.metrics.get(name, float("nan")), BEFORE)]
        values.append(("after", last.metrics[name], PERSISTENT))
        top = 1.0 if share else max(1.25 * max([v for _, v, _ in values if np.isfinite(v)], default=1.0), 2.0)
        for at, (_, value, colour) in enumerate(values):
            height = min(value, top) if np.isfinite(value) or value > 0 else 0.0
            axes.bar(at, height, width=0.72, color=colour)
            text = f"{value:.0%}" if share else f"{value:.2f}×"
            axes.annotate(
                text if np.isfinite(value) else "–", (at, height), (0, 3), textcoords="offset points", ha="center",
                size=10.5, weight="bold", color=INK,
            )  # fmt: skip
        if line is not None:
            axes.axhline(line, color=PASSED, lw=1.4, ls=(0, (5, 3)))
        axes.set_ylim(0, top * 1.12)
        axes.set_xticks(range(len(values)), [name for name, _, _ in values])
        axes.set_xlim(-0.65, len(values) - 0.35)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(title, size=10.5, color=INK, labelpad=6)


def _violins(axes: Axes, found: Validation) -> None:
    _style(axes, "Attention per token, one dot a validation clip", "", "times uniform attention")
    shown = found.shares[found.both] * found.attention.shape[1]
    logs = np.log10(np.clip(shown, _FLOOR, None))
    spread = np.random.default_rng(0).uniform(-0.07, 0.07, len(logs))
    for at, (name, colour) in enumerate((("persistent", PERSISTENT), ("transient", TRANSIENT))):
        values = logs[:, at]
        if len(values) > 1 and np.ptp(values) > 1e-9:
            parts: Any = axes.violinplot(values, [at], widths=0.7, showextrema=False, points=200)
            for body in parts["bodies"]:
                body.set(facecolor=colour, alpha=0.28, edgecolor=colour, linewidth=1.2)
        axes.scatter(at + spread, values, s=7, color=colour, alpha=0.45, lw=0)
        if len(values):
            middle = float(np.median(values))
            axes.plot([at - 0.22, at + 0.22], [middle, middle], color=colour, lw=2.4)
            axes.annotate(
                f"median {10**middle:.2g}×",
                (at + 0.38, middle),
                (4, -4),
                textcoords="offset points",
                size=10,
                color=colour,
            )
        axes.annotate(
            f"{name} objects", (at, 0), (0, -18), xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="center", size=11.5, color=colour, weight="bold",
        )  # fmt: skip
    axes.axhline(0, color=FAINT, lw=1, ls=(0, (1, 2)))
    axes.set_xlim(-0.6, 1.75)
    axes.set_xticks([])
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{10**value:.2g}×"))


def _clip_grid(figure: Figure, place: SubplotSpec, found: Validation, clips: Clips, split: str) -> None:
    own = np.full(len(found.label), np.nan)
    own[found.both] = found.ratios()
    rows = _chosen(own, found.threshold)
    pixels, _ = clips.draw(split, rows)
    inner = place.subgridspec(_DOWN, _ACROSS, wspace=0.08, hspace=0.3)
    for number, row in enumerate(rows.tolist()):
        axes = figure.add_subplot(inner[number // _ACROSS, number % _ACROSS])
        axes.imshow(montage(pixels[number], found.attention[row]), interpolation="nearest")
        passed = bool(own[row] >= found.threshold)
        colour = PASSED if passed else FAILED
        value = _factor(own[row])
        axes.set_title(f"{'✓' if passed else '✗'} {value}", size=11.5, color=colour, weight="bold", loc="left", pad=4)
        right = found.predicted[row] == found.label[row]
        said = f"label {found.label[row]}" if right else f"{found.label[row]}, said {found.predicted[row]}"
        axes.set_title(said, size=9.5, color=FAINT if right else FAILED, loc="right", pad=4)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(color=colour, linewidth=2.2)
    share = float(np.nanmean(own >= found.threshold)) if found.both.any() else float("nan")
    box = place.get_position(figure)
    heading = f"Validation clips: {share:.0%} pass the ratio of {found.threshold:g}×"
    figure.text(box.x0, box.y1 + 0.034, heading, size=13, weight="bold", color=INK)
    figure.text(
        box.x0,
        box.y0 - 0.03,
        "16 frames each, in reading order; the glow is the attention of the CLS query",
        size=10,
        color=FAINT,
    )


def montage(clip: NDArray[np.uint8], attention: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A clip's 16 frames as a square of 4 × 4, each patch glowing with the attention that it gets."""
    side = round((len(attention) / FRAMES) ** 0.5)
    relative = attention / max(float(attention.max()), 1e-12)
    glow = relative.reshape(FRAMES, side, side).repeat(SIDE // side, 1).repeat(SIDE // side, 2)
    strength = np.sqrt(glow)[..., None]
    frames = clip.transpose(0, 2, 3, 1)
    # Over dark ground only: the spheres keep their colours.
    light = frames.max(-1, keepdims=True) / 255
    mixed = frames + strength * (1 - light) * GLOW * 0.8
    mixed[:, 0], mixed[:, :, 0] = 90, 90
    across = int(FRAMES**0.5)
    tiles = (
        mixed.reshape(across, across, SIDE, SIDE, 3).transpose(0, 2, 1, 3, 4).reshape(across * SIDE, across * SIDE, 3)
    )
    return np.asarray(np.clip(tiles, 0, 255), dtype=np.uint8)


def _factor(value: float) -> str:
    """A ratio in three digits, rounded down: what fails the threshold must not read as if it had passed."""
    if value >= 1000:
        return ">999×"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{math.floor(value * 10**digits) / 10**digits:.{digits}f}×"


def _chosen(own: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Clips to show: as many failed ones as there are, up to half, and passed ones over the whole range of ratios."""
    known = np.flatnonzero(~np.isnan(own))
    order = known[np.argsort(own[known], kind="stable")]
    failed, passed = order[own[order] < threshold], order[own[order] >= threshold]
    room = min(_ACROSS * _DOWN, len(order))
    bad = min(len(failed), max(room // 2, room - len(passed)))
    return np.concatenate([_spaced(passed[::-1], room - bad), _spaced(failed[::-1], bad)])


def _spaced(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)] if count else rows[:0]


def _style(axes: Axes, title: str, across: str, up: str) -> None:
    axes.set_title(title, loc="left", size=13, weight="bold", color=INK, pad=12)
    axes.set_xlabel(across, size=10.5, color=INK)
    axes.set_ylabel(up, size=10.5, color=INK)
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=10, length=3)
    axes.grid(axis="y", color="#eceff3", lw=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(BEFORE)
