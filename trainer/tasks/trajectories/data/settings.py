"""What can be set for the trajectories. Standard library only: read on hosts and laptops without torch."""

import hashlib
from dataclasses import asdict, dataclass, fields, replace
from itertools import accumulate
from typing import Literal

from trainer.schema import BadSetting, setting

CLASSES = ("linear", "circular", "helical", "parabolic")
SPLITS = ("train", "val", "test")
FIELD_SAMPLES = 10_000


@dataclass(frozen=True)
class Difficulty:
    """How hard it is to see what moves, and how much of its motion there is to see."""

    noise: int  # grey levels
    clutter: int  # other balls
    occlusion: float  # share of a picture's side
    jitter: float  # pixels
    arc: float  # turns
    pitch: float  # world units
    bend: float  # world units

    @property
    def packed(self) -> bool:
        """Nothing but one ball in each frame: a shard needs only the window around it."""
        return not self.noise and not self.clutter


PRESETS = {
    "field": Difficulty(noise=0, clutter=0, occlusion=0.0, jitter=0.0, arc=1.0, pitch=0.5, bend=0.28),
    "hard": Difficulty(noise=40, clutter=2, occlusion=0.35, jitter=1.0, arc=0.35, pitch=0.18, bend=0.1),
}


@dataclass(frozen=True)
class Data:
    """Which samples, how many, and how hard. The ranges keep each class different from every other."""

    source: Literal["render", "shards"] = setting(
        "render", "render: drawn when needed; shards: made once and memory-mapped"
    )
    preset: Literal["field", "hard"] = setting("field", "field: one ball on black; hard: the keys below are not zero")
    train: int = setting(8_000, "samples to train on; a multiple of 4, as there are 4 classes", low=4)
    val: int = setting(1_000, "samples to validate on; a multiple of 4", low=4)
    test: int = setting(1_000, "samples kept for the end; a multiple of 4", low=0)
    seed: int | None = setting(None, "seed of the samples; without it, the seed of the run", low=0)
    plain: bool = setting(
        False, "source = shards: whole pictures, 512 KiB a sample, also where the window around the ball would do"
    )
    resident: Literal["auto", "always", "never"] = setting(
        "auto", "source = render: scenes lie in the device's memory and are drawn there; auto: on a GPU"
    )
    noise: int | None = setting(None, "pixels get 0 to this many of 255 grey levels more", low=0, high=96)
    clutter: int | None = setting(None, "other balls, half as bright, that drift along lines", low=0, high=3)
    occlusion: float | None = setting(
        None, "each camera has a dark plate, its sides up to this share of the picture", low=0.0, high=0.5
    )
    jitter: float | None = setting(
        None, "each frame of each camera is shifted by up to this many pixels", low=0, high=3
    )
    arc: float | None = setting(None, "circles and helices go through this many turns, up to twice", low=0.25, high=1.5)
    pitch: float | None = setting(None, "helices rise by this many world units, up to twice", low=0.1, high=0.6)
    bend: float | None = setting(None, "parabolas stand this high above their chord, up to twice", low=0.08, high=0.4)

    def __post_init__(self) -> None:
        for split in SPLITS:
            size = getattr(self, split)
            if size % len(CLASSES):
                down = size - size % len(CLASSES)
                raise BadSetting(
                    split,
                    f"{size} is not a multiple of 4, so that classes could not be balanced",
                    f"{down} or {down + len(CLASSES)}",
                )

    @property
    def samples(self) -> int:
        return self.train + self.val + self.test

    def slices(self) -> dict[str, slice]:
        """Which indices belong to which split: train first, then val, then test."""
        ends = list(accumulate(getattr(self, split) for split in SPLITS))
        return {split: slice(end - getattr(self, split), end) for split, end in zip(SPLITS, ends, strict=True)}

    def limited(self, most: int) -> "Data":
        """The same with at most so many samples in each split."""
        few = max(most - most % len(CLASSES), len(CLASSES))
        return replace(self, **{split: min(getattr(self, split), few) for split in SPLITS})

    @property
    def difficulty(self) -> Difficulty:
        """The preset's, with what is set here in its place."""
        values = asdict(PRESETS[self.preset])
        given = {item.name: getattr(self, item.name) for item in fields(Difficulty)}
        return Difficulty(**{**values, **{name: value for name, value in given.items() if value is not None}})

    @property
    def packed(self) -> bool:
        """Shards hold windows around the ball and not whole pictures."""
        return self.difficulty.packed and not self.plain

    @property
    def kind(self) -> str:
        """A name for the difficulty: the preset's, and a checksum where a key departs from it."""
        if self.difficulty == PRESETS[self.preset]:
            return self.preset
        text = repr(sorted(asdict(self.difficulty).items()))
        return f"{self.preset}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
