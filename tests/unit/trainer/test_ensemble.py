"""`trainer ensemble`: what is fitted, and what is gained."""

import json
import shutil

import numpy as np
import pytest
import torch
from tiny_runs import Tiny, registered

from trainer.cli import main
from trainer.compare.blend import blends, position_weights, simplex, stack, temperature
from trainer.compare.measures import softmax, worth
from trainer.tasks import Predictions


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    with registered():
        tiny = Tiny(tmp_path_factory.mktemp("trained"))
        for name, more in (("one", ("model.width=48",)), ("two", ("model.width=40", "optim.lr=0.02"))):
            tiny.run(f"run.name={name}", "run.validate_first=false", "run.epochs=12", *more, name=name)
        tiny.run("run.name=noisy", "run.validate_first=false", "run.epochs=1", "data.noise=0.4", name="noisy")
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
