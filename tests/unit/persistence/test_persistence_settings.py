"""Settings, presets and what they cost to read."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from trainer.config import load
from trainer.schema import ConfigError, Source, build
from trainer.tasks.persistence.settings import METRICS, Data, Settings, notes

PRESETS = ("persistence-attention", "persistence-pretrained")


def settings(text: str) -> Settings:
    return build(Settings, tomllib.loads(text), Source("task.toml", text))


def test_reading_settings_brings_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, trainer.tasks.persistence.settings;"
        "print(sorted({'torch', 'numpy', 'matplotlib', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_defaults_are_the_fields() -> None:
    data = Data()
    assert (data.train, data.val, data.test) == (8_000, 1_000, 1_000)
    assert settings("").loss.kind == "hinge" and settings("").measure.ratio == 1.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[model]\nkind = "pretrained"', 'needs backbone.weights: "file" or "url"'),
        ('[backbone]\nweights = "file"', r'task.toml:1: backbone: weights = "file" needs file'),
        ('[backbone]\nweights = "url"\nurl = "https://x"', "needs url and sha256"),
        ('[backbone]\nsha256 = "xyz"', "is not 8 to 64 hexadecimal digits"),
        ("[model]\nwidth = 30", "cannot be split among 4 heads"),
        ('[data]\nsource = "field"', "needs folder"),
        ('[data]\nsource = "field"\nfolder = "x"\nlabelling = "v2"', 'use labelling = "v1"'),
        ("[data]\ntrain = 0", "out of range"),
        ("[model]\npatch = 12", "12 is not one of 8, 16, 32"),
        ("[loss]\nalhpa = 1", "did you mean 'alpha'"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(text)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_complete_and_race_by_the_same_rules(name: str) -> None:
    config = load(name)
    assert config.run.batch == 16 and config.stop.every == 5
    assert set(config.stop.all) == {"val_accuracy >= 0.75", "attention_ratio >= 1.5", "consistency >= 0.70"}
    assert {rule.metric for rule in config.stop.rules} <= set(METRICS)
    assert config.settings.measure.ratio == 1.5
    assert config.settings.data == load(PRESETS[0]).settings.data, "both see the same clips"


def test_the_preset_of_version_two_asks_for_reliance_as_well_as_attention() -> None:
    config = load("persistence-v2")
    assert config.settings.data.labelling == "v2"
    assert {"attention_ratio", "erase_persistent_drop"} <= {rule.metric for rule in config.stop.rules} <= set(METRICS)


def test_the_shipped_race_says_that_its_features_are_random() -> None:
    found = notes(load("persistence-pretrained").settings)
    assert "random features, not pre-trained" in found and "3,000 clips (field: 10,000)" in found
    assert load("persistence-pretrained").settings.loss.kind == "none"


def test_the_version_two_note() -> None:
    assert notes(settings('[data]\nlabelling = "v2"\n[measure]\nerase = 0')) == (
        "labels v2: the persistent objects decide",
    )


def test_no_path_of_any_machine_is_in_a_preset() -> None:
    for name in PRESETS:
        text = (Path(__file__).parents[3] / "trainer" / "presets" / f"{name}.toml").read_text()
        assert "/home" not in text and "/work" not in text and "/tmp" not in text
