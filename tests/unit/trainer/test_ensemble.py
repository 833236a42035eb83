"""`trainer ensemble`: what is fitted, and what is gained."""

import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import Tiny, registered

from trainer.cli import main
from trainer.compare.blend import blends, position_weights, simplex, stack, temperature
from trainer.compare.measures import softmax, worth
from trainer.compare.recipe import load
from trainer.schema import ConfigError
from trainer.tasks import Predictions


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    with registered():
        tiny = Tiny(tmp_path_factory.mktemp("trained"))
        for name, more in (("one", ("model.width=48",)), ("two", ("model.width=40", "optim.lr=0.02"))):
            tiny.run(f"run.name={name}", "run.validate_first=false", "run.epochs=12", *more, name=name)
        tiny.run("run.name=noisy", "run.validate_first=false", "run.epochs=1", "data.noise=0.4", name="noisy")
        runs = [str(tiny.folder / name) for name in ("one", "two")]
        assert main(["ensemble", *runs, "--out", str(tiny.folder / "recipe.json")]) == 0
    return tiny.folder


@pytest.fixture
def runs(tiny, trained):
    shutil.copytree(trained, tiny.folder, dirs_exist_ok=True)
    return tiny.folder


def drawn(samples, sharp, seed, classes=3, wrong=0.2):
    """A classifier that is right in some of the samples, and says so `sharp` times as loudly as it should."""
    generator = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    voted = np.where(generator.random(samples) < wrong, (labels + 1) % classes, labels)
    logits = generator.normal(0, 0.3, (samples, classes)) + 2.0 * np.eye(classes)[voted]
    targets = np.sin(np.arange(samples * 2)).reshape(samples, 2)
    positions = targets + generator.normal(0, 0.1 * (1 + seed), targets.shape)
    return Predictions(
        ("a", "b", "c")[:classes], labels, (logits * sharp).astype(np.float32), targets.astype(np.float32),
        positions.astype(np.float32), "these",
    )  # fmt: skip


def test_a_temperature_undoes_what_a_model_is_too_sure_of():
    found = [temperature(drawn(3000, sharp, 1).logits, torch.arange(3000) % 3) for sharp in (1.0, 4.0, 0.25)]
    assert found[1] == pytest.approx(4 * found[0], rel=1e-4) and found[2] == pytest.approx(found[0] / 4, rel=1e-4)
    calm = drawn(3000, 4.0, 1)
    cooled = worth(Predictions(calm.classes, calm.labels, calm.logits / np.float32(found[1])))
    assert cooled.calibration < worth(calm).calibration and cooled.accuracy == worth(calm).accuracy


def test_weights_of_a_simplex_find_the_least_loss():
    wanted = torch.tensor([0.2, 0.0, 0.8], dtype=torch.float64)
    found = simplex(lambda share: ((share - wanted) ** 2).sum(), 3)
    assert found == pytest.approx(wanted.numpy(), abs=0.01) and found.sum() == pytest.approx(1)


def test_positions_are_weighed_by_how_good_they_are():
    members = [drawn(2000, 1, seed) for seed in (0, 1, 3)]
    found = position_weights(np.stack([item.positions for item in members]).astype(float), members[0])
    inverse = np.array([1 / (1 + seed) ** 2 for seed in (0, 1, 3)])
    assert found == pytest.approx(inverse / inverse.sum(), abs=0.03), "the best weights of independent errors"


def test_stacking_learns_what_no_vote_can():
    labels = torch.arange(900) % 3
    turned = torch.nn.functional.one_hot((labels + 1) % 3, 3).double() * 4  # always the class after the right one
    matrix, bias = stack(turned.log_softmax(1)[None], labels)
    said = (torch.einsum("mnc,mck->nk", turned.log_softmax(1)[None], matrix) + bias).argmax(1)
    assert (said == labels).all()


def test_three_members_that_err_apart_are_better_together():
    members = [drawn(1500, 1, seed, wrong=0.25) for seed in (1, 2, 3)]
    found = {item.name: item for item in blends(members, members)}
    assert list(found) == ["soft vote", "calibrated vote", "weighted vote", "stacked"]
    for item in found.values():
        hits = (item.logits.argmax(1) == members[0].labels).mean()
        assert hits > 0.80 > max((one.logits.argmax(1) == one.labels).mean() for one in members)
        assert softmax(item.logits).sum(1) == pytest.approx(1)
    soft = np.mean([softmax(item.logits) for item in members], axis=0)
    assert softmax(found["soft vote"].logits) == pytest.approx(soft, abs=1e-9)
    assert found["soft vote"].positions == pytest.approx(
        np.mean([item.positions for item in members], axis=0), abs=1e-6
    )
    again = {item.name: item for item in blends(members, members)}
    assert all((again[name].logits == item.logits).all() for name, item in found.items()), "equal bits"


def test_members_without_positions_vote_on_classes_alone():
    plain = [Predictions(m.classes, m.labels, m.logits, samples="s") for m in (drawn(90, 1, 1), drawn(90, 1, 2))]
    assert [item.positions for item in blends(plain, plain)] == [None] * 4


