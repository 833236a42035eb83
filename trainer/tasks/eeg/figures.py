"""One picture of a run: its curves, and what it answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.tasks import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(history: Sequence[Mapping[str, Any]], last: Evaluation, notes: Sequence[str], path: Path) -> Path:
    """Left the course of the run, right the newest validation."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    key = "val_accuracy" if last.details.classes else "val_nrmse"
    _curves(left, history, key)
    if last.details.classes:
        _confusion(right, last)
    else:
        _scatter(right, last)
    figure.suptitle("; ".join(notes), fontsize=8)
    figure.savefig(path, dpi=110)
    return path


def _curves(axes: "Axes", history: Sequence[Mapping[str, Any]], key: str) -> None:
    rows = [row for row in history if row.get("phase") == "val" and key in row]
    axes.plot([row["epoch"] for row in rows], [row[key] for row in rows], label=key)
    known = f"{key}_mean"
    axes.plot([row["epoch"] for row in rows], [row.get(known, np.nan) for row in rows], "--", label="knowing nothing")
    axes.set_xlabel("epoch")
    axes.legend()


def _scatter(axes: "Axes", last: Evaluation) -> None:
    answers = last.details
    axes.scatter(answers.targets, answers.predicted, s=6, c=answers.subjects, cmap="tab20", alpha=0.6, linewidths=0)
    ends = [float(np.min(answers.targets)), float(np.max(answers.targets))]
    axes.plot(ends, ends, "k--", linewidth=0.8)
    axes.set_xlabel("target")
    axes.set_ylabel("answer")
    axes.set_title(f"NRMSE {last.metrics['val_nrmse']:.3f}, the mean {last.metrics['val_nrmse_mean']:.3f}", fontsize=9)


def _confusion(axes: "Axes", last: Evaluation) -> None:
    answers = last.details
    count = len(answers.classes)
    table = np.zeros((count, count))
    np.add.at(table, (answers.targets.astype(int), answers.predicted.argmax(1)), 1)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for row in range(count):
        for column in range(count):
            axes.text(column, row, f"{int(table[row, column])}", ha="center", va="center", fontsize=8)
    axes.set_xticks(range(count), answers.classes)
    axes.set_yticks(range(count), answers.classes)
    axes.set_xlabel("answer")
    axes.set_ylabel("target")
