"""Odd and damaged files one by one, and what a crop shows."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainer.tasks.images.data.crops import centre_box, draws, mirrored, random_box
from trainer.tasks.images.data.decode import LIMIT, Damaged, crop, look, resized, whole_pixels


def encoded(image: Image.Image, form: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red and green above, blue and white below: what is where cannot be mistaken."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("red", (0, 0, width // 2, height // 2))
    image.paste("lime", (width // 2, 0, width, height // 2))
    image.paste("blue", (0, height // 2, width // 2, height))
    return image


def whole(raw: bytes, side: int = 16, *, mirror: bool = False) -> np.ndarray:
    return crop(raw, lambda width, height: (0, 0, width, height), side, mirror=mirror)


def corners(pixels: np.ndarray) -> list[list[int]]:
    return [pixels[row, column].tolist() for row in (2, -3) for column in (2, -3)]


RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]


def near(found: list[list[int]], wanted: list[list[int]], within: int = 0) -> bool:
    return bool((np.abs(np.array(found) - np.array(wanted)) <= within).all())


@pytest.mark.parametrize(
    ("raw", "odd", "within"),
    [
        (encoded(quarters()), "", 0),
        (encoded(quarters(), "JPEG", quality=95), "", 12),
        (encoded(quarters().convert("CMYK"), "JPEG", quality=95), "CMYK", 12),
        (encoded(quarters().convert("P")), "palette", 0),
        (encoded(quarters().convert("RGBA")), "transparent", 0),
        (encoded(quarters(), "WEBP", lossless=True), "", 0),
        (encoded(quarters(), "BMP"), "", 0),
        (encoded(quarters(), "TIFF"), "", 0),
    ],
)
def test_every_usual_and_unusual_form_becomes_the_same_rgb(raw: bytes, odd: str, within: int) -> None:
    assert look(raw, deep=True) == odd
    assert near(corners(whole(raw)), [RED, GREEN, BLUE, WHITE], within)


def test_grey_of_8_and_of_16_bits_is_the_same_grey() -> None:
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (32, 1))
    small = encoded(Image.fromarray(ramp))
    wide = encoded(Image.fromarray(ramp.astype(np.uint16) * 257))
    assert look(small, deep=True) == "grey" and look(wide, deep=True) == "16 bits or more"
    assert np.array_equal(whole(small), whole(wide))
    assert whole(wide)[8, -1].tolist() == [248] * 3 or whole(wide)[8, -1, 0] > 240


def test_what_is_transparent_lies_on_white() -> None:
    clear = Image.new("RGBA", (20, 20), (10, 20, 30, 0))
    assert whole(encoded(clear)).min() == 255
    named = Image.new("P", (20, 20), 1)
    named.putpalette([0, 0, 0, 9, 9, 9])
    raw = encoded(named, transparency=1)
    assert look(raw, deep=True) == "palette, transparent" and whole(raw).min() == 255


def test_a_sideways_photograph_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = encoded(quarters().rotate(90, expand=True), "JPEG", quality=95, exif=exif.tobytes())
    assert look(raw, deep=True) == "sideways"
    seen: list[tuple[int, int]] = []
    pixels = crop(raw, lambda width, height: seen.append((width, height)) or (0, 0, width, height), 16)
    assert seen == [(64, 48)] and near(corners(pixels), [RED, GREEN, BLUE, WHITE], 12)


def test_an_animation_is_its_first_frame() -> None:
    frames = [quarters(), Image.new("RGB", (64, 48), "black")]
    raw = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert "animated" in look(raw, deep=True)
    assert near(corners(whole(raw)), [RED, GREEN, BLUE, WHITE], 2)


def png_head(width: int, height: int) -> bytes:
    """A PNG that claims this size, with hardly anything in it."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13)
    return head + body + struct.pack(">I", zlib.crc32(body)) + struct.pack(">I", 9) + b"IDAT" + bytes(13)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"hello, this is a text", "not an image"),
        (encoded(quarters(400, 300), "JPEG")[:-900], "truncated"),
        (encoded(quarters(400, 300))[:-200], "truncated"),
        (encoded(quarters(), "JPEG")[:30], "broken|truncated|not an image"),
        (png_head(60_000, 60_000), "huge"),
        (encoded(Image.fromarray(np.ones((9, 9), dtype=np.float32)), "TIFF"), "floating"),
    ],
)
def test_damaged_files_say_why(raw: bytes, why: str) -> None:
    with pytest.raises(Damaged, match=why):
        look(raw, deep=True)
    with pytest.raises(Damaged, match=why):
        whole(raw)


