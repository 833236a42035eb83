"""The contact sheet: one sample of each class, its cameras below each other, its frames side by side."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.data.settings import CLASSES
from trainer.tasks.trajectories.data.views import Views

_EVERY = 2  # frames between those that are shown
_GAP, _LEFT, _TOP = 4, 84, 16
_GROUND, _INK = (24, 24, 28), (200, 200, 205)


def contact_sheet(views: Views, split: str = "val") -> Image.Image:
    """Every second frame, then all frames in one picture: the brightest each pixel ever is."""
    shown = range(0, FRAMES, _EVERY)
    across = PIXELS + _GAP
    size = _LEFT + (len(shown) + 1) * across + _GAP, _TOP + len(CLASSES) * (CAMERAS * across + 3 * _GAP)
    sheet = Image.new("RGB", size, _GROUND)
    ink = ImageDraw.Draw(sheet)
    for column, frame in enumerate(shown):
        ink.text((_LEFT + column * across, 2), f"frame {frame + 1}", fill=_INK)
    ink.text((_LEFT + len(shown) * across + _GAP, 2), "all frames", fill=_INK)
    for label, name in enumerate(CLASSES):
        row = int(np.argmax(views.labels(split) == label))
        pixels = views.draw(split, np.array([row]))[0]
        for camera in range(CAMERAS):
            top = _TOP + label * (CAMERAS * across + 3 * _GAP) + camera * across
            ink.text((_GAP, top), f"{name}\ncamera {camera + 1}" if camera == 0 else f"camera {camera + 1}", fill=_INK)
            for column, frame in enumerate(shown):
                sheet.paste(_grey(pixels[camera, frame]), (_LEFT + column * across, top))
            sheet.paste(_grey(pixels[camera].max(0)), (_LEFT + len(shown) * across + _GAP, top))
    return sheet


def _grey(picture: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(picture))
