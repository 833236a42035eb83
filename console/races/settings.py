"""The rules as config.toml has them. Each is off until it is written."""

from dataclasses import dataclass
from typing import Literal

from trainer.schema import BadSetting, setting

Mode = Literal["min", "max"]


@dataclass(frozen=True, slots=True)
class Patience:
    """`patience = { metric = "val_accuracy", mode = "max", epochs = 10 }`"""

    metric: str = setting(doc="name of a metric")
    mode: Mode = setting(doc="max: more is better; min: less is better")
    epochs: int = setting(doc="epochs without a better value that end a rival", low=1)


@dataclass(frozen=True, slots=True)
class Behind:
    """`behind = { metric = "val_loss", mode = "min", after = [3, 9], keep = 0.5 }`, or `margin` in place of `keep`."""

    metric: str = setting(doc="name of a metric")
    mode: Mode = setting(doc="max: more is better; min: less is better")
    after: tuple[int, ...] = setting(doc="epochs after which rivals are compared", low=0)
    margin: float | None = setting(None, "how far behind the best at that epoch a rival may be", low=0.0)
    keep: float | None = setting(None, "share of the rivals that goes on after each of these epochs", low=0.0)

    def __post_init__(self) -> None:
        if (self.margin is None) == (self.keep is None):
            raise ValueError("needs either margin = … (how far behind) or keep = … (which share goes on)")
        if self.keep is not None and not 0 < self.keep < 1:
            raise BadSetting("keep", f"{self.keep:g} is no share", "write 0.5 to keep the better half")
        if not self.after or list(self.after) != sorted(set(self.after)):
            raise BadSetting("after", f"{list(self.after)} are no epochs in order", "write them as [3, 9]")


@dataclass(frozen=True, slots=True)
class Rules:
    """Those of one race."""

    wall_s: float | None = None  # seconds
    patience: Patience | None = None
    behind: Behind | None = None

    def __bool__(self) -> bool:
        return (self.wall_s, self.patience, self.behind) != (None, None, None)
