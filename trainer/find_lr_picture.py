"""The picture of a learning-rate sweep: loss against rate, and what is suggested."""

import io
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from trainer.find_lr import Found
from trainer.record import atomic

_INK, _FAINT, _LINE, _MARK = "#22262b", "#b8bec6", "#2f6db5", "#d1495b"


def draw(found: Found, now: float, title: str, path: Path) -> None:
    """Draw, and put the PNG at `path` in one step."""
    figure = Figure(figsize=(9, 5.4), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, color=_FAINT, lw=1, label="loss of the batch")
    axes.plot(found.rates, found.smoothed, color=_LINE, lw=2.2, label="smoothed")
    axes.set_xscale("log")
    if found.smoothed:
        low, high = min(found.smoothed), max(found.smoothed[: max(1, len(found.smoothed) // 2)])
        axes.set_ylim(low - 0.15 * (high - low) - 1e-9, high + 0.6 * (high - low) + 1e-9)
    if found.suggestion is not None:
        axes.axvline(found.suggestion, color=_MARK, lw=1.5, label=f"steepest: {found.suggestion:g}")
    axes.axvline(now, color=_INK, lw=1, ls=":", label=f"configured: {now:g}")
    axes.set_xlabel("learning rate")
    axes.set_title(title, loc="left", color=_INK)
    axes.grid(color="#eceef1")
    axes.legend(frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, out.getvalue())
