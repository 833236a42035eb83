"""What a run is: TOML text to one frozen value, or one error with everything that is wrong. No torch here.

A configuration has the tables below, and those of its task's own settings (`trainer.tasks.REGISTRY`), usually [data],
[model] and [loss]. `to_toml` prints the complete resolved configuration; reading that again gives an equal value.
"""

import contextlib
import dataclasses
import importlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from trainer import criteria
from trainer.criteria import Rule
from trainer.record import files, toml
from trainer.schema import BadSetting, ConfigError, Problem, Source, build, nearest, setting
from trainer.tasks import REGISTRY
from trainer.tune import space
from trainer.tune.settings import Tune

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True, slots=True)
class Run:
    """[run]: how long, on what, how often to look."""

    name: str = setting("", "name of the run; the configuration file's name when empty")
    seed: int = setting(0, "decides everything that is random", low=0)
    epochs: int = setting(10, "passes over the training data", low=1)
    steps: int = setting(0, "end after this many steps; 0: no limit", low=0)
    batch: int = setting(16, "samples in a step", low=1)
    device: str = setting("auto", "auto (the first GPU, else the CPU), cpu, cuda or cuda:N")
    threads: int = setting(0, "CPU threads of this worker; 0: torch decides", low=0)
    gpu_share: float = setting(1.0, "largest part of the GPU's memory that this worker may take", low=0.01, high=1.0)
    processes: int = setting(1, "processes that train this run together, each on a GPU of its own", low=1)
    sharded: bool = setting(False, "each of the processes keeps a part of the weights, for what fits on no single GPU")
    restarts: int = setting(1, "how often all of them begin again from the checkpoint after one was killed", low=0)
    precision: Literal["fp32", "bf16", "fp16"] = setting(
        "fp32", "numbers used in forward and backward; fp16 scales the loss"
    )
    tf32: bool = setting(True, "on GPUs: matrix products of fp32 with shorter numbers, several times faster")
    compile: bool = setting(False, "compile the model (torch.compile); the first steps then take up to minutes")
    channels_last: bool = setting(False, "keep images and videos with channels last, which GPUs convolve faster")
    accumulate: int = setting(1, "parts into which a step's samples are split to save memory; same numbers", low=1)
    ema: float = setting(0.0, "decay of averaged weights, as 0.999: those are validated and kept; 0: none", low=0.0)
    prefetch: int = setting(0, "batches that are made ahead, in a thread, while the model computes", low=0, high=1)
    trial: bool = setting(False, "a few samples only, to see that everything works; `trainer run --trial` sets it")
    csv: bool = setting(False, "also keep the rows of metrics as metrics.csv, written after each validation")
    tensorboard: bool = setting(False, "also write the rows of metrics as TensorBoard events, in tensorboard/")
    log_every: int = setting(50, "steps between rows of metrics", low=1)
    validate_every: int = setting(1, "epochs between validations", low=1)
    validate_first: bool = setting(True, "validate once before the first step, for before and after")
    data: str = setting(
        "", "folder for data sets that are made or fetched; empty: $TRAJ_DATA, else ~/.trajconsole/data"
    )

    def __post_init__(self) -> None:
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", self.device):
            raise BadSetting("device", f"{self.device!r} is not a device", "auto, cpu, cuda or cuda:N")
        if self.processes > 1 and ":" in self.device:
            raise BadSetting("device", f"{self.device!r} is one GPU and processes is {self.processes}", "use cuda")
        apart = {"ema": self.ema, "compile": self.compile, "channels_last": self.channels_last}
        apart['precision = "fp16"'] = self.precision == "fp16"
        if self.sharded and any(apart.values()):
            wrong = ", ".join(name for name, given in apart.items() if given)
            raise BadSetting("sharded", f"does not go together with {wrong}", "leave one of them out; bf16 goes")
        if self.ema >= 1:
            raise BadSetting("ema", f"{self.ema:g} would never move", "a decay below 1, as 0.999")
        if not re.fullmatch(r"[\w.@+ -]*", self.name):
            raise BadSetting("name", f"{self.name!r} is no name for a run", "letters, digits, space and . _ @ + -")


@dataclass(frozen=True, slots=True)
class Optim:
    """[optim]: optimiser and schedule."""

    kind: Literal["adam", "adamw", "sgd"] = setting("adam", "optimiser")
    lr: float = setting(1e-3, "learning rate at its peak", low=0.0)
    weight_decay: float = setting(0.0, "never applied to norms and biases", low=0.0)
    momentum: float = setting(0.9, "sgd only", low=0.0, high=1.0)
    nesterov: bool = setting(False, "sgd only")
    betas: tuple[float, ...] = setting((0.9, 0.999), "adam and adamw only", low=0.0, high=1.0)
    schedule: Literal["constant", "cosine"] = setting("constant", "course of the learning rate after the warm-up")
    warmup_steps: int = setting(0, "steps over which the rate rises from 0", low=0)
    final_lr: float = setting(0.0, "where the cosine ends", low=0.0)
    clip: float = setting(0.0, "largest norm of the gradient; 0: no clipping", low=0.0)
    sam: float = setting(0.0, "sharpness-aware steps: how far uphill gradients are taken, as 0.05; 0: off", low=0.0)

    def __post_init__(self) -> None:
        if len(self.betas) != 2:
            raise BadSetting("betas", "takes two numbers", "as in [0.9, 0.999]")
        if self.nesterov and self.momentum <= 0:
            raise BadSetting("nesterov", "needs momentum above 0", "set optim.momentum = 0.9")


