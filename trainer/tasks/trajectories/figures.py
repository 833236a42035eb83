"""One picture of a run: confusion, position errors by class, learning curves, and samples with their predictions.

Drawn with matplotlib's objects alone, never through pyplot: no global figure is made and none can leak.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from trainer.record import atomic
from trainer.tasks import Evaluation
from trainer.tasks.trajectories.data.settings import CLASSES
from trainer.tasks.trajectories.data.views import Views
from trainer.tasks.trajectories.measures import Predictions

RIGHT, WRONG = "#2b8a57", "#c8553d"
COLOURS = ("#2f6db5", "#d1495b", "#2b8a57", "#c98a1b")  # one a class
TRUE, FORESEEN = "#2b8a57", "#d1495b"
INK, FAINT = "#22262b", "#8a9099"
_ACROSS, _DOWN = 4, 2  # samples in the grid
_FLOOR = 1e-7  # squared errors below this are drawn as this


def overview(
    history: Sequence[Mapping[str, Any]],
    last: Evaluation,
    *,
    views: Views,
    title: str,
    notes: Sequence[str],
    path: Path,
    split: str = "val",
) -> Path:
    """Draw, and put the PNG at `path` in one step."""
    found: Predictions = last.details
    figure = Figure(figsize=(16, 10.6), dpi=110, facecolor="white")
    grid = figure.add_gridspec(2, 2, left=0.075, right=0.965, top=0.87, bottom=0.07, hspace=0.42, wspace=0.16)
    _confusion(figure.add_subplot(grid[0, 0]), found)
    _errors(figure.add_subplot(grid[0, 1]), found)
    _curves(figure, grid[1, 0], history)
    _samples(figure, grid[1, 1], found, views, split)
    figure.text(0.05, 0.957, f"Which motion, and where next: {title}", size=17, weight="bold", color=INK)
    told = "   ·   ".join([_summary(last), *notes])
    figure.text(0.05, 0.927, told, size=min(11, 11 * 200 / len(told)), color=FAINT)
    out = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, out.getvalue())
    return path


def _summary(last: Evaluation) -> str:
    figures = last.metrics
    told = (
        f"accuracy {figures['val_accuracy']:.1%}   ·   next-position MSE {figures['val_position_mse']:.2e}   ·   "
        f"{len(last.details.labels):,} validation samples"
    )
    use = figures.get("codebook_use")
    return told if use is None else f"{told}   ·   codebook use {use:.1%}"


def _confusion(axes: Axes, found: Predictions) -> None:
    counts = found.confusion()
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    _style(axes, "Confusion", "said", "is")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for row, column in np.ndindex(*counts.shape):
        colour = "white" if shares[row, column] > 0.6 else INK if counts[row, column] else FAINT
        weight = "bold" if row == column else "normal"
        text = f"{counts[row, column]:,}" + (f"\n{shares[row, column]:.1%}" if counts[row, column] else "")
        axes.text(column, row, text, ha="center", va="center", size=11, color=colour, weight=weight)
    axes.set_xticks(range(len(CLASSES)), CLASSES)
    axes.set_yticks(range(len(CLASSES)), CLASSES)
    for side in axes.spines.values():
        side.set_visible(False)


def _errors(axes: Axes, found: Predictions) -> None:
    _style(axes, "Error of the next position, one dot a sample", "", "squared error, world units")
    errors = np.maximum(found.squared_errors, _FLOOR)
    spread = np.random.default_rng(0).uniform(-0.28, 0.28, len(errors))
    for label in range(len(CLASSES)):
        rows = found.labels == label
        if not rows.any():
            continue
        axes.scatter(label + spread[rows], errors[rows], s=8, color=COLOURS[label], alpha=0.4, lw=0)
        mean = float(found.squared_errors[rows].mean())
        axes.plot([label - 0.34, label + 0.34], [max(mean, _FLOOR)] * 2, color=INK, lw=2.2)
        axes.annotate(
            f"mean {mean:.1e}", (label, max(mean, _FLOOR)), (0, 5), textcoords="offset points", ha="center", size=10,
            weight="bold", color=INK, bbox={"boxstyle": "round,pad=0.15", "fc": "white", "alpha": 0.75, "lw": 0},
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xticks(range(len(CLASSES)), CLASSES)
    axes.set_xlim(-0.6, len(CLASSES) - 0.4)


def _curves(figure: Figure, place: SubplotSpec, history: Sequence[Mapping[str, Any]]) -> None:
    inner = place.subgridspec(1, 2, wspace=0.3)
    known = (
        ("Accuracy", "accuracy", "val_accuracy", False),
        ("Next-position MSE", "position_loss", "val_position_mse", True),
    )
    for number, (title, train, val, log) in enumerate(known):
        axes = figure.add_subplot(inner[0, number])
        _style(axes, title, "epoch", "")
        highest = 1.0
        for name, phase, colour, label in ((train, "train", FAINT, "train"), (val, "val", COLOURS[0], "validation")):
            epochs, values = _course(history, name, phase)
            if epochs:
                marker = "o" if phase == "val" else ""
                axes.plot(epochs, values, color=colour, lw=2, marker=marker, ms=5, mec="white", label=label)
                highest = max(highest, epochs[-1])
        if axes.lines:
            axes.legend(frameon=False, fontsize=10)
        if log:
            axes.set_yscale("log")
        else:
            axes.set_ylim(0, 1.03)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlim(0, highest * 1.03)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _course(history: Sequence[Mapping[str, Any]], name: str, phase: str) -> tuple[list[float], list[float]]:
    """Epochs, with fractions inside them, and values of one figure that are numbers."""
    rows = [row for row in history if isinstance(row.get("step"), int) and isinstance(row.get("epoch"), int)]
    per_epoch = max(
        (row["step"] / row["epoch"] for row in rows if row["epoch"] and row.get("phase") == "val"), default=0
    )
    per_epoch = per_epoch or max((row["step"] / row["epoch"] for row in rows if row["epoch"]), default=1)
    chosen = [row for row in rows if row.get("phase") == phase and isinstance(row.get(name), int | float)]
    return [row["step"] / per_epoch for row in chosen], [float(row[name]) for row in chosen]


def _samples(figure: Figure, place: SubplotSpec, found: Predictions, views: Views, split: str) -> None:
    rows = chosen(found)
    pixels = views.draw(split, rows).copy()
    true = views.cameras.project(found.targets[rows])[:, 0]
    foreseen = views.cameras.project(found.positions[rows])[:, 0]
    inner = place.subgridspec(_DOWN, _ACROSS, wspace=0.08, hspace=0.3)
    for number, row in enumerate(rows.tolist()):
        axes = figure.add_subplot(inner[number // _ACROSS, number % _ACROSS])
        axes.imshow(trace(pixels[number, 0]), interpolation="nearest")
        axes.plot(*true[number], "o", ms=10, mfc="none", mec=TRUE, mew=2)
        axes.plot(*foreseen[number], "x", ms=7, color=FORESEEN, mew=2)
        axes.set_xlim(-0.5, pixels.shape[-1] - 0.5)
        axes.set_ylim(pixels.shape[-2] - 0.5, -0.5)
        label, said = CLASSES[found.labels[row]], CLASSES[found.predicted[row]]
        right = label == said
        axes.set_title(
            label if right else f"{label} → {said}", size=10, color=RIGHT if right else WRONG, weight="bold", pad=4
        )
        axes.set_xticks([])
        axes.set_yticks([])
        for side in axes.spines.values():
            side.set(color=RIGHT if right else WRONG, linewidth=2)
    box = place.get_position(figure)
    figure.text(box.x0, box.y1 + 0.034, "Validation samples, first camera", size=13, weight="bold", color=INK)
    told = "32 frames laid over each other, brighter towards the last; next position: true ○, foreseen ×"
    figure.text(box.x0, box.y0 - 0.03, told, size=10, color=FAINT)


def trace(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A camera's frames as one picture, blue where the object was and white where it is last."""
    age = np.linspace(0.25, 1.0, len(frames))[:, None, None]
    light = frames / 255
    early, late = (light * (1.15 - age)).max(0), (light * age).max(0)
    colours = np.stack([late, np.maximum(late, early * 0.45), np.maximum(late, early)], -1)
    return np.asarray(np.clip(0.08 + colours, 0, 1) * 255, dtype=np.uint8)


