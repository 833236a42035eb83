"""Why this class, and where the model looked: on real runs of two tiny networks."""

import json
import time

import numpy as np
import pytest
import torch

from trainer import config as configuration
from trainer import session
from trainer.cli import main
from trainer.compare.gaze import overlay
from trainer.revival import revive
from trainer.tasks.trajectories.data.motion import FRAMES, SIDE, motions, positions
from trainer.tasks.trajectories.data.settings import CLASSES, PRESETS
from trainer.tasks.trajectories.explain import erase
from trainer.tasks.trajectories.explain.asked import attend, explain
from trainer.tasks.trajectories.explain.evidence import ranges
from trainer.tasks.trajectories.explain.fits import fits
from trainer.tasks.trajectories.explain.flips import flips, knobs
from trainer.tasks.trajectories.explain.lens import Lens
from trainer.tasks.trajectories.explain.maps import _rank, gradients, lead_gained, rollout
from trainer.tasks.trajectories.explain.sentences import sentences

SMALL = (
    "data.train=64", "data.val=16", "data.test=16", "run.epochs=2", "run.validate_first=false", "run.device=cpu",
    "optim.warmup_steps=0",
)  # fmt: skip


def silent(what, done, total):
    pass


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of each, on field samples and on hard ones."""
    folder = tmp_path_factory.mktemp("runs")
    for kind, preset in (("i3d", "hard"), ("transformer", "field")):
        more = (*SMALL, f"data.preset={preset}", f"run.data={folder / 'data'}")
        config = configuration.load(f"trajectories-{kind}-tiny", more)
        assert session.run(config, folder / kind, resume=False, since=time.time()) == 0
    return folder


@pytest.fixture(params=["i3d", "transformer"])
def run(request, trained):
    return trained / request.param


@pytest.fixture(scope="module")
def explained(trained):
    """What is said of one sample of the transformer's."""
    return explain(revive(trained / "transformer", "best", silent), "test", 5)


@pytest.fixture
def lens(run):
    return Lens(revive(run, "best", silent), "test", 5)


@pytest.mark.parametrize("preset", ["field", "hard"])
def test_the_formula_that_fits_is_that_of_the_class(preset):
    made = motions(3, np.arange(40), PRESETS[preset])
    noise = np.random.default_rng(0).normal(0, 0.002, (40, FRAMES, 3))
    right = 0
    for motion, places in zip(made, positions(made, 0, FRAMES) + noise, strict=True):
        found = fits(places.astype(np.float64))
        assert [fit.name for fit in found] == list(CLASSES)
        best = min(found, key=lambda fit: fit.score)
        right += best.label == motion["label"]
        own = found[motion["label"]]
        assert own.residual < 0.006, "the true formula misses by no more than the noise"
        for figure, (low, high) in ranges(PRESETS[preset])[CLASSES[motion["label"]]].items():
            assert low * 0.9 <= own.figures[figure] <= high * 1.1
    assert right >= 39


def test_frames_that_nobody_saw_are_left_out():
    made = motions(3, np.arange(8), PRESETS["field"])
    places = positions(made, 0, FRAMES).astype(np.float64)
    places[:, 5:15] = np.nan
    for motion, track in zip(made, places, strict=True):
        assert min(fits(track), key=lambda fit: fit.score).label == motion["label"]
    places[:, 7:] = np.nan
    assert fits(places[0]) == []


def test_a_motion_drawn_again_is_the_same_clip(lens):
    assert (lens.rendered(lens.motion) == lens.clip).all()


def test_knobs_turn_one_number_and_stay_in_the_box():
    made = motions(9, np.arange(12), PRESETS["field"])
    for at in range(len(made)):
        for knob in knobs(made[at : at + 1]):
            for value in np.linspace(knob.start, knob.end, 3):
                changed = made[at : at + 1].copy()
                knob.change(changed, float(value))
                places = positions(changed, 0, FRAMES)[0].astype(np.float64)
                assert np.abs(places).max() <= SIDE + 1e-5
                named = {f"{fit.name} {name}": n for fit in fits(places) for name, n in fit.figures.items()}
                if knob.figure == "bend":
                    assert named["parabolic bend"] == pytest.approx(value, abs=1e-4)
                if knob.figure == "rise":
                    assert named["helical rise"] == pytest.approx(value, abs=1e-3)


def test_a_flip_is_where_the_model_really_turns(lens):
    said = int(lens.ask(lens.clip).shares[0].argmax())
    for flip in flips(lens, said):
        (knob,) = [knob for knob in knobs(lens.motion) if knob.figure == flip.figure]
        changed = lens.motion.copy()
        knob.change(changed, flip.value)
        assert lens.ask(lens.rendered(changed)).shares[0].argmax() == flip.said != said
        near = lens.motion.copy()
        knob.change(near, flip.value - (knob.end - knob.start) / 24 / 30)
        assert lens.ask(lens.rendered(near)).shares[0].argmax() == said, "a little less turns nothing"


def test_erasing_is_dark_and_nothing_else(lens):
    found = erase.without(lens.clip, (1, 3), 4, 7)
    changed = found != lens.clip
    assert changed.any() and (found[:, [1, 3], 4:8] == 0).all()
    changed[:, [1, 3], 4:8] = False
    assert not changed.any()
    said = int(lens.ask(lens.clip).shares[0].argmax())
    gap = erase.shortest_flip(lens, said)
    if gap is not None:
        clip = erase.without(lens.clip, gap.cameras, gap.first, gap.last)
        assert lens.ask(clip).shares[0].argmax() == gap.said != said


def test_the_balls_pixels_hold_its_light(lens):
    if lens.views.difficulty.packed:
        assert lens.clip[0][~lens.ball()].max() == 0
    assert lens.clip[0][lens.ball()].mean() > 1.5 * lens.clip[0].mean()


