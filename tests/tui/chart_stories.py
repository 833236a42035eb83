"""Fleets for the tests of charts: names that try to break the screen, many runs, values that are no numbers."""

import io
import math
from collections.abc import Mapping
from typing import Any

from tui_fleets import NOW, TRAINING, Story, criteria, curve, fresh

LONG = "m" * 300
HOSTILE = ("[red]loss[/red]", "精度の値", LONG, "\x1b[31mesc\x07", "a\nb", "\u202eright to left")


def hostile() -> Story:
    """Metrics named like markup, in wide characters, with 300 letters; values that are no numbers; a jump."""
    rows: list[Mapping[str, Any]] = []
    for step in range(1, 200):
        values = {name: math.sin(step / 9) + place for place, name in enumerate(HOSTILE)}
        values["odd"] = "NaN" if step == 50 else "Infinity" if step == 90 else 100.0 if step == 120 else 1.0
        values["down"] = 5.0 - step / 10
        rows.append({"t": NOW - 400 + step, "step": step * 10, "epoch": step // 20, "phase": "train", **values})
    story = fresh()
    rule = {"metric": HOSTILE[0], "op": ">=", "threshold": 0.5, "value": 0.1, "passed": False}
    stopping = {"criteria": [rule, {**rule, "metric": LONG}], "every": 5, "next_epoch": 20}
    return story.worker("attention", "here", "training", rows=tuple(rows), epoch=9, epochs=20, stopping=stopping)


def many(runs: int = 12) -> Story:
    """Runs of one sweep, each with another learning rate."""
    story = fresh()
    for number in range(runs):
        rows = [
            {**row, **{name: row[name] * (1 + number / 20) for name in row if "loss" in name or "ratio" in name}}
            for row in curve(15)
        ]
        name = f"sweep-{number:02d}"
        story.plan(name, "here", NOW - 900)
        stopping = criteria(0.6 + number / 50, 1.1 + number / 20, 0.1 * number)
        story.worker(name, "here", "training", rows=tuple(rows), **{**TRAINING, "stopping": stopping})
        config = f'task = "shapes"\n[run]\nepochs = 50\nseed = 1\n[optim]\nlr = {0.001 * (number + 1):g}\n'
        origin = f'[origin]\nworker = "{name}"\n'
        from tui_fleets import run_of

        from remote.events import Document

        story.tell("here", Document(f"runs/{run_of(name)}", "run.toml", config + origin))
    return story


def png(width: int = 60, height: int = 40) -> bytes:
    """A picture: red on the left, blue on the right."""
    from PIL import Image

    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
