"""Where a run looked, as a picture: frames across, cameras down, a block of rows for each map.

Drawn with matplotlib's objects alone, never through pyplot: no global figure is made and none can leak.
"""

import io
from pathlib import Path
from textwrap import wrap

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.compare.picture import FAINT, INK
from trainer.record import atomic
from trainer.tasks import Looked

GLOW = np.array([1.0, 0.62, 0.05])
ACROSS = 16  # frames in a row: of more, every second, every third …


def draw(found: Looked, path: Path) -> None:
    """PNG at `path` in one step."""
    frames = found.pictures.shape[1]
    shown = np.arange(0, frames, -(-frames // ACROSS))
    cameras, blocks = len(found.pictures), list(found.maps)
    height = 0.78 * cameras * len(blocks) + 0.45 * len(blocks) + 0.5 + 0.2 * len(found.told)
    figure = Figure(figsize=(14, height), dpi=110, facecolor="white", layout="constrained")
    parts = figure.subfigures(len(blocks), 1, squeeze=False)
    figure.suptitle(found.title, x=0.01, ha="left", size=14, weight="bold", color=INK)
    for part, name in zip(parts[:, 0], blocks, strict=True):
        part.suptitle(name, x=0.01, ha="left", size=11, color=INK)
        axes = part.subplots(cameras, len(shown), squeeze=False)
        glowing = overlay(found.pictures, found.maps[name])
        for (camera, at), place in np.ndenumerate(axes):
            frame = int(shown[at])
            place.imshow(glowing[camera, frame], interpolation="nearest")
            place.set_xticks([])
            place.set_yticks([])
            if camera == 0:
                place.set_title(str(frame + 1), size=8, color=FAINT, pad=2)
            if at == 0 and cameras > 1:
                place.set_ylabel(f"camera {camera + 1}", size=8, color=FAINT)
    figure.supxlabel("\n".join(line for text in found.told for line in wrap(text, 190)), x=0.01, ha="left", size=8.5,
                     color=INK)  # fmt: skip
    out = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, out.getvalue())


def overlay(pictures: NDArray[np.uint8], strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours from 0 to 1: the pictures in grey, the map glowing over them; its strongest hundredth is full."""
    grey = pictures.astype(np.float64) / 255
    if grey.ndim == strength.ndim:
        grey = np.repeat(grey[..., None], 3, -1)
    full = float(np.quantile(strength[strength > 0], 0.99)) if (strength > 0).any() else 1.0
    glow = np.sqrt(np.clip(strength / full, 0, 1))[..., None]
    return np.asarray(np.clip(grey * (1 - 0.75 * glow) + GLOW * glow * 0.9, 0, 1))
