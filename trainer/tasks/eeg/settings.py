"""What can be set for the EEG task. Standard library only: read on hosts and laptops without torch."""

from dataclasses import dataclass
from typing import Literal

from trainer.schema import BadSetting, setting

METRICS = (
    "loss",
    "val_loss",
    "val_nrmse",
    "val_nrmse_mean",
    "val_correlation",
    "val_accuracy",
    "val_accuracy_mean",
)
"""Every name that a criterion or a patience rule may use. `_mean`: what predicting the training mean would reach."""

LEAST = 22  # samples of a window: two averages leave one of them


@dataclass(frozen=True)
class Data:
    """Which recordings, and which windows of them."""

    source: Literal["made", "folder"] = setting(
        "made", "made: generated recordings with a known signal; folder: your own, as BIDS lays them out"
    )
    folder: str = setting("", "source = folder: holds sub-NAME/…/eeg/*_eeg.bdf or .edf with *_events.tsv beside them")
    releases: tuple[str, ...] = setting((), "folders below it to read; empty: the folder itself")
    task: str = setting("", "only files of this task, as in task-NAME; empty: all")
    event: str = setting("", "only events whose trial_type or value is this; empty: all")
    target: str = setting("response_time", "column of the events that is to be predicted")
    goal: Literal["number", "class"] = setting("number", "what the target is")
    channels: tuple[str, ...] = setting((), "names of channels to use; empty: all that measure a voltage")
    offset: float = setting(0.5, "seconds from the event to the window")
    length: float = setting(2.0, "seconds of a window", low=0.1)
    rate: float = setting(100.0, "samples a second after resampling", low=10.0)
    damaged: Literal["skip", "refuse"] = setting("skip", "what happens when a file is not whole")
    folds: int = setting(5, "parts that the subjects are dealt into; each is the test part once", low=2)
    fold: int = setting(0, "which part is the test part of this run, from 0", low=0)
    inner: float = setting(0.2, "share of the other subjects that decides when to stop", low=0.01, high=0.9)
    test_release: str = setting("", "this release's subjects are the test part, and are never trained on")
    shuffle: bool = setting(False, "deal the targets out at random: what is learned then is leakage")
    seed: int | None = setting(None, "seed of folds and generated recordings; without it, the seed of the run", low=0)
    readers: int = setting(2, "recordings read at once", low=1, high=64)

    def __post_init__(self) -> None:
        if self.source == "folder" and not self.folder:
            raise BadSetting("folder", 'source = "folder" needs it', "the folder that holds sub-NAME folders")
        if self.fold >= self.folds:
            raise BadSetting("fold", f"is {self.fold} of {self.folds} folds", f"0 to {self.folds - 1}")
        if round(self.length * self.rate) < LEAST:
            what = f"{self.length:g} s at {self.rate:g} a second are too few samples for the network"
            raise BadSetting("length", what, f"at least {LEAST} samples")
        if self.test_release and self.test_release not in self.releases:
            raise BadSetting("test_release", f"{self.test_release!r} is not one of releases", "name one of them")


@dataclass(frozen=True)
class Made:
    """[made]: the generated recordings."""

    subjects: int = setting(24, "recordings, one a subject", low=4)
    trials: int = setting(40, "events in each", low=2)
    channels: int = setting(19, "channels of each", low=2, high=512)
    rate: int = setting(500, "samples a second of the files", low=50)
    signal: float = setting(1.0, "size of what tells the target, against the noise; 0: nothing does", low=0.0)


@dataclass(frozen=True)
class Model:
    """EEGNeX."""

    filters: int = setting(8, "temporal filters of the first block", low=1)
    deep: int = setting(32, "filters of the second and fourth block", low=1)
    multiplier: int = setting(2, "spatial filters for each deep one", low=1)
    kernel: int = setting(64, "samples of the two long temporal kernels", low=2)
    drop: float = setting(0.5, "share dropped after each pooling", low=0.0, high=0.95)


@dataclass(frozen=True)
class Augment:
    """[augment]: what is done to training windows, and to no others."""

    low: float = setting(0.8, "amplitudes are scaled by a factor from here", low=0.0)
    high: float = setting(1.2, "… to here", low=0.0)
    drop: float = setting(0.1, "chance of each channel to be silenced", low=0.0, high=0.9)
    noise: float = setting(0.01, "added noise, against the channel's own spread", low=0.0)

    def __post_init__(self) -> None:
        if self.high < self.low:
            raise BadSetting("high", f"is below low, {self.low:g}", "scale from low to high, as in 0.8 to 1.2")


@dataclass(frozen=True)
class Loss:
    """[loss]"""

    kind: Literal["", "mse", "cross entropy", "focal"] = setting(
        "", "empty: mse for numbers, cross entropy for classes"
    )
    gamma: float = setting(2.0, "focal: how much easy windows are passed over", low=0.0)


@dataclass(frozen=True)
class Settings:
    """The EEG task as a whole."""

    data: Data = Data()
    made: Made = Made()
    model: Model = Model()
    augment: Augment = Augment()
    loss: Loss = Loss()

    def __post_init__(self) -> None:
        numbers = self.data.goal == "number"
        if self.loss.kind == "focal" and numbers:
            raise ValueError(
                'loss.kind = "focal" weighs classes and says nothing of numbers: use "mse", or data.goal = "class"'
            )
        if self.loss.kind in ("mse", "cross entropy") and (self.loss.kind == "mse") != numbers:
            raise ValueError(f'loss.kind = "{self.loss.kind}" does not fit data.goal = "{self.data.goal}"')
