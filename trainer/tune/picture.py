"""The picture of a study: its trials in their order with the best so far, and the figure against each setting."""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trainer.outcomes.words import percent
from trainer.record import atomic
from trainer.tune.plan import Plan, Trial
from trainer.tune.result import shown
from trainer.tune.settings import Range
from trainer.tune.study import best_of

_INK, _FAINT, _LINE, _MARK = "#22262b", "#9aa2ac", "#2f6db5", "#d1495b"
_ACROSS, _MOST = 4, 11  # panels in a row, and settings that are drawn


def draw(plan: Plan, trials: Sequence[Trial], shares: Mapping[str, float], path: Path) -> None:
    """Draw, and put the PNG at `path` in one step."""
    keys = sorted(plan.tune.space, key=lambda key: -shares.get(key, 0.0))[:_MOST]
    across = min(_ACROSS, len(keys) + 1)
    rows = math.ceil((len(keys) + 1) / across)
    figure = Figure(figsize=(4.2 * across, 3.4 * rows), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, across, squeeze=False).flatten()
    _course(axes[0], plan, trials)
    for place, key in zip(axes[1:], keys, strict=False):
        _against(place, plan, trials, key, shares.get(key))
    for place in axes[len(keys) + 1 :]:
        place.set_visible(False)
    better = "larger" if plan.mode == "max" else "smaller"
    figure.suptitle(f"{plan.config.run.name}: {plan.metric}, {better} is better", x=0.01, ha="left", color=_INK)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    atomic.replace(path, out.getvalue())


def _course(axes: Any, plan: Plan, trials: Sequence[Trial]) -> None:
    _points(axes, plan, trials, [trial.number for trial in trials])
    line = [best_of(trials[: at + 1], plan.mode) for at in range(len(trials))]
    steps = [(trial.number, best.value) for trial, best in zip(trials, line, strict=True) if best is not None]
    axes.plot([at for at, _ in steps], [value for _, value in steps], color=_LINE, lw=1.6, drawstyle="steps-post")
    axes.set_title("trials, and the best so far", loc="left", fontsize=9, color=_INK)
    axes.set_xlabel("trial")


def _against(axes: Any, plan: Plan, trials: Sequence[Trial], key: str, share: float | None) -> None:
    wanted = plan.tune.space[key]
    _points(axes, plan, trials, [_place(wanted, trial.settings[key]) for trial in trials])
    if wanted.choices:
        axes.set_xticks(range(len(wanted.choices)), [shown(item) for item in wanted.choices])
    elif wanted.log:
        axes.set_xscale("log")
    what = "" if share is None else f", explains {percent(share)}"
    axes.set_title(f"{key}{what}", loc="left", fontsize=9, color=_INK)


def _points(axes: Any, plan: Plan, trials: Sequence[Trial], places: Sequence[float]) -> None:
    best = best_of(trials, plan.mode)
    for trial, place in zip(trials, places, strict=True):
        if trial.value is None or not math.isfinite(trial.value):
            continue
        mine = best is not None and trial.number == best.number
        color = _MARK if mine else _LINE if trial.state == "complete" else _FAINT
        axes.scatter([place], [trial.value], s=42 if mine else 22, color=color, zorder=3 if mine else 2,
                     marker="o" if trial.state == "complete" else "x")  # fmt: skip
    axes.grid(color="#eceef1")


def _place(wanted: Range, value: Any) -> float:
    return float(wanted.choices.index(value)) if wanted.choices else float(value)