@dataclass(frozen=True, slots=True)
class Stop:
    """[stop]: when the run ends before its last epoch. A loss that is not a number always ends it."""

    all: tuple[str, ...] = setting((), "the run ends when all of these hold, as in 'val_accuracy >= 0.75'")
    every: int = setting(1, "epochs between decisions on them", low=1)
    patience: int = setting(0, "end after this many epochs without improvement of patience_metric; 0: never", low=0)
    patience_metric: str = setting("", "the metric that patience looks at")
    patience_margin: float = setting(0.0, "what counts as improvement", low=0.0)
    divergence: float = setting(20.0, "fail when the loss exceeds this many times its first value; 0: never", low=0.0)

    def __post_init__(self) -> None:
        for number, text in enumerate(self.all):
            try:
                criteria.parse(text)
            except ValueError as error:
                raise BadSetting(f"all[{number}]", str(error)) from None
        if self.patience and not self.patience_metric:
            raise BadSetting("patience", "needs patience_metric", "name the metric that must improve")

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(criteria.parse(text) for text in self.all)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """[checkpoint]: what is kept. The last two are always kept: the second for the case that the first is damaged."""

    every: int = setting(1, "epochs between checkpoints", low=1)
    seconds: float = setting(300.0, "also in the middle of an epoch, after this long; 0: never", low=0.0)
    archive: int = setting(0, "keep for good the checkpoint of every this many epochs; 0: none", low=0)
    best_metric: str = setting("", "metric that decides which checkpoints are the best; empty: the first criterion's")
    best_mode: Literal["auto", "max", "min"] = setting("auto", "auto: losses and errors small, everything else large")
    keep_best: int = setting(1, "how many of the best to keep", low=0)


@dataclass(frozen=True, slots=True)
class Race:
    """[race]: the first run to meet all criteria wins; its rivals stop."""

    folder: str = setting("", "where winner.json appears; the same folder for all rivals; empty: no race")


@dataclass(frozen=True, slots=True)
class Config:
    """The whole. `settings` is the task's own part; `origin` (who, when, from where) is kept untouched."""

    task: str = setting(doc="what to train; one of the registered tasks")
    run: Run = Run()
    optim: Optim = Optim()
    stop: Stop = Stop()
    checkpoint: Checkpoint = Checkpoint()
    race: Race = Race()
    tune: Tune | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    settings: Any = None

    @property
    def best_metric(self) -> str:
        """What decides which checkpoint is the best; may be empty."""
        rules = self.stop.rules
        return self.checkpoint.best_metric or self.stop.patience_metric or (rules[0].metric if rules else "")

    @property
    def best_mode(self) -> str:
        mode = self.checkpoint.best_mode
        return criteria.mode_of(self.best_metric) if mode == "auto" else mode


def load(spec: str, overrides: Sequence[str] = ()) -> Config:
    """From a path, a run's folder or a preset's name, with `--set` overrides. ConfigError tells all problems."""
    path = find(spec)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(spec, None, "", f"cannot be read: {error}")]) from error
    return parse(text, str(path), overrides, name=path.parent.name if path.name == files.RUN else path.stem)


def parse(text: str, file: str, overrides: Sequence[str] = (), name: str = "") -> Config:
    """From TOML text; `file` is the name that errors use, `name` the run's name when the text gives none."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigError([Problem(file, int(line[1]) if line else None, "", f"not TOML: {error}")]) from None
    changed = [_override(table, item) for item in overrides]
    try:
        return _config(table, Source(file, text), name)
    except ConfigError as error:
        raise ConfigError([_blame(problem, changed) for problem in error.problems]) from None


def find(spec: str) -> Path:
    """The file that `spec` means."""
    path = Path(spec).expanduser()
    if path.is_dir() and (path / files.RUN).is_file():
        return path / files.RUN
    if path.is_file():
        return path
    preset = PRESETS / f"{spec}.toml"
    if re.fullmatch(r"[\w-]+", spec) and preset.is_file():
        return preset
    raise ConfigError([Problem(spec, None, "", "no such file and no such preset", nearest(spec, presets()))])


def presets() -> list[str]:
    """Names of the configurations that come with the product."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def to_table(config: Config) -> dict[str, Any]:
    """The complete resolved configuration as plain values, in the order in which people read it."""
    own = {item.name: getattr(config, item.name) for item in dataclasses.fields(config)}
    origin, settings = own.pop("origin"), own.pop("settings")
    task = {item.name: getattr(settings, item.name) for item in dataclasses.fields(settings)}
    head = {"task": own.pop("task")}
    tune = {"tune": found} if (found := own.pop("tune")) is not None else {}
    plain = {key: _plain(value) for key, value in {**head, **own, **task, **tune}.items()}
    return {**plain, "origin": dict(origin)} if origin else plain


