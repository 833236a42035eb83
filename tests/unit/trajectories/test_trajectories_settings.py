"""Settings of the trajectories task, its presets, and what they cost to read."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from console import config as console
from trainer.config import load
from trainer.schema import ConfigError, Source, build
from trainer.tasks.trajectories.models import transformer
from trainer.tasks.trajectories.models.build import unified
from trainer.tasks.trajectories.settings import _LARGEST_CELL, _TOKENS, METRICS, Model, Settings, notes

KINDS = ("i3d", "slowfast", "transformer", "magvit")
ROOT = Path(__file__).parents[3]
PRESETS = [f"trajectories-{kind}{size}" for kind in KINDS for size in ("", "-tiny")]


def settings(text: str) -> Settings:
    return build(Settings, tomllib.loads(text), Source("task.toml", text))


def test_reading_settings_brings_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, trainer.tasks.trajectories.settings;"
        "print(sorted({'torch', 'numpy', 'matplotlib', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[model]\nkind = "vivit"', r"task.toml:2: model.kind: 'vivit' is not one of"),
        ('[model]\nkind = "i3d"\ndepth = 3', r"task.toml:3: model.depth: i3d has no depth to set — leave it out"),
        ("[model]\nwidth = 30", r"task.toml:2: model.width: 30 is not a multiple of 8"),
        ("[model]\nheads = 2", r"model.heads: i3d has no heads to set"),
        ('[model]\nkind = "magvit"\ncell = 8', r"model.cell: magvit has no cell to set"),
        ('[model]\nkind = "transformer"\npatch = 12', r"task.toml:3: model.patch: 12 is no power of two from 2 to 64"),
        (
            '[model]\nkind = "transformer"\nsize = "tiny"\npatch = 64',
            r"model.patch: 64 is no power of two from 2 to 32",
        ),
        ('[model]\nkind = "slowfast"\nsize = "tiny"\ncell = 16', r"model.cell: 16 is no power of two from 4 to 8"),
        ("[model]\ncell = 2", r"model.cell: 2 is no power of two from 4 to 32"),
        ('[model]\nkind = "transformer"\nwidth = 40', r"model.heads: a width of 40 cannot be split among 12 heads"),
        ("[model]\nlevels = []", r"model.levels: an FSQ code needs a digit"),
        ("[model]\nlevels = [8, 1]", "out of range"),
        ("[loss]\nclasses = 0.0\nposition = 0.0", "neither head has a weight"),
        ("[loss]\npositon = 1.0", "did you mean 'position'"),
        ("[data]\ntrain = 10", "not a multiple of 4"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(text)


def test_settings_know_the_plans_that_they_check_against() -> None:
    plans = {"full": transformer.PUBLISHED, "tiny": transformer.TINY}
    assert {size: (plan.width, plan.heads) for size, plan in plans.items()} == _TOKENS
    for (kind, size), cell in _LARGEST_CELL.items():
        with torch.device("meta"):
            model = unified(Model(kind=kind, size=size, cell=cell))
            side = (32 if size == "tiny" else 64) // cell
            assert model.features(torch.zeros(1, 4, 32, 64, 64, dtype=torch.uint8)).grid.shape[-2:] == (side, side)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_complete_and_see_the_same_samples(name: str) -> None:
    config = load(name)
    kind = name.split("-")[1]
    assert config.settings.model.kind == kind and config.run.batch == 16 and config.checkpoint.every == 2
    assert config.settings.data == load(PRESETS[0]).settings.data
    assert config.best_metric in METRICS
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in unified(config.settings.model).parameters()) > 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_full_presets_are_the_fields(kind: str) -> None:
    config = load(f"trajectories-{kind}")
    data = config.settings.data
    assert (config.run.epochs, config.optim.lr, data.train, data.val, data.test) == (10, 1e-3, 8_000, 1_000, 1_000)
    assert config.settings.model.size == "full" and notes(config.settings) == ()


def test_the_four_workers_of_the_documentation_can_be_started_and_raced() -> None:
    text = (ROOT / "docs" / "trajectories.md").read_text().partition("### Four workers")[2]
    example = "\n".join(line.strip() for line in text.splitlines() if line.startswith("    "))
    config = console.parse(example, ROOT / "config.toml")
    assert tuple(config.workers) == KINDS and config.races["trajectories"].workers == KINDS
    (given,) = re.findall(r"`set = (\{.*?\})`", text.replace("\n", " "))
    overrides = list(console.overrides(tomllib.loads(f"set = {given}")["set"]))
    for worker in config.workers.values():
        trainer = load(worker.trainer, overrides)
        assert {rule.metric for rule in trainer.stop.rules} == {"val_accuracy", "val_position_mse"} <= set(METRICS)


def test_notes_tell_what_is_not_the_fields() -> None:
    found = notes(settings('[data]\ntrain = 800\npreset = "hard"\n[model]\nsize = "tiny"'))
    assert found == ("2,800 samples (field: 10,000)", "samples of the kind hard", "tiny network on pictures of 32 × 32")
