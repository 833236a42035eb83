"""From a file's bytes to pixels. Whatever a file turns out to be, the answer is an RGB image or `Damaged`.

Odd files have rules: CMYK, palettes, grey and 16 bits become RGB of 8 bits; what is transparent lies on white; an
animation is its first frame; a photograph that was taken sideways is turned upright. JPEG is decoded at a half, a
quarter or an eighth of its size where the crop allows it, which is most of the speed.
"""

import io
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from trainer.tasks.images.data.crops import Box

LIMIT = 100_000_000  # pixels: more is a bomb, or at least no image of a data set
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit warns and raises in two steps: here it is one, `LIMIT`

_ORIENTATION = 0x0112
_SCAN = 64  # side to which a scan decodes: the cheapest that still reads every byte


class Damaged(ValueError):
    """A file that cannot be shown to a model; the text says why."""


def crop(
    raw: bytes | memoryview, choose: Callable[[int, int], Box], side: int, *, mirror: bool = False
) -> NDArray[np.uint8]:
    """Pixels [side, side, 3] of the box that `choose` gives for the upright image's width and height."""
    image = _opened(raw)
    try:
        width, height = _upright_size(image)
        box = choose(width, height)
        _shrink(image, max(min(box[2] - box[0], box[3] - box[1]) / side, 1e-6))
        image = _rgb(_upright(image))
        across, down = image.width / width, image.height / height
        scaled = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
        pixels = resized(np.array(image.crop(whole_pixels(scaled, image.size))), side)
    except MemoryError:
        raise
    except Exception as error:
        raise Damaged(_why(error)) from None
    return pixels[:, ::-1] if mirror else pixels


def resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """All of an image [height, width, 3] as [side, side, 3], as Pillow's bilinear filter makes it to two levels of 255.

    By torch, which does this with the processor's vectors: twice as fast.
    """
    whole = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    small = F.interpolate(whole, (side, side), mode="bilinear", antialias=True)
    return small[0].permute(1, 2, 0).contiguous().numpy()


def look(raw: bytes | memoryview, *, deep: bool) -> str:
    """In what an image is odd, "" when in nothing; Damaged when it cannot be used. `deep` decodes all of it."""
    image = _opened(raw)
    try:
        odd = _odd(image)
        if deep:
            _shrink(image, max(1.0, min(image.size) / _SCAN))
            _rgb(_upright(image))
        elif image.format == "JPEG" and b"\xff\xd9" not in bytes(raw[-4096:]):
            raise Damaged("truncated: a JPEG without an end")
    except (MemoryError, Damaged):
        raise
    except Exception as error:
        raise Damaged(_why(error)) from None
    return odd


def _opened(raw: bytes | memoryview) -> Image.Image:
    if not len(raw):
        raise Damaged("empty: 0 bytes")
    try:
        image = Image.open(io.BytesIO(raw))
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise a dozen kinds on bytes that they did not expect
        raise Damaged(_why(error)) from None
    if image.width * image.height > LIMIT:
        raise Damaged(f"huge: {image.width:,} × {image.height:,} pixels")
    return image


def _why(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    text = str(error)
    if "truncated" in text or "Truncated" in text:
        return f"truncated: {text}"
    return f"broken: {text or type(error).__name__}"


def _odd(image: Image.Image) -> str:
    kinds = {"CMYK": "CMYK", "P": "palette", "PA": "palette", "L": "grey", "LA": "grey", "1": "black and white"}
    found = [kinds[image.mode]] if image.mode in kinds else []
    if image.mode.startswith(("I", "F")):
        found.append("16 bits or more")
    if "A" in image.mode or "transparency" in image.info:
        found.append("transparent")
    if getattr(image, "n_frames", 1) > 1:
        found.append("animated")
    if _orientation(image) != 1:
        found.append("sideways")
    return ", ".join(found)


def _orientation(image: Image.Image) -> int:
    if image.format == "JPEG" and "exif" not in image.info:  # the usual case, and a parser less
        return 1
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # metadata that cannot be read say nothing; the pixels may be whole
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if _orientation(image) >= 5 else (width, height)


def _upright(image: Image.Image) -> Image.Image:
    return image if _orientation(image) == 1 else ImageOps.exif_transpose(image)


def _shrink(image: Image.Image, scale: float) -> None:
    """Tell a JPEG to be decoded smaller, never smaller than wanted. Other formats take no notice."""
    if image.format == "JPEG" and scale >= 2:
        image.draft(None, (int(image.width / scale), int(image.height / scale)))


def _rgb(image: Image.Image) -> Image.Image:
    image.load()
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        values = np.asarray(image)
        wide = values.dtype.itemsize > 1 and values.size and int(values.max()) > 255
        image = Image.fromarray((values >> 8 if wide else values).clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        raise Damaged("broken: floating-point pixels, whose range nobody knows")
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def whole_pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The pixels that a box holds, to the nearest edge; one at least, and all of them inside."""
    left, top = (min(max(round(edge), 0), whole - 1) for edge, whole in zip(box[:2], size, strict=True))
    return left, top, min(max(round(box[2]), left + 1), size[0]), min(max(round(box[3]), top + 1), size[1])
