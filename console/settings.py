"""What a person chose on the screen and finds again: columns, order, colours, layout, the log's looks.

One small TOML file beside mirror and history. It is written whole and replaced at once, so that of two consoles the
last one wins; one that cannot be read is set aside, said once, and never stops the console.
"""

import contextlib
import os
import tempfile
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer.record import toml

FILE = "settings.toml"
_HEAD = "# What you chose on the screen of trajconsole, which rewrites this file. Without it everything is as it was.\n"
_MOST_COLUMNS = 60
_MOST_METRICS = 500
_LONGEST = 200  # characters of a name


@dataclass(frozen=True, slots=True)
class ChartChoices:
    """How charts are looked at; whoever draws them says what of it means something."""

    axis: str = ""
    smoothing: float = 0.0
    log: tuple[str, ...] = ()  # metrics with a logarithmic axis
    hidden: tuple[str, ...] = ()  # metrics without a chart


@dataclass(frozen=True, slots=True)
class Settings:
    """Empty text and no columns: as the console would choose by itself."""

    theme: str = ""
    columns: tuple[str, ...] = ()  # of the workers table; none: those that matter most and fit
    sort: str = ""  # a column; none: the order of the configuration
    downward: bool = False
    tab: str = ""  # of the lower pane
    taller: int = 0  # lines that the tables have more than their share
    wrap: bool = False
    stamps: bool = True
    charts: ChartChoices = ChartChoices()
    toasts: bool = True  # words in the corner about what ends, wins, fails


class SettingsFile:
    """The file of one state folder; without a folder nothing is kept. `take_problem` says what was wrong with it."""

    def __init__(self, state: Path | None) -> None:
        self.path = (state or Path()) / FILE
        self._kept = state is not None
        self.problem = ""
        self.value = self._read() if self._kept else Settings()

    def change(self, **values: Any) -> None:
        """Write these too, if they are new; a folder that cannot be written is no reason to complain twice."""
        changed = replace(self.value, **values)
        if changed == self.value:
            return
        self.value = changed
        if not self._kept:
            return
        try:
            self._write()
        except OSError as error:
            self.problem = f"settings are not kept: {error.strerror or error}: {self.path}"

    def take_problem(self) -> str:
        """What is to be said of the file; nothing the second time."""
        said, self.problem = self.problem, ""
        return said

    def _read(self) -> Settings:
        try:
            return from_toml(tomllib.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Settings()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            aside = self.path.with_name(f"{FILE}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
            with contextlib.suppress(OSError):
                self.path.replace(aside)
            self.problem = f"settings could not be read ({error}); set aside as {aside.name}"
        except OSError as error:
            self.problem = f"settings could not be read: {error.strerror or error}: {self.path}"
        return Settings()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{FILE}-", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(_HEAD + toml.dumps(to_toml(self.value)))
            os.replace(name, self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def to_toml(value: Settings) -> dict[str, Any]:
    """The file's tables."""
    charts = value.charts
    return {
        "theme": value.theme,
        "workers": {"columns": list(value.columns), "sort": value.sort, "downward": value.downward},
        "layout": {"tab": value.tab, "taller": value.taller},
        "log": {"wrap": value.wrap, "stamps": value.stamps},
        "charts": {
            "axis": charts.axis,
            "smoothing": charts.smoothing,
            "log": list(charts.log),
            "hidden": list(charts.hidden),
        },
        "toasts": {"shown": value.toasts},
    }


def from_toml(table: Mapping[str, Any]) -> Settings:
    """Settings of whatever stands there: what is of another kind than it should be counts as not chosen."""
    names = ("workers", "layout", "log", "toasts")
    workers, layout, log, toasts = (_table(table.get(name)) for name in names)
    taller = layout.get("taller")
    return Settings(
        theme=_text(table.get("theme")),
        columns=_names(workers.get("columns"), _MOST_COLUMNS),
        sort=_text(workers.get("sort")),
        downward=_flag(workers.get("downward"), False),
        tab=_text(layout.get("tab")),
        taller=max(-100, min(100, taller)) if isinstance(taller, int) and not isinstance(taller, bool) else 0,
        wrap=_flag(log.get("wrap"), False),
        stamps=_flag(log.get("stamps"), True),
        charts=_charts(_table(table.get("charts"))),
        toasts=_flag(toasts.get("shown"), True),
    )


def _charts(table: Mapping[str, Any]) -> ChartChoices:
    weight = table.get("smoothing")
    return ChartChoices(
        axis=_text(table.get("axis")),
        smoothing=weight if isinstance(weight, float) and 0 <= weight < 1 else 0.0,
        log=_names(table.get("log"), _MOST_METRICS),
        hidden=_names(table.get("hidden"), _MOST_METRICS),
    )


def _names(value: Any, most: int) -> tuple[str, ...]:
    names = [_text(item) for item in value[:most]] if isinstance(value, list) else []
    return tuple(dict.fromkeys(filter(None, names)))


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""


def _flag(value: Any, otherwise: bool) -> bool:
    return value if isinstance(value, bool) else otherwise
