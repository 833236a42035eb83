import json
from pathlib import Path

import pytest
from tiny_runs import BASE, Tiny

from trainer import config as configuration
from trainer.config import load, parse, to_toml
from trainer.schema import ConfigError


def problems(text: str, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "mine.toml", overrides)
    return [str(problem) for problem in caught.value.problems]


def test_all_problems_at_once_with_file_line_key_and_mend(tiny: Tiny) -> None:
    text = """task = "tiny"
[run]
epohs = 3
batch = 0
[stop]
all = ["val_acuracy >= 0.75"]
[model]
width = "wide"
[modle]
"""
    assert problems(text) == [
        "mine.toml:9: modle: unknown key — did you mean 'model'?",
        "mine.toml:3: run.epohs: unknown key — did you mean 'epochs'?",
        "mine.toml:4: run.batch: 0 is out of range — at least 1",
        "mine.toml:8: model.width: 'wide' is not a whole number",
        "mine.toml:6: stop.all[0]: unknown metric 'val_acuracy' — did you mean 'val_accuracy'?",
    ]


def test_a_criterion_that_is_none_shows_what_one_looks_like(tiny: Tiny) -> None:
    (found,) = problems(BASE + '[stop]\nall = ["val_accuracy => 0.75"]\n')
    assert found.startswith("mine.toml:12: stop.all[0]: 'val_accuracy => 0.75' is not a criterion; write it as")


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("run.device=gpu", "--set: run.device: 'gpu' is not a device"),
        ("stop.patience=3", "--set: stop.patience: needs patience_metric"),
        ("optim.betas=[0.9]", "--set: optim.betas: takes two numbers"),
        ("run.epochs", "--set: run.epochs: is not of the form key=value"),
        ("task.name=x", "--set: task.name=x: 'task' is not a table"),
        ("stop.patience_metric=val_los", "--set: stop.patience_metric: unknown metric 'val_los'"),
        ("checkpoint.best_metric=nothing", "--set: checkpoint.best_metric: unknown metric 'nothing'"),
        ("run.name=a/b", "--set: run.name: 'a/b' is no name for a run"),
    ],
)
def test_a_wrong_override_is_blamed_on_the_command_line(tiny: Tiny, override: str, wanted: str) -> None:
    assert any(problem.startswith(wanted) for problem in problems(BASE, override)), problems(BASE, override)


def test_overrides_are_toml_or_else_text(tiny: Tiny) -> None:
    config = tiny.config("run.epochs=7", "optim.lr=1e-4", "run.name=my run", 'stop.all=["val_loss < 1"]')
    assert (config.run.epochs, config.optim.lr, config.run.name) == (7, 1e-4, "my run")
    assert [str(rule) for rule in config.stop.rules] == ["val_loss < 1"]


def test_an_unknown_task_names_the_known_ones(tiny: Tiny) -> None:
    assert problems('task = "persistense"') == [
        "mine.toml:1: task: unknown task 'persistense' — did you mean 'persistence'?"
    ]
    assert problems("[run]\nepochs = 1")[0].startswith("mine.toml: task: missing — known: ")


def test_text_that_is_not_toml_names_its_line(tiny: Tiny) -> None:
    (found,) = problems('task = "tiny"\n[run\n')
    assert found.startswith("mine.toml:2: not TOML:")


def test_a_missing_file_offers_the_nearest_preset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "persistence-attention.toml").write_text("")
    monkeypatch.setattr(configuration, "PRESETS", tmp_path)
    with pytest.raises(ConfigError, match="did you mean 'persistence-attention'"):
        load("persistence-atention")
    assert configuration.find("persistence-attention") == tmp_path / "persistence-attention.toml"


def test_the_resolved_configuration_reads_back_as_itself(tiny: Tiny, tmp_path: Path) -> None:
    first = tiny.config('stop.all=["val_accuracy >= 0.9", "val_loss < 0.1"]', "origin.worker=alpha", "optim.clip=0.5")
    path = tmp_path / "whole.toml"
    path.write_text(to_toml(first))
    assert load(str(path)) == first


def test_the_name_is_that_of_the_file_unless_given(tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "swift.toml"
    path.write_text(BASE)
    assert load(str(path)).run.name == "swift"
    assert load(str(path), ["run.name=other"]).run.name == "other"


def test_differences_are_dotted_keys_with_both_values(tiny: Tiny) -> None:
    old, new = (configuration.to_table(tiny.config(*sets)) for sets in ((), ("run.epochs=9", "origin.by=me")))
    assert configuration.differences(old, new) == {"run.epochs": (4, 9), "origin": (None, {"by": "me"})}


def test_the_best_checkpoint_is_chosen_by_what_the_run_is_about(tiny: Tiny) -> None:
    assert tiny.config().best_metric == ""
    by_rule = tiny.config('stop.all=["val_loss < 1"]')
    assert (by_rule.best_metric, by_rule.best_mode) == ("val_loss", "min")
    assert tiny.config('stop.all=["val_loss < 1"]', "checkpoint.best_metric=val_accuracy").best_mode == "max"
    assert tiny.config("checkpoint.best_metric=val_loss", "checkpoint.best_mode=max").best_mode == "max"


def test_a_table_of_the_configuration_is_plain_json(tiny: Tiny) -> None:
    assert json.loads(json.dumps(configuration.to_table(tiny.config())))["data"]["train"] == 120
