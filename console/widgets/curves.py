"""Which charts of a run are worth drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.fleet.cells import WorkerRow
from console.fleet.model import Run
from console.fleet.points import metric_names, points
from console.widgets.braille import Points

_LOSSES = ("loss", "train_loss", "val_loss")


@dataclass(frozen=True, slots=True)
class Plot:
    """One chart to draw: its curves by name, and the threshold that one of them has to pass."""

    title: str
    curves: tuple[tuple[str, Points], ...]
    threshold: float | None = None


class Curves:
    """Curves of a run, as the charts draw them."""

    def of(self, run: Run) -> dict[str, Sequence[tuple[float, float]]]:
        """Points (step, value) by metric."""
        found: dict[str, Sequence[tuple[float, float]]] = run.rows.whole().remembered(
            "curves", lambda _rows: {name: list(zip(*points(run, name), strict=True)) for name in metric_names(run)}
        )
        return found

    def plots(self, row: WorkerRow, run: Run | None) -> list[Plot]:
        """Charts worth drawing: the losses together, each criterion's metric with its threshold, then the rest."""
        if run is None:
            return []
        curves = self.of(run)
        losses = tuple((name, curves[name]) for name in _LOSSES if name in curves)
        plots = [Plot("loss", losses)] if losses else []
        taken = {name for name, _ in losses}
        for item in row.criteria:
            if item.metric in curves and item.metric not in taken:
                plots.append(Plot(item.metric, ((item.metric, curves[item.metric]),), item.threshold))
                taken.add(item.metric)
        return plots + [Plot(name, ((name, curves[name]),)) for name in curves if name not in taken]
