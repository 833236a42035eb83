"""What a study is about, and what is known of its trials: plain values."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer import config as configuration
from trainer.config import Config
from trainer.criteria import mode_of
from trainer.record import toml
from trainer.schema import ConfigError, Problem
from trainer.tune.settings import Range, Tune
from trainer.tune.space import leaves, put

# Where and how fast it is computed; everything else must be the same for trials to be compared.
_FREE = ("run.device", "run.threads", "run.gpu_share", "run.processes", "run.restarts", "run.data", "run.prefetch")
_FREE_TUNE = ("trials", "minutes", "pruner", "startup", "warmup")


@dataclass(frozen=True, slots=True)
class Trial:
    """One of them. `seen`: the metric by epoch; `value`: its best; `state`: running, complete, pruned or failed."""

    number: int
    settings: Mapping[str, Any]
    state: str = "running"
    value: float | None = None
    epoch: int | None = None  # of the best value
    why: str = ""
    seconds: float | None = None
    seen: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration with its [tune]."""

    tune: Tune
    metric: str
    mode: str  # max or min
    whole: frozenset[str]  # keys that take whole numbers
    given: Mapping[str, Any] | None  # the configuration's own settings, when the space has them
    config: Config  # without [tune]

    def of(self, trial: Trial, name: str, origin: Mapping[str, Any]) -> Config:
        """The configuration of a trial; ConfigError when its settings do not go together."""
        table = configuration.to_table(dataclasses.replace(self.config, origin={}))
        text = toml.dumps(put(table, {**trial.settings, "race.folder": ""}))
        found = configuration.parse(text, f"trial {trial.number}")
        return dataclasses.replace(found, run=dataclasses.replace(found.run, name=name), origin=origin)

    def head(self) -> dict[str, Any]:
        """What must not change while a study goes on."""
        table = configuration.to_table(dataclasses.replace(self.config, origin={}))
        kept = {key: value for key, value in leaves(table).items() if key not in _FREE}
        tune = {item.name: getattr(self.tune, item.name) for item in dataclasses.fields(self.tune)}
        rules = {key: value for key, value in tune.items() if key not in (*_FREE_TUNE, "space", "metric", "direction")}
        space = {key: dataclasses.asdict(wanted) for key, wanted in self.tune.space.items()}
        return {"metric": self.metric, "mode": self.mode, **rules, "space": space, "config": kept}


def plan_of(config: Config) -> Plan:
    """The study that the configuration describes. ConfigError with what is missing."""
    tune, name = config.tune, config.run.name
    if tune is None:
        mend = 'add [tune.space] with "optim.lr" = { low = 1e-4, high = 1e-1, log = true }'
        raise ConfigError([Problem(name, None, "tune", "missing: nothing says what to try", mend)])
    metric = tune.metric or config.best_metric
    if not metric:
        known = ", ".join(configuration.metrics_of(config.task))
        raise ConfigError(
            [Problem(name, None, "tune.metric", "missing: nothing says what is better", f"known: {known}")]
        )
    direction = config.best_mode if metric == config.best_metric else mode_of(metric)
    mode = direction if tune.direction == "auto" else tune.direction
    base = dataclasses.replace(config, tune=None)
    now = leaves(configuration.to_table(base))
    own = {key: _listed(now[key]) for key in tune.space}
    whole = {key for key, value in own.items() if isinstance(value, int) and not isinstance(value, bool)}
    given = own if all(inside(wanted, own[key]) for key, wanted in tune.space.items()) else None
    return Plan(tune, metric, mode, frozenset(whole), given, base)


def inside(wanted: Range, value: Any) -> bool:
    """Whether the space has this value."""
    if wanted.choices:
        return value in wanted.choices
    assert wanted.low is not None and wanted.high is not None
    if not wanted.low <= value <= wanted.high:
        return False
    parts = (value - wanted.low) / wanted.step if wanted.step else 0.0
    return bool(abs(parts - round(parts)) < 1e-9)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
