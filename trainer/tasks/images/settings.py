"""What can be set for the images task. Standard library only: read on hosts and laptops without torch."""

import re
from dataclasses import dataclass
from typing import Literal

from trainer.schema import BadSetting, setting

TRIAL_IMAGES = {"train": 64, "val": 32, "test": 32}  # of each split, for checks and trials
MADE_CLASSES = ("discs", "rings", "squares", "triangles", "crosses", "stripes", "checks", "dots")

METRICS = ("loss", "accuracy", "val_loss", "val_top1", "val_top5")
"""Every name that a criterion or a patience rule may use."""


@dataclass(frozen=True)
class Data:
    """Which images, how many, and what becomes of them on their way to the model."""

    source: Literal["made", "folder"] = setting(
        "made", "made: a small generated set; folder: train/, val/ and, if there is one, test/, with a folder a class"
    )
    folder: str = setting("", "source = folder: the one that holds train/ and val/")
    form: Literal["files", "encoded", "pixels"] = setting(
        "files", "files: read where they lie; encoded: packed into one file a split; pixels: decoded, then packed"
    )
    classes: int = setting(0, "this many of the classes only; 0: all", low=0)
    per_class: int = setting(0, "this many training images of each class only; 0: all", low=0)
    val_per_class: int = setting(0, "the same for validation; 0: all", low=0)
    pick: Literal["first", "draw"] = setting("first", "which: the first by name, or drawn with the seed")
    hold_out: float = setting(
        0.0, "where there is no val/: this share of each class's training images is validated", low=0.0, high=0.9
    )
    seed: int | None = setting(None, "seed of what is made or drawn; without it, the seed of the run", low=0)
    side: int = setting(224, "pixels of a side, as the model sees it", low=8, high=1024)
    resize: int = setting(0, "validation: the shorter side before the centre is cut out; 0: side × 8 / 7", low=0)
    crop_from: float = setting(0.08, "training: the least share of the image's area in a crop", low=0.01, high=1.0)
    flip: bool = setting(True, "training: half of the crops are mirrored")
    pack_side: int = setting(0, "form = pixels: side of what is stored; 0: as resize", low=0)
    scan: Literal["decode", "headers"] = setting(
        "decode", "how every file is looked at once before training: decoded, or its first and last bytes only"
    )
    tolerate: float = setting(0.02, "the largest share of files that may be damaged", low=0.0, high=1.0)
    workers: int = setting(0, "threads that decode; 0: one a core", low=0, high=256)
    made_train: int = setting(300, "source = made: training images of each class", low=2)
    made_val: int = setting(50, "source = made: validation images of each class, and as many to test", low=1)

    def __post_init__(self) -> None:
        if self.source == "folder" and not self.folder:
            raise BadSetting("folder", 'source = "folder" needs one', "the folder that holds train/ and val/")
        if self.resize and self.resize < self.side:
            raise BadSetting("resize", f"{self.resize} is smaller than side = {self.side}", "at least as large")
        if self.pack_side and self.pack_side < self.side:
            raise BadSetting("pack_side", f"{self.pack_side} is smaller than side = {self.side}", "at least as large")
        if self.source == "made" and self.classes > len(MADE_CLASSES):
            raise BadSetting("classes", f"{len(MADE_CLASSES)} can be made", "fewer, or source = folder")

    @property
    def shorter(self) -> int:
        """Validation: the shorter side before the centre is cut out."""
        return self.resize or self.side * 8 // 7

    @property
    def stored(self) -> int:
        """form = pixels: the side of what is stored."""
        return self.pack_side or self.shorter


@dataclass(frozen=True)
class Model:
    """Which network, and where its weights come from."""

    kind: Literal["resnet18", "resnet50"] = setting("resnet18", "the network")
    file: str = setting("", "a state dict with torchvision's names to begin with; empty: random weights")
    sha256: str = setting("", "checksum of that file, or its first 8 or more digits")

    def __post_init__(self) -> None:
        if self.sha256 and not re.fullmatch(r"[0-9a-fA-F]{8,64}", self.sha256):
            raise BadSetting("sha256", f"{self.sha256!r} is not 8 to 64 hexadecimal digits", "as sha256sum prints it")


@dataclass(frozen=True)
class Loss:
    """The loss to step on. Validations never smooth."""

    smoothing: float = setting(0.0, "label smoothing, as 0.1", low=0.0, high=0.99)


@dataclass(frozen=True)
class Measure:
    """How a validation is done."""

    batch: int = setting(64, "images in one step of a validation", low=1)


@dataclass(frozen=True)
class Settings:
    """The images task as a whole."""

    data: Data = Data()
    model: Model = Model()
    loss: Loss = Loss()
    measure: Measure = Measure()


def notes(settings: Settings) -> tuple[str, ...]:
    """What every table must say beside this run's figures, as far as it is known before the data are."""
    data, found = settings.data, list[str]()
    if data.source == "made":
        found.append("generated images")
    rule = "the first by name" if data.pick == "first" else "drawn"
    if data.classes:
        found.append(f"{data.classes:,} classes only, {rule}")
    if data.per_class:
        found.append(f"{data.per_class:,} training images a class only, {rule}")
    if data.val_per_class:
        found.append(f"{data.val_per_class:,} validation images a class only, {rule}")
    if data.hold_out:
        found.append(f"validated on {data.hold_out:.0%} of the training images, held out")
    if data.form == "pixels":
        found.append(f"packed at {data.stored} × {data.stored} pixels")
    if settings.model.file:
        found.append("begins with published weights")
    return tuple(found)
