"""What can be set for the trajectories task. Standard library only: read on hosts and laptops without torch."""

import math
from dataclasses import dataclass
from typing import Literal

from trainer.schema import BadSetting, setting
from trainer.tasks.trajectories.data.settings import CLASSES, FIELD_SAMPLES, Data

TRIAL_SAMPLES = 32  # of each split, for checks

METRICS = (
    "loss",
    "class_loss",
    "position_loss",
    "accuracy",
    "entropy_loss",
    "commitment_loss",
    "val_loss",
    "val_accuracy",
    "val_position_mse",
    *(f"val_accuracy_{name}" for name in CLASSES),
    "codebook_use",
    "effective_codes",
)
"""Every name that a criterion or a patience rule may use."""

_ONLY = {
    "depth": ("slowfast", "transformer", "magvit"),
    "heads": ("transformer",),
    "patch": ("transformer",),
    "cell": ("i3d", "slowfast"),
}
_TOKENS = {"full": (768, 12), "tiny": (48, 4)}  # the transformer's width and heads
_LARGEST_CELL = {("i3d", "full"): 32, ("i3d", "tiny"): 16, ("slowfast", "full"): 32, ("slowfast", "tiny"): 8}


@dataclass(frozen=True)
class Model:
    """Which extractor, how large, and how it sees the cameras. 0 stands for the size's own value."""

    kind: Literal["i3d", "slowfast", "transformer", "magvit"] = setting("i3d", "the extractor")
    size: Literal["full", "tiny"] = setting(
        "full", "full: the published widths; tiny: a fraction of them on pictures of half the side, for CPUs"
    )
    cameras: Literal["channels", "shared"] = setting(
        "channels", "channels: all cameras at once; shared: the same weights for each, their features side by side"
    )
    width: int = setting(0, "channels of the stem, numbers in a token of the transformer; all others follow", low=0)
    depth: int = setting(0, "blocks: of the transformer, of each stage of slowfast and magvit", low=0, high=48)
    heads: int = setting(0, "transformer: attention heads", low=0)
    patch: int = setting(0, "transformer: side of a patch in pixels of the extractor's picture", low=0)
    cell: int = setting(
        0, "i3d, slowfast: pixels of the extractor's picture in a cell of the grid; published: 32", low=0
    )
    maps: int = setting(16, "soft-argmax maps that the position head reads", low=1, high=256)
    quantiser: Literal["lfq", "fsq", "none"] = setting(
        "lfq", "magvit: lookup-free bits, finite scalar levels, or features as they are"
    )
    bits: int = setting(18, "quantiser = lfq: bits of a code; quantiser = none: channels", low=1, high=24)
    levels: tuple[int, ...] = setting((8, 8, 8, 5, 5, 5), "quantiser = fsq: levels of each digit", low=2, high=64)

    def __post_init__(self) -> None:
        for key, kinds in _ONLY.items():
            if getattr(self, key) and self.kind not in kinds:
                raise BadSetting(key, f"{self.kind} has no {key} to set", "leave it out")
        if self.width % 8:
            raise BadSetting("width", f"{self.width} is not a multiple of 8", "e.g. 16, 32 or 64")
        self._check_sizes()
        if not self.levels:
            raise BadSetting("levels", "an FSQ code needs a digit", "as in [8, 8, 8, 5, 5, 5]")

    def _check_sizes(self) -> None:
        side = 32 if self.halves else 64
        largest = {"patch": side, "cell": _LARGEST_CELL.get((self.kind, self.size), side)}
        for key, lowest in (("patch", 2), ("cell", 4)):
            value = getattr(self, key)
            if value and (not lowest <= value <= largest[key] or value & (value - 1)):
                raise BadSetting(key, f"{value} is no power of two from {lowest} to {largest[key]}", "e.g. 8")
        if self.kind == "transformer":
            width, heads = _TOKENS[self.size]
            width, heads = self.width or width, self.heads or heads
            if width % heads:
                mend = "make one a multiple of the other"
                raise BadSetting("heads", f"a width of {width} cannot be split among {heads} heads", mend)

    @property
    def codes(self) -> int:
        """How many codes the quantiser has; 0: it has none."""
        known: dict[str, int] = {"lfq": 1 << self.bits, "fsq": math.prod(self.levels), "none": 0}
        return known[self.quantiser]

    @property
    def halves(self) -> bool:
        """Whether the extractor sees pictures of half the side."""
        return self.size == "tiny"


@dataclass(frozen=True)
class Loss:
    """What each part of the loss weighs."""

    classes: float = setting(1.0, "cross entropy of the class head", low=0.0)
    position: float = setting(10.0, "squared error of the next position, in world units", low=0.0)
    entropy: float = setting(0.1, "quantiser = lfq: decided codes, all of them in use", low=0.0)
    commitment: float = setting(0.25, "quantiser = lfq: features near their codes", low=0.0)

    def __post_init__(self) -> None:
        if not self.classes and not self.position:
            raise BadSetting("position", "neither head has a weight", "set loss.classes or loss.position above 0")


@dataclass(frozen=True)
class Measure:
    """How a validation is done."""

    batch: int = setting(50, "samples in one step of a validation", low=1)


@dataclass(frozen=True)
class Settings:
    """The trajectories task as a whole."""

    data: Data = Data()
    model: Model = Model()
    loss: Loss = Loss()
    measure: Measure = Measure()


def notes(settings: Settings) -> tuple[str, ...]:
    """What every table must say beside this run's figures."""
    found: list[str] = []
    data, model = settings.data, settings.model
    if data.samples != FIELD_SAMPLES:
        found.append(f"{data.samples:,} samples (field: {FIELD_SAMPLES:,})")
    if data.kind != "field":
        found.append(f"samples of the kind {data.kind}")
    if model.size == "tiny":
        found.append("tiny network on pictures of 32 × 32")
    return tuple(found)