def chosen(found: Predictions) -> NDArray[np.int64]:
    """Rows to show: wrong ones up to half of the room, then right ones of each class in turn, errors of all sizes."""
    room = min(_ACROSS * _DOWN, len(found.labels))
    right = found.predicted == found.labels
    wrong = np.flatnonzero(~right)[: max(room // 2, room - int(right.sum()))]
    errors = found.squared_errors
    by_class = [rows[np.argsort(errors[rows])] for rows in _each_class(found.labels, right)]
    picked: list[int] = []
    for turn in range(room):
        rows = by_class[turn % len(by_class)] if by_class else np.array([], dtype=np.int64)
        share = (turn // max(len(by_class), 1) + 0.5) / max(1, -(-room // max(len(by_class), 1)))
        if len(rows) and (at := int(rows[int(share * len(rows))])) not in picked:
            picked.append(at)
    return np.array([*wrong.tolist(), *picked][:room], dtype=np.int64)


def _each_class(labels: NDArray[np.int64], among: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    parts = [np.flatnonzero(among & (labels == label)) for label in range(len(CLASSES))]
    return [rows for rows in parts if len(rows)]


def _style(axes: Axes, title: str, across: str, up: str) -> None:
    if title:
        axes.set_title(title, loc="left", size=13, weight="bold", color=INK, pad=10)
    axes.set_xlabel(across, color=FAINT)
    axes.set_ylabel(up, color=FAINT)
    axes.tick_params(colors=FAINT, labelcolor=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#c3c9d1")
