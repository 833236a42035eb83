"""One picture of a run: learning curves, confusion, and the images that the model was most wrong about.

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
from matplotlib.ticker import MaxNLocator

from trainer.record import atomic
from trainer.tasks import Evaluation
from trainer.tasks.images.data.images import Images
from trainer.tasks.images.measures import Said

INK, FAINT = "#22262b", "#8a9099"
TRAIN, VAL, FIFTH = "#8a9099", "#2f6db5", "#2b8a57"
_HARDEST = 12
_NAMED = 16  # classes that have room for their names


def overview(
    history: Sequence[Mapping[str, Any]], last: Evaluation, *, images: Images, title: str, notes: Sequence[str],
    path: Path,
) -> Path:  # fmt: skip
    """Draw, and put the PNG at `path` in one step."""
    said: Said = last.details
    figure = Figure(figsize=(15, 10), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, left=0.07, right=0.97, top=0.88, bottom=0.07, hspace=0.3, wspace=0.2)
    _loss(figure.add_subplot(grid[0, 0]), history)
    _shares(figure.add_subplot(grid[1, 0]), history)
    _confusion(figure.add_subplot(grid[0, 1]), said, images.classes)
    _hardest(figure, grid[1, 1].subgridspec(2, _HARDEST // 2, wspace=0.08, hspace=0.35), said, images)
    figure.text(0.05, 0.955, f"What does this image show: {title}", size=17, weight="bold", color=INK)
    counted = f"top-1 {said.top(1):.1%}   ·   top-5 {said.top(5):.1%}   ·   {len(said.labels):,} validation images"
    told = "   ·   ".join([counted, *notes])
    figure.text(0.05, 0.925, told, size=min(11, 11 * 180 / len(told)), color=FAINT)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, out.getvalue())
    return path


def _loss(axes: Axes, history: Sequence[Mapping[str, Any]]) -> None:
    _style(axes, "Loss")
    for name, phase, colour, label in (("loss", "train", TRAIN, "train"), ("val_loss", "val", VAL, "validation")):
        _course(axes, history, (name, phase), colour, label)


def _shares(axes: Axes, history: Sequence[Mapping[str, Any]]) -> None:
    _style(axes, "Share that is right")
    _course(axes, history, ("accuracy", "train"), TRAIN, "train, on crops")
    _course(axes, history, ("val_top1", "val"), VAL, "validation, top-1")
    _course(axes, history, ("val_top5", "val"), FIFTH, "validation, top-5")
    axes.set_ylim(0, 1.02)


def _course(axes: Axes, history: Sequence[Mapping[str, Any]], which: tuple[str, str], colour: str, label: str) -> None:
    name, phase = which
    rows = [row for row in history if row.get("phase") == phase and isinstance(row.get(name), int | float)]
    if rows:
        steps, values = [row["step"] for row in rows], [row[name] for row in rows]
        axes.plot(steps, values, color=colour, lw=2, marker="o" if phase == "val" else "", ms=4, label=label)
        axes.legend(frameon=False, fontsize=9)


def _confusion(axes: Axes, said: Said, classes: Sequence[str]) -> None:
    counts = said.confusion()
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    _style(axes, "What is taken for what (rows: what it is)")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.2, aspect="auto")
    axes.grid(visible=False)
    if len(classes) <= _NAMED:
        axes.set_xticks(range(len(classes)), classes, rotation=30, ha="right", fontsize=9)
        axes.set_yticks(range(len(classes)), classes, fontsize=9)
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.6 else INK
            axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", size=9, color=colour)


def _hardest(figure: Figure, grid: Any, said: Said, images: Images) -> None:
    rows = np.argsort(-said.losses(), kind="stable")[:_HARDEST]
    pixels = images.take("val", rows)
    for place, row in enumerate(rows.tolist()):
        axes = figure.add_subplot(grid[place // (_HARDEST // 2), place % (_HARDEST // 2)])
        axes.imshow(pixels[place])
        axes.set_axis_off()
        taken = images.classes[int(said.logits[row].argmax())]
        axes.set_title(f"{images.classes[said.labels[row]][:14]}\nsaid: {taken[:14]}", size=8, color=INK)


def _style(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", size=12, color=INK)
    axes.tick_params(colors=FAINT)
    axes.grid(color="#eceef1")
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for side in axes.spines.values():
        side.set_visible(False)
