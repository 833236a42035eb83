"""A run as something to hand in: weights, everything that is needed to use them, a card, in one zip; checked by use.

The modules that the exported script needs are those that trained the model, with their imports made flat: there is no
second version of anything that could differ.
"""

import dataclasses
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save

from trainer.record import atomic
from trainer.revival import Revived
from trainer.tasks import Exported, Report
from trainer.tasks.eeg import measures
from trainer.tasks.eeg.data.subjects import Part
from trainer.tasks.eeg.models.regressor import Scaled
from trainer.tasks.eeg.task import EegTask

_CODE = ("infer.py", "data/bdf.py", "data/resample.py", "models/eegnex.py", "models/regressor.py")
_CLOSE = {"fp32": 1e-3, "fp16": 5e-3, "bf16": 2e-2}  # relative: what fp32 on a CPU may change in the run's figure
_EACH = 256
_TIME = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: the same run gives the same bytes


def export(revived: Revived, to: Path, report: Report) -> Exported:
    """Write the zip and use it in a process of its own, on the validation windows, beside the figure of the run."""
    task, model = revived.task, revived.model
    assert isinstance(task, EegTask) and isinstance(model, Scaled)
    name = "val_accuracy" if task.study.classes else "val_nrmse"
    recorded = revived.saved.metrics.get(name)
    if recorded is None:
        raise ValueError(f"{revived.saved.file} was kept without {name}: choose one that was kept after a validation")
    weights = {key: value.detach().cpu().contiguous() for key, value in model.cpu().folded().state_dict().items()}
    parts = {
        "model.safetensors": save(weights),
        "model.json": (json.dumps(facts(revived, task, model), indent=1) + "\n").encode(),
        "README.md": card(revived, task, name, recorded).encode(),
        **{Path(file).name: flat(Path(__file__).parent / file) for file in _CODE},
    }
    data = packed(parts)
    found = _used(data, task, report, name)
    same = abs(found - recorded) <= _CLOSE[revived.config.run.precision] * abs(recorded)
    if same:
        to.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(to, data, durable=True)
    return Exported(tuple(sorted(parts)), name, recorded, found, same)


def facts(revived: Revived, task: EegTask, model: Scaled) -> dict[str, Any]:
    """model.json: what the script must know beside the weights."""
    data = task.settings.data
    return {
        "shape": dataclasses.asdict(model.network.shape),
        "channels": list(task.study.channels),
        "classes": list(task.study.classes),
        "target": data.target,
        "offset": data.offset,
        "rate": data.rate,
        "run": revived.config.run.name,
        "checkpoint": revived.saved.file,
        "sha256": revived.saved.sha256,
    }


def flat(path: Path) -> bytes:
    """A module's text with imports of its neighbours as they lie in the zip, all in one folder."""
    text = path.read_text("utf-8")
    text = re.sub(r"^from trainer\.tasks\.eeg\.(?:data|models) import ", "import ", text, flags=re.M)
    text = re.sub(r"^from trainer\.tasks\.eeg\.(?:data|models)\.(\w+) import ", r"from \1 import ", text, flags=re.M)
    assert "trainer." not in text, path
    return text.encode()


def card(revived: Revived, task: EegTask, name: str, recorded: float) -> str:
    """README.md: what this is, how good, how to use it."""
    data, study = task.settings.data, task.study
    sizes = {split: f"{len(part.subjects)} subjects, {len(part):,} windows" for split, part in study.splits.items()}
    knowing = revived.saved.metrics.get(f"{name}_mean")
    beside = "" if knowing is None else f" (knowing nothing: {knowing:.4f})"
    what = f"one of {', '.join(study.classes)}" if study.classes else "a number"
    count = sum(item.numel() for item in revived.model.parameters())
    lines = [
        f"# {revived.config.run.name}",
        "",
        f"EEGNeX, {count:,} parameters; tells `{data.target}`, {what}, from {data.length:g} s of EEG that begin",
        f"{data.offset:g} s after an event: {len(study.channels)} channels in µV at {data.rate:g} samples a second.",
        "The weights are folded for inference; normalisation is part of them.",
        "",
        "| | |",
        "|---|---|",
        f"| {name.removeprefix('val_')} of val, which also chose the checkpoint | {recorded:.4f}{beside} |",
        *(f"| {split} | {size} |" for split, size in sizes.items()),
        f"| checkpoint | {revived.saved.file}, epoch {revived.saved.epoch} |",
        f"| channels | {', '.join(study.channels)} |",
        *(f"| note | {note} |" for note in task.notes),
        "",
        "    python infer.py windows.npy --out answers.npy",
        "    python infer.py recording.bdf --at 12.5 16.0",
        "",
        "Needs torch, numpy and safetensors. Subjects of one split are in no other. Not a medical device.",
        "",
    ]
    return "\n".join(lines)


def packed(parts: Mapping[str, bytes]) -> bytes:
    """One zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(parts):
            file.writestr(zipfile.ZipInfo(name, _TIME), parts[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _used(data: bytes, task: EegTask, report: Report, name: str) -> float:
    """The figure of the validation windows, answered by what is in the zip in a fresh process."""
    part = task.study.splits["val"]
    with tempfile.TemporaryDirectory(prefix="trainer-export-") as place:
        folder = Path(place)
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            file.extractall(folder)
        _store(part, folder / "windows.npy", report)
        report("answering with what was exported", 0, None)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        words = [sys.executable, "infer.py", "windows.npy", "--out", "answers.npy"]
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"the exported script failed: {done.stderr.strip()[-500:]}")
        answers = np.load(folder / "answers.npy").astype(np.float64)
    if task.study.classes:
        return measures.of_classes(answers, part.targets, 0)[name]
    return measures.of_numbers(answers[:, 0], part.targets, 0.0, 1.0)[name]


def _store(part: Part, path: Path, report: Report) -> None:
    """All windows of a part as one file, a few in memory at a time."""
    shape = (len(part), *part.parts[0].signals.shape[1:])
    out: np.memmap[Any, np.dtype[np.float32]] = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    for start in range(0, len(part), _EACH):
        report("writing the validation windows", start, len(part))
        rows = np.arange(start, min(start + _EACH, len(part)))
        out[rows] = part.take(rows)
    out.flush()