def test_headers_alone_find_a_jpeg_without_an_end() -> None:
    raw = encoded(quarters(400, 300), "JPEG")
    assert look(raw, deep=False) == ""
    with pytest.raises(Damaged, match="without an end"):
        look(raw[:-900], deep=False)
    assert LIMIT >= 10_000 * 10_000


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=12), st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]))
def test_altered_bytes_give_pixels_or_damaged_and_nothing_else(at: int, junk: bytes, form: str) -> None:
    raw = bytearray(encoded(quarters(), form))
    place = at % len(raw)
    raw[place : place + len(junk)] = junk
    try:
        assert whole(bytes(raw)).shape == (16, 16, 3)
    except Damaged as error:
        assert str(error)


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(0, 2**31), st.floats(0.01, 1.0))
def test_random_boxes_lie_inside_and_have_an_area(width: int, height: int, row: int, smallest: float) -> None:
    numbers = draws(3, 1, np.array([row]))[0]
    left, top, right, bottom = random_box(width, height, smallest, numbers)
    assert 0 <= left < right <= width and 0 <= top < bottom <= height


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(8, 256), st.integers(0, 100))
def test_centre_boxes_are_square_and_in_the_middle(width: int, height: int, side: int, more: int) -> None:
    left, top, right, bottom = centre_box(width, height, side, side + more)
    assert right - left == pytest.approx(bottom - top) and left >= -1e-6 and top >= -1e-6
    assert left + right == pytest.approx(width) and top + bottom == pytest.approx(height)


def test_draws_depend_on_seed_epoch_and_row_alone() -> None:
    rows = np.array([5, 9, 2])
    together = draws(1, 4, rows)
    assert np.array_equal(together[1], draws(1, 4, np.array([9]))[0])
    assert not np.array_equal(together, draws(1, 5, rows)) and not np.array_equal(together, draws(2, 4, rows))
    coins = [mirrored(row) for row in draws(1, 4, np.arange(2_000))]
    assert 900 < sum(coins) < 1_100


def test_a_draft_shows_what_the_whole_shows() -> None:
    random = np.random.default_rng(0)
    smooth = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((1600, 1200))
    raw = encoded(smooth, "JPEG", quality=92)
    small = whole(raw, 64).astype(int)
    slow = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB").resize((64, 64), Image.Resampling.BILINEAR)).astype(
        int
    )
    assert np.abs(small - slow).mean() < 2
    assert np.array_equal(whole(raw, 64, mirror=True), whole(raw, 64)[:, ::-1])


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(0, 9))
def test_the_size_is_changed_as_pillow_does_it(wide: int, tall: int, side: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (tall, wide, 3), dtype=np.uint8)
    wanted = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)).astype(int)
    found = resized(pixels, side)
    assert found.dtype == np.uint8 and found.shape == (side, side, 3)
    assert int(np.abs(found.astype(int) - wanted).max()) <= 2 and np.abs(found.astype(int) - wanted).mean() < 0.5


@given(st.tuples(*[st.floats(-5, 50)] * 4), st.integers(1, 40), st.integers(1, 40))
def test_a_box_holds_whole_pixels_inside(box: tuple[float, float, float, float], wide: int, tall: int) -> None:
    left, top, right, bottom = whole_pixels(box, (wide, tall))
    assert 0 <= left < right <= wide and 0 <= top < bottom <= tall
