"""What can be set for the persistence task. Standard library only: read on hosts and laptops without torch."""

import re
from dataclasses import dataclass
from typing import Literal

from trainer.schema import setting

FIELD_CLIPS = 10_000
TRIAL_CLIPS = (32, 16, 16)

METRICS = (
    "loss",
    "accuracy",
    "class_loss",
    "attention_loss",
    "val_loss",
    "val_accuracy",
    "attention_ratio",
    "consistency",
    "erase_transient",
    "erase_persistent",
    "erase_transient_drop",
    "erase_persistent_drop",
)
"""Every name that a criterion or a patience rule may use."""


@dataclass(frozen=True)
class Data:
    """Which clips, and how many."""

    source: Literal["render", "shards", "field"] = setting(
        "render", "render: drawn when needed; shards: made once and memory-mapped; field: a folder of .pt files"
    )
    labelling: Literal["v1", "v2"] = setting(
        "v1", "v1: more than a fifth of the frames have a transient; v2: more than one persistent object"
    )
    train: int = setting(8_000, "clips to train on", low=2)
    val: int = setting(1_000, "clips to validate on", low=2)
    test: int = setting(1_000, "clips kept for the end", low=0)
    seed: int | None = setting(None, "seed of the clips; without it, the seed of the run", low=0)
    folder: str = setting("", "source = field: the folder in which the pattern is looked for")
    pattern: str = setting("output/augmented_traj_*.pt", "source = field: the clips' files, below the folder")

    def __post_init__(self) -> None:
        if self.source == "field" and not self.folder:
            raise ValueError('source = "field" needs folder: the one that holds output/augmented_traj_*.pt')
        if self.source == "field" and self.labelling == "v2":
            raise ValueError('source = "field" has labels of its own: use labelling = "v1"')

    @property
    def clips(self) -> int:
        return self.train + self.val + self.test


@dataclass(frozen=True)
class Model:
    """Tokens and the transformer with a CLS query that reads them."""

    kind: Literal["attention", "pretrained"] = setting(
        "attention", "attention: on pixels, learns all it sees; pretrained: on frozen ResNet-18 features of frames"
    )
    tokens: Literal["patches", "frames"] = setting("patches", "kind = attention: what one token is")
    patch: Literal[8, 16, 32] = setting(16, "kind = attention: side of a patch in pixels; frames pool their patches")
    width: int = setting(0, "numbers in a token; 0: 64 for attention, 256 for pretrained", low=0)
    depth: int = setting(2, "transformer blocks", low=1)
    heads: int = setting(4, "attention heads", low=1)
    expand: int = setting(2, "hidden width of a block's network, in widths", low=1)

    def __post_init__(self) -> None:
        if self.full_width % self.heads:
            raise ValueError(f"width {self.full_width} cannot be split among {self.heads} heads: make it a multiple")

    @property
    def full_width(self) -> int:
        return self.width or (64 if self.kind == "attention" else 256)


@dataclass(frozen=True)
class Backbone:
    """Where the frozen ResNet-18 of model.kind = "pretrained" comes from, and what it is shown."""

    weights: Literal["file", "url", "random", ""] = setting(
        "", "where its weights come from; random is for where none can be had, and every table says so"
    )
    file: str = setting("", "weights = file: a state dict with torchvision's names")
    url: str = setting("", "weights = url: where to load that file from")
    sha256: str = setting("", "checksum of the file, or its first 8 or more digits; a url needs it")
    image: int = setting(64, "frames are resized to this side", low=32, high=512)
    device: str = setting("auto", "what computes the features: auto, cpu, cuda, cuda:1, …")

    def __post_init__(self) -> None:
        if self.weights == "file" and not self.file:
            raise ValueError('weights = "file" needs file: the path of a ResNet-18 state dict')
        if self.weights == "url" and not (self.url and self.sha256):
            raise ValueError('weights = "url" needs url and sha256: the checksum, or its first 8 or more digits')
        if self.sha256 and not re.fullmatch(r"[0-9a-fA-F]{8,64}", self.sha256):
            raise ValueError(f"sha256 = {self.sha256!r} is not 8 to 64 hexadecimal digits")


@dataclass(frozen=True)
class Loss:
    """What is added to the cross entropy to move attention."""

    kind: Literal["hinge", "raw", "none"] = setting(
        "hinge", "hinge: on the log ratio up to target; raw: the field's transient - persistent; none: nothing"
    )
    alpha: float = setting(0.2, "weight of the added loss", low=0.0)
    target: float = setting(3.0, "hinge: the ratio from which on there is nothing to gain", low=1.0)
    cap: float = setting(2.0, "raw: the reward for persistent over transient attention ends here", low=0.0)


@dataclass(frozen=True)
class Measure:
    """How a validation is judged."""

    ratio: float = setting(1.5, "a clip is consistent when its own attention ratio reaches this", low=0.0)
    erase: int = setting(200, "validation clips on which objects are erased; 0: none", low=0)
    batch: int = setting(50, "clips in one step of a validation", low=1)


@dataclass(frozen=True)
class Settings:
    """The persistence task as a whole."""

    data: Data = Data()
    model: Model = Model()
    backbone: Backbone = Backbone()
    loss: Loss = Loss()
    measure: Measure = Measure()

    def __post_init__(self) -> None:
        if self.model.kind == "pretrained" and not self.backbone.weights:
            raise ValueError(
                'model.kind = "pretrained" needs backbone.weights: "file" or "url" with a ResNet-18 state dict, '
                'or "random" when none can be had (every table then says so)'
            )


def notes(settings: Settings) -> tuple[str, ...]:
    """What every table must say beside this run's figures."""
    found: list[str] = []
    data = settings.data
    if data.source != "field" and data.clips != FIELD_CLIPS:
        found.append(f"{data.clips:,} clips (field: {FIELD_CLIPS:,})")
    if data.labelling == "v2":
        found.append("labels v2: the persistent objects decide")
    if settings.model.kind == "pretrained" and settings.backbone.weights == "random":
        found.append("random features, not pre-trained")
    if settings.measure.erase and settings.measure.erase < data.val:
        found.append(f"erase effects on {settings.measure.erase:,} of {data.val:,} validation clips")
    return tuple(found)