def to_toml(config: Config) -> str:
    """The same as TOML text."""
    return toml.dumps(to_table(config))


def differences(old: Mapping[str, Any], new: Mapping[str, Any], at: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted keys whose values differ between two tables, with both values (None: not there)."""
    found: dict[str, tuple[Any, Any]] = {}
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        name = f"{at}.{key}" if at else key
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found |= differences(before, after, name)
        elif _plain(before) != _plain(after):
            found[name] = (before, after)
    return found


def resolve(place: str) -> Any:
    """The object that "module:name" means."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _config(table: Mapping[str, Any], source: Source, name: str) -> Config:
    settings = _settings(table, source)
    if isinstance(table.get("tune"), Mapping) and "space" in table["tune"]:
        table = {**table, "tune": {**table["tune"], "space": space.flat(table["tune"]["space"])}}
    own = {item.name for item in dataclasses.fields(Config)} - {"settings"}
    others = {item.name for item in dataclasses.fields(settings)}
    problems = [
        source.problem(key, "unknown key", nearest(key, [*own, *others]))
        for key in table
        if key not in own and key not in others
    ]
    built: list[Any] = []
    for cls, keys in ((Config, own), (settings, others)):
        try:
            built.append(build(cls, {key: value for key, value in table.items() if key in keys}, source))
        except ConfigError as error:
            problems += error.problems
    problems += _unknown_metrics(table, source)
    if problems:
        raise ConfigError(problems)
    config, own_settings = built
    assert isinstance(config, Config)
    run = config.run if config.run.name else dataclasses.replace(config.run, name=name)
    config = dataclasses.replace(config, run=run, settings=own_settings)
    if config.tune is not None:
        raw = {key: value for key, value in table.items() if key != "tune"}
        problems += space.problems(config.tune, to_table(config), raw, lambda item: _config(item, source, name), source)
        if problems:
            raise ConfigError(problems)
    return config


def _settings(table: Mapping[str, Any], source: Source) -> type:
    """The dataclass of the task's own tables."""
    task = table.get("task")
    if task is None:
        raise ConfigError([source.problem("task", "missing", f"known: {', '.join(sorted(REGISTRY))}")])
    if not isinstance(task, str) or task not in REGISTRY:
        raise ConfigError([source.problem("task", f"unknown task {task!r}", nearest(str(task), list(REGISTRY)))])
    found = resolve(REGISTRY[task].settings)
    assert isinstance(found, type)
    return found


def metrics_of(task: str) -> tuple[str, ...]:
    """Names of the figures that the task's validation gives."""
    module = REGISTRY[task].settings.partition(":")[0]
    return tuple(resolve(f"{module}:METRICS"))


def _unknown_metrics(table: Mapping[str, Any], source: Source) -> list[Problem]:
    """Metrics that the task's validation will never give; values of other kinds are reported elsewhere."""
    known = metrics_of(str(table["task"]))
    asked: list[tuple[str, Any]] = []
    stop, checkpoint, tune = (table.get(name) for name in ("stop", "checkpoint", "tune"))
    if isinstance(stop, Mapping):
        rules = stop.get("all")
        for number, text in enumerate(rules if isinstance(rules, list) else []):
            with contextlib.suppress(ValueError, TypeError):
                asked.append((f"stop.all[{number}]", criteria.parse(text).metric))
        asked.append(("stop.patience_metric", stop.get("patience_metric")))
    if isinstance(checkpoint, Mapping):
        asked.append(("checkpoint.best_metric", checkpoint.get("best_metric")))
    if isinstance(tune, Mapping):
        asked.append(("tune.metric", tune.get("metric")))
    return [
        source.problem(key, f"unknown metric {metric!r}", nearest(metric, known))
        for key, metric in asked
        if metric and isinstance(metric, str) and metric not in known
    ]


def _override(table: dict[str, Any], item: str) -> str:
    """Apply one `key=value` to the table; returns the key."""
    key, equals, text = item.partition("=")
    path = [part.strip() for part in key.split(".")]
    if not equals or not all(path):
        raise ConfigError([Problem("--set", None, item, "is not of the form key=value", "as in --set run.epochs=3")])
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for part in path[:-1]:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ConfigError([Problem("--set", None, item, f"{part!r} is not a table")])
        table = inner
    table[path[-1]] = value
    return ".".join(path)


def _blame(problem: Problem, overridden: Sequence[str]) -> Problem:
    """A value that came from the command line has no line in the file."""
    key = re.sub(r"\[\d+\]", "", problem.key)
    if any(key == item or key.startswith(f"{item}.") for item in overridden):
        return dataclasses.replace(problem, file="--set", line=None)
    return problem


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