def test_integrated_gradients_add_up_to_what_the_class_gains(trained):
    lens = Lens(revive(trained / "i3d", "best", silent), "test", 5)
    for label in range(4):
        total = gradients(lens.model, lens.numbers(), label).sum()
        assert total == pytest.approx(lead_gained(lens.model, lens, label), rel=0.05, abs=0.02)


def test_rollout_spreads_even_attention_evenly_and_loses_nothing(trained):
    lens = Lens(revive(trained / "transformer", "best", silent), "test", 5)
    found = rollout(lens.model, lens.numbers())
    area = lens.numbers()[0].numel() / found.shape[0] / (lens.model.extractor.times * lens.model.extractor.side**2)
    reached = found[0].sum() / area  # what is not the class token's own
    assert 0.3 < reached < 1
    with torch.no_grad():
        for block in lens.model.extractor.blocks:
            for part in (block.time, block.space):
                part.query_key_value.weight.zero_()
                part.query_key_value.bias.zero_()
    even = rollout(lens.model, lens.numbers())
    assert np.ptp(even) < 1e-7 and (even == even[0]).all()


def test_rank_correlation_is_spearmans():
    first, second = np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 1, 4, 3, 5])
    assert _rank(first, second) == pytest.approx(0.8)
    assert _rank(first, -first) == pytest.approx(-1) and _rank(first, np.ones(5)) == 0
    assert _rank(np.array([1.0, 1, 2, 2]), np.array([5.0, 5, 9, 9])) == pytest.approx(1)


def test_maps_depend_on_what_was_learnt(run):
    found = attend(revive(run, "best", silent), "test", 5)
    assert list(found.maps) == (["attention", "gradients"] if run.name == "transformer" else ["gradients"])
    for name, strength in found.maps.items():
        assert strength.shape == found.pictures.shape and strength.sum() == pytest.approx(1) and strength.min() >= 0
        (figures,) = [item for item in found.figures["maps"] if item["name"] == name]
        assert abs(figures["randomised"]) < 0.95
        assert sum(figures["cameras"]) == pytest.approx(1, abs=0.01) == sum(figures["frames"])
        assert 0 <= overlay(found.pictures, strength).min() <= overlay(found.pictures, strength).max() <= 1


def test_evidence_is_what_the_model_does_and_words_hold_nothing_else(trained, explained):
    revived = revive(trained / "transformer", "best", silent)
    found = explain(revived, "test", 5)
    assert found == explained, "the same question, the same answer"
    evidence = found.evidence
    lens = Lens(revived, "test", 5)
    shares = lens.ask(lens.clip).shares[0]
    assert evidence["said"] == CLASSES[shares.argmax()] and evidence["share"] == pytest.approx(shares.max(), rel=0.01)
    assert len(evidence["cameras"]) == 4 and len(evidence["frames"]) == 8
    for number, item in enumerate(evidence["cameras"]):
        clip = lens.clip.copy()
        clip[:, number] = 0
        assert item["share_without"] == pytest.approx(lens.ask(clip).shares[0, shares.argmax()], rel=0.01)
    said = " ".join(found.sentences)
    assert evidence["said"] in said and evidence["second"] in said and "fits" in said
    json.dumps(evidence, allow_nan=False)


def changed(evidence, **more):
    return " ".join(sentences({**evidence, **more}))


def test_words_follow_the_evidence(explained):
    evidence = explained.evidence
    assert "which is right" in changed(evidence, said="linear", label="linear")
    assert "which is wrong: it is helical" in changed(evidence, said="linear", label="helical")
    assert "no motion could be fitted" in changed(evidence, likeliest_motion=None, fits=[])
    calm = [{"camera": n, "share_without": 0.9, "lost": 0.01, "said": evidence["said"]} for n in (1, 2, 3, 4)]
    assert "No single camera matters" in changed(evidence, cameras=calm)
    calm[2] = {**calm[2], "lost": 0.4, "share_without": 0.5}
    assert "Camera 3 matters most: without it the share falls by 40 points to 50 %" in changed(evidence, cameras=calm)
    calm[1] = {**calm[1], "said": "nothing"}
    assert "without camera 2 it says nothing" in changed(evidence, cameras=calm)
    assert "it says the same" in changed(evidence, fewest_frames=None)
    assert "No change of its bend" in changed(evidence, flips=[])
    flip = {"figure": "bend", "from": 0.0, "to": 0.21, "said": "parabolic"}
    assert "a bend of 0.21 in place of 0, it says parabolic" in changed(evidence, flips=[flip])


def test_the_commands(trained, explained, tmp_path, capsys):
    run = trained / "transformer"
    endpoint = ("--endpoint", "http://127.0.0.1:9/")
    assert main(["explain", str(run), "--sample", "5", "--json", *endpoint]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["sentences"] == list(explained.sentences) and found["rephrased"] is None
    assert "the endpoint's words are not used: it could not be asked" in said.err
    assert main(["attend", str(run), "--sample", "5", "--out", str(tmp_path / "x/y.png")]) == 0
    assert "lies on the ball" in capsys.readouterr().out
    assert (tmp_path / "x/y.png").read_bytes().startswith(b"\x89PNG")


def test_wrong_words_are_usage_errors(trained, capsys):
    run = str(trained / "i3d")
    assert main(["explain", run, "--sample", "16"]) == 2
    assert "test has samples 0 to 15" in capsys.readouterr().err
    assert main(["explain", run, "--sample", "5", "--endpoint", "somewhere"]) == 2
    assert "is no address" in capsys.readouterr().err
    assert main(["attend", f"{run}x", "--sample", "5"]) == 2
    assert "is not a run's folder" in capsys.readouterr().err