def test_the_command_tells_what_is_gained_and_keeps_the_recipe(runs, capsys):
    out = runs / "made/ensemble.json"
    assert main(["ensemble", str(runs / "one"), str(runs / "two"), "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert json.loads(out.read_text()) == found
    assert [item["name"] for item in found["members"]] == ["one", "two"] and found["best_member"] in ("one", "two")
    assert [item["name"] for item in found["ensembles"]] == ["soft vote", "calibrated vote", "weighted vote", "stacked"]
    best = next(item for item in found["members"] if item["name"] == found["best_member"])
    for item in found["ensembles"]:
        change = item["changes"]["accuracy"]
        assert change["low"] <= change["value"] <= change["high"] and item["recipe"]
        assert change["value"] == pytest.approx(item["accuracy"]["value"] - best["accuracy"]["value"])
        near = next(one for one in found["members"] if one["name"] == found["nearest_member"])
        change = item["changes"]["position error"]
        assert change["value"] == pytest.approx(item["error"]["value"] - near["error"]["value"], rel=1e-3)
    assert main(["ensemble", str(runs / "one"), str(runs / "two")]) == 0
    said = capsys.readouterr().out
    assert "· soft vote" in said and "chosen on 40 validation samples" in said and "within noise" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("one",), "one run is no ensemble"),
        (("one", "one"), "one run is no ensemble"),
        (("one", "noisy"), "noisy: has other samples or classes than one"),
        (("one", "two", "--split", "val"), "val is what the ensemble is fitted on"),
        (("one", "nowhere"), "is not a run's folder"),
    ],
)
def test_what_cannot_answer_together_is_refused(runs, capsys, words, told):
    folders = [str(runs / word) if not word.startswith("-") and word != "val" else word for word in words]
    assert main(["ensemble", *folders]) == 2
    assert told in capsys.readouterr().err


@pytest.fixture
def recipe(runs):
    return runs / "recipe.json"


def test_a_recipe_is_done_again_with_runs_that_moved_and_went_on(runs, recipe, tiny, capsys):
    made = json.loads(recipe.read_text())
    more = ("run.epochs=13", "run.name=one", "run.validate_first=false", "model.width=48")
    assert tiny.run(*more, name="one", resume=True) == 0
    (runs / "two").rename(runs / "elsewhere")
    answers = runs / "answers.csv"
    capsys.readouterr()
    words = ("--apply", str(recipe), "--json", "--answers", str(answers))
    assert main(["ensemble", str(runs / "elsewhere"), str(runs / "one"), *words]) == 0
    found = json.loads(capsys.readouterr().out)
    for mine, theirs in zip(found["ensembles"], made["ensembles"], strict=True):
        assert mine == theirs, "the same figures, to the last bit"
    assert [item["sha256"] for item in found["members"]] == [item["sha256"] for item in made["members"]]
    lines = answers.read_text().splitlines()
    assert lines[0] == "ensemble,sample,class,said,share,position_0,position_1" and len(lines) == 1 + 4 * 40
    right = [line.split(",")[2] == line.split(",")[3] for line in lines[1:41]]
    assert sum(right) / 40 == made["ensembles"][0]["accuracy"]["value"]


def test_a_recipe_may_be_told_on_the_samples_that_it_was_fitted_on(runs, recipe, capsys):
    assert main(["ensemble", str(runs / "one"), str(runs / "two"), "--apply", str(recipe), "--split", "val"]) == 0
    assert "flatters the ensembles" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("one",), "no run here has the weights of its member two — name the runs with these checkpoints: one ("),
        (("one", "two", "noisy"), "noisy: has none of the checkpoints of recipe.json"),
    ],
)
def test_a_recipe_wants_its_own_runs(runs, recipe, capsys, words, told):
    assert main(["ensemble", *(str(runs / word) for word in words), "--apply", str(recipe)]) == 2
    assert told in capsys.readouterr().err


def _broken(recipe, change):
    document = json.loads(recipe.read_text())
    change(document)
    recipe.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.clear(),
        lambda found: found["ensembles"][0]["recipe"].update(weights=[0.5]),
        lambda found: found["ensembles"][3]["recipe"].pop("bias"),
        lambda found: found["ensembles"][1]["recipe"].update(temperatures=[0, 1]),
        lambda found: found["ensembles"][2]["recipe"].update(position_weights=[1, "many"]),
        lambda found: found["ensembles"][2]["recipe"].update(weights=[1, None]),
        lambda found: found.update(ensembles=[]),
        lambda found: found.update(best_member="nobody"),
    ],
)
def test_a_recipe_that_does_not_fit_together_is_refused(runs, recipe, capsys, change):
    _broken(recipe, change)
    assert main(["ensemble", str(runs / "one"), str(runs / "two"), "--apply", str(recipe)]) == 2
    assert "recipe.json: is not what trainer ensemble --out writes" in capsys.readouterr().err


def test_a_recipe_for_other_classes_or_none_at_all_is_refused(runs, recipe, capsys):
    _broken(recipe, lambda found: found.update(classes=["up", "down"]))
    assert main(["ensemble", str(runs / "one"), str(runs / "two"), "--apply", str(recipe)]) == 2
    assert "is for the classes up, down, not left, right" in capsys.readouterr().err
    assert main(["ensemble", str(runs / "one"), str(runs / "two"), "--apply", str(runs / "none.json")]) == 2
    assert "none.json: cannot be read: No such file or directory" in capsys.readouterr().err


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
KEYS = ("classes", "members", "ensembles", "best_member", "nearest_member", "fitted_samples")


@given(st.one_of(st.binary(), JSON.map(json.dumps), st.fixed_dictionaries(dict.fromkeys(KEYS, JSON)).map(json.dumps)))
def test_no_file_at_all_breaks_the_reading(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any-recipe.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError):
        load(path)
