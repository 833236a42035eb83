"""[tune]: everything that is wrong with it is told at once, and a study of it begins with what is there."""

import pytest
from tiny_runs import BASE, Tiny

from trainer import config as configuration
from trainer.commands import tune as command
from trainer.schema import ConfigError
from trainer.tune import sampling
from trainer.tune.plan import Plan, Trial, plan_of
from trainer.tune.sampling import propose, settings_of

SPACE = """
[tune]
trials = 9
metric = "val_accuracy"
[tune.space]
"optim.lr" = { low = 1e-4, high = 0.1, log = true }
model.width = { low = 4, high = 32, step = 4 }
"optim.kind" = { choices = ["adam", "sgd"] }
"""


def parsed(text: str) -> configuration.Config:
    return configuration.parse(BASE + text, "mine.toml", name="mine")


def plan(text: str = SPACE) -> Plan:
    return plan_of(parsed(text))


def test_a_configuration_with_a_study_reads_back_as_it_is(tiny: Tiny) -> None:
    config = parsed(SPACE)
    assert config.tune is not None and list(config.tune.space) == ["optim.lr", "model.width", "optim.kind"]
    assert configuration.parse(configuration.to_toml(config), "again", name="mine") == config
    assert "tune" not in configuration.to_table(tiny.config())


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ('"model.wdth" = { low = 4, high = 9 }', "tune.space.model.wdth: unknown key — did you mean 'model.width'?"),
        ('model = { choices = ["a", "b"] }', "tune.space.model: a table — name one of its keys"),
        ('"model.width" = { low = 4.5, high = 9 }', "takes whole numbers only"),
        ('"optim.lr" = { low = -1, high = 1 }', "with -1: -1.0 is out of range — at least 0"),
        ('"optim.lr" = { low = 0, high = 1, log = true }', "0 has no logarithm"),
        ('"optim.lr" = { low = 1, high = 0.1 }', "0.1 is not above low, 1"),
        ('"optim.lr" = { low = 0.1 }', "tune.space.optim.lr.high: missing"),
        ('"optim.lr" = { low = 0.0, high = 1.0, step = 0.3 }', "0.3 does not lead from 0.0 to 1.0"),
        ('"optim.lr" = { low = 0.1, high = 1, choices = [1, 2] }', "stands beside a range"),
        ('"optim.lr" = { choices = [0.1] }', "needs two or more"),
        ('"optim.lr" = { lwo = 0.1, high = 1 }', "tune.space.optim.lr.lwo: unknown key — did you mean 'low'?"),
        ('"optim.kind" = { low = 0, high = 1 }', "'adam' is no number"),
        ('"optim.kind" = { choices = ["adam", "sgdx"] }', "did you mean 'sgd'?"),
        ('"run.name" = { choices = ["a", "b"] }', "is the same in all trials"),
        (
            '"optim.momentum" = { low = 0, high = 1 }\n"optim.nesterov" = { choices = [true, 3] }',
            "3 is not true or false",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tiny: Tiny, space: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        parsed(f'\n[tune]\nmetric = "val_loss"\n[tune.space]\n{space}\n')
    assert told in str(error.value)


def test_all_problems_come_at_once_with_their_lines(tiny: Tiny) -> None:
    text = BASE + '[tune]\nmetric = "val_los"\ntrials = 0\n[tune.space]\n"optim.lr" = { low = 2, high = 1 }\n'
    with pytest.raises(ConfigError) as error:
        configuration.parse(text, "mine.toml")
    lines = str(error.value).splitlines()
    assert [line.partition(": ")[2].split(":")[0] for line in lines] == [
        "tune.trials",
        "tune.space.optim.lr.high",
        "tune.metric",
    ]
    where = [text.splitlines()[int(line.split(":")[1]) - 1] for line in lines]
    assert ["trials" in where[0], "optim.lr" in where[1], "metric" in where[2]] == [True] * 3


def test_no_study_and_no_metric_have_their_mends(tiny: Tiny) -> None:
    with pytest.raises(ConfigError, match=r"tune: missing.*add \[tune\.space\]"):
        plan_of(tiny.config())
    with pytest.raises(ConfigError, match=r"tune\.metric: missing.*known: val_accuracy, val_loss"):
        plan('[tune.space]\n"optim.lr" = { low = 1e-4, high = 0.1 }\n')
    assert (
        plan('[stop]\nall = ["val_loss < 0.1"]\n[tune.space]\n"optim.lr" = { low = 1e-4, high = 0.1 }\n').mode == "min"
    )


def test_the_configuration_itself_is_tried_first_if_the_space_has_it(tiny: Tiny) -> None:
    assert propose(plan(), [], 0) == {"optim.lr": 0.01, "model.width": 16, "optim.kind": "adam"}
    without = plan(SPACE.replace("high = 0.1", "high = 0.005"))
    assert without.given is None and propose(without, [], 0) != {"optim.lr": 0.01}


def test_what_is_tried_follows_from_seed_number_and_trials(tiny: Tiny) -> None:
    mine = plan()
    trials = [Trial(0, dict(mine.given or {}), "complete", 0.5)]
    for number in range(1, 9):
        settings = propose(mine, trials, number)
        assert settings is not None and settings == propose(mine, trials, number)
        assert 1e-4 <= settings["optim.lr"] <= 0.1 and settings["model.width"] % 4 == 0
        config = mine.of(Trial(number, settings), "t", {"by": "me"})
        assert (config.optim.lr, config.optim.kind) == (settings["optim.lr"], settings["optim.kind"])
        assert config.settings.model.width == settings["model.width"] and config.tune is None
        trials.append(Trial(number, settings, ("complete", "pruned", "failed", "running")[number % 4], number / 10))
    assert len({tuple(trial.settings.items()) for trial in trials}) == 9


def test_a_small_space_is_tried_once_and_then_over(tiny: Tiny) -> None:
    mine = plan(SPACE.replace('"optim.lr"', '# "optim.lr"').replace("step = 4", "step = 28"))
    assert len(settings_of(mine) or []) == 4
    trials: list[Trial] = []
    while (settings := propose(mine, trials, len(trials))) is not None:
        trials.append(Trial(len(trials), settings, "complete", 0.1))
    assert sorted(str(trial.settings) for trial in trials) == sorted(map(str, settings_of(mine) or []))
    assert settings_of(plan()) is None  # rates cannot be counted


def test_the_sampler_finds_what_is_good(tiny: Tiny) -> None:
    """A made-up metric with its best at lr = 1e-3 and sgd: later trials are nearer to it than the first ones."""
    mine, trials = plan(SPACE.replace("trials = 9", "trials = 40")), list[Trial]()
    for number in range(40):
        settings = propose(mine, trials, number)
        assert settings is not None
        value = 1 - abs(settings["optim.lr"] - 1e-3) ** 0.5 - (settings["optim.kind"] == "adam") * 0.2
        trials.append(Trial(number, settings, "complete", value))
    first, last = (sum(trial.value or 0 for trial in part) for part in (trials[:10], trials[-10:]))
    assert last > first
    shares = sampling.importances(mine, trials)
    assert shares and max(shares, key=lambda key: shares[key]) == "optim.lr"


def test_importances_of_too_little_are_none(tiny: Tiny) -> None:
    mine = plan()
    same = [
        Trial(n, {"optim.lr": 0.01 + n / 1000, "model.width": 16, "optim.kind": "adam"}, "complete", 0.5)
        for n in range(6)
    ]
    assert sampling.importances(mine, same) == {} and sampling.importances(mine, same[:2]) == {}


def test_without_optuna_there_is_a_mend(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"this Python has no optuna — pip install optuna"):
        command.require()
