"""What can be set of the tiny task, and what it measures: without torch, as of every task."""

from dataclasses import dataclass

from trainer.schema import setting

METRICS = ("val_accuracy", "val_loss")


@dataclass(frozen=True)
class Data:
    train: int = setting(120, "points", low=2)
    noise: float = setting(0.05, "noise", low=0.0)


@dataclass(frozen=True)
class Model:
    width: int = setting(16, "hidden width", low=1)
    dropout: float = setting(0.1, "dropout", low=0.0, high=1.0)


@dataclass(frozen=True)
class Loss:
    nan_at: int = setting(0, "the call (from 1) from which the loss is a zero divided by zero; 0: never", low=0)
    raise_at: int = setting(0, "the call from which the loss raises; 0: never", low=0)
    grow: float = setting(1.0, "the loss is multiplied by this at each call", low=0.0)
    step_s: float = setting(0.0, "seconds that a step takes at least", low=0.0)


@dataclass(frozen=True)
class Measure:
    prepare_s: float = setting(0.0, "how long the preparation takes", low=0.0)


@dataclass(frozen=True)
class Settings:
    data: Data = Data()
    model: Model = Model()
    loss: Loss = Loss()
    measure: Measure = Measure()
