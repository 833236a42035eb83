"""Where a run comes from, by [origin] of its run.toml: a clone, one of a sweep, one of a study's trials. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("study", "sweep", "clone")  # what is told of a run that is several of them: the nearest

STOPPED_WITH_STUDY = "the study was stopped"  # what a trial says that is to go on with it another time


@dataclass(frozen=True, slots=True)
class Lineage:
    """`of` is the study, the sweep, or the run or worker that was cloned; `values` what is its own."""

    kind: str
    of: str
    values: Mapping[str, Any] = field(default_factory=dict)
    number: int | None = None  # of a trial

    @property
    def words(self) -> str:
        """For people."""
        first = {
            "study": f"trial {self.number} of study {self.of}",
            "sweep": f"of sweep {self.of}",
            "clone": f"a clone of {self.of}",
        }[self.kind]
        return f"{first}: {values_words(self.values)}" if self.values else first


def values_words(values: Mapping[str, Any]) -> str:
    """optim.lr=0.1  model.width=16"""
    return "  ".join(f"{key}={value_word(value)}" for key, value in values.items())


def value_word(value: Any) -> str:
    """One value; figures as people write them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def lineage_of(origin: Mapping[str, Any]) -> Lineage | None:
    """From [origin]: [origin.study], [origin.sweep] or [origin.clone]; whatever else stands there is none."""
    for kind in KINDS:
        table = origin.get(kind)
        of = table.get("of" if kind == "clone" else "name") if isinstance(table, Mapping) else None
        if isinstance(table, Mapping) and isinstance(of, str) and of:
            values, number = table.get("values"), table.get("number")
            whole = number if isinstance(number, int) and not isinstance(number, bool) else None
            return Lineage(kind, of, dict(values) if isinstance(values, Mapping) else {}, whole)
    return None
