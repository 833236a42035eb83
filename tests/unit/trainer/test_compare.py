"""`trainer compare` on real runs of the tiny task."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import Tiny, registered

from trainer.cli import main
from trainer.compare import stored
from trainer.compare.stored import Predicted
from trainer.tasks import Baseline, Predictions

RUNS = (("small", ()), ("large", ("model.width=64", "run.epochs=25")), ("twin", ("run.seed=0",)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    with registered():
        tiny = Tiny(tmp_path_factory.mktemp("trained"))
        for name, more in RUNS:
            tiny.run(f"run.name={name}", "run.validate_first=false", *more, name=name)
    return tiny.folder


@pytest.fixture
def runs(tiny, trained):
    shutil.copytree(trained, tiny.folder, dirs_exist_ok=True)
    return tiny.folder


def compare(*words):
    return main(["compare", *map(str, words)])


def document(capsys, *words):
    code = compare(*words, "--json")
    return code, json.loads(capsys.readouterr().out)


def test_two_runs_are_compared_sample_by_sample(runs, capsys):
    code, found = document(capsys, runs / "small", runs / "large")
    (block,) = found["blocks"]
    assert code == 0 and [item["name"] for item in block["runs"]] == ["small", "large"]
    assert (block["samples"], block["classes"]) == (40, ["left", "right"])
    for item in block["runs"]:
        assert main(["evaluate", str(runs / item["run"]), "--json"]) == 0
        evaluated = json.loads(capsys.readouterr().out)
        assert item["accuracy"]["value"] == evaluated["metrics"]["val_accuracy"]
        assert item["log_loss"] == pytest.approx(evaluated["metrics"]["val_loss"], rel=1e-5)
        assert sum(map(sum, item["confusion"])) == 40
        assert item["controls"]["swapped axes"]["accuracy"] < item["accuracy"]["value"]
    (accuracy, error) = block["gaps"]
    assert (accuracy["measure"], accuracy["larger_than_noise"]) == ("accuracy", True)
    assert accuracy["value"] < 0 and accuracy["high"] < 0 and error["measure"] == "position error"


def test_equal_runs_differ_by_nothing(runs, capsys):
    _code, found = document(capsys, runs / "small", runs / "twin")
    assert [(item["value"], item["p"], item["larger_than_noise"]) for item in found["blocks"][0]["gaps"]] == [
        (0.0, 1.0, False)
    ] * 2
    assert any("within noise: small/twin" in line for line in found["sentences"])


def test_predictions_are_stored_and_used_again(runs, capsys, monkeypatch):
    _code, first = document(capsys, runs / "small", runs / "large")
    (file,) = (runs / "small" / stored.FOLDER).iterdir()
    before = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("trainer.revival.make_task", None)  # no data, no model
        assert document(capsys, runs / "small", runs / "large") == (0, first)
    file.write_bytes(before[:-30])
    assert document(capsys, runs / "small", runs / "large") == (0, first)
    assert file.read_bytes() == before
    compare(runs / "small", "--checkpoint", "last", "--again", "--split", "val")
    assert len(list((runs / "small" / stored.FOLDER).iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_compared_all_the_same(runs, capsys):
    (runs / "small" / stored.FOLDER).write_text("in the way")
    code, found = document(capsys, runs / "small")
    assert code == 0 and found["blocks"][0]["runs"][0]["name"] == "small"


def test_other_data_stand_in_another_table(tiny, runs, capsys):
    tiny.run("run.name=noisy", "data.noise=0.4", "run.epochs=1", name="noisy")
    code = compare(runs / "small", runs / "noisy")
    said = capsys.readouterr().out
    assert code == 0 and said.count("40 samples of test") == 2
    assert "tables of their own" in said and "noise: small" not in said


def test_what_cannot_be_compared_is_left_out_with_the_reason(tiny, runs, capsys):
    half = runs / "half"
    half.mkdir()
    (half / "run.toml").write_text((runs / "small/run.toml").read_text())
    code, found = document(capsys, runs / "small", half)
    assert code == 1 and len(found["blocks"]) == 1
    assert found["left_out"][0]["run"] == "half" and "no checkpoint 'best'" in found["left_out"][0]["why"]
    assert compare(runs / "small", runs / "nowhere") == 2
    assert "nowhere: is not a run's folder" in capsys.readouterr().err
    assert compare(runs / "small", "--level", "95") == 2
    assert "--level" in capsys.readouterr().err


def test_tables_as_text_markdown_and_picture(runs, capsys):
    out = runs / "made/by it"
    words = ("--markdown", out / "x.md", "--picture", out / "x.png")
    assert compare(runs / "small", runs / "large", *words) == 0
    said, written = capsys.readouterr().out, (out / "x.md").read_text()
    for word in ("95 % interval", "right → left", "swapped axes: accuracy", "samples/s", "parameters", "model.width"):
        assert word in said and word in written
    assert "larger than noise" in said and "| accuracy |" in written
    picture = (out / "x.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 20_000


def test_baselines_stand_beside_the_runs_and_are_worked_out_once(runs, capsys, monkeypatch):
    calls = []

    def baselines(settings, *, seed, root, split, report):
        calls.append(split)
        return {"far off": Baseline(error=1.0), "perfect": Baseline(error=0.0), "a class": Baseline(accuracy=0.5)}

    import tiny_task

    from trainer.tasks import REGISTRY

    monkeypatch.setattr(tiny_task, "baselines", baselines, raising=False)
    entry = dataclasses.replace(REGISTRY["tiny"], baselines="tiny_task:baselines")
    monkeypatch.setitem(REGISTRY, "tiny", entry)
    for _ in range(2):
        _code, found = document(capsys, runs / "small", runs / "large")
        assert found["blocks"][0]["baselines"]["far off"]["beaten_by"] == ["small", "large"]
        assert found["blocks"][0]["baselines"]["perfect"]["beaten_by"] == []
    assert calls == ["test"]
    compare(runs / "small")
    assert "· far off" in capsys.readouterr().out
    compare(runs / "small", "--no-baselines")
    assert "far off" not in capsys.readouterr().out


EXAMPLE = Predicted(
    "e.pt", "ab" * 32, 3, 30, "test", {"val_accuracy": 0.5, "odd": float("nan")}, 7, 28, "cpu",
    Predictions(("a", "b"), np.array([0, 1]), np.eye(2, dtype=np.float32), np.ones((2, 3), dtype=np.float32),
                np.zeros((2, 3), dtype=np.float32), "these"),
    {"shuffled": {"accuracy": 0.5}},
)  # fmt: skip


def test_stored_predictions_come_back_as_they_were(tmp_path: Path):
    assert stored.save(tmp_path, EXAMPLE)
    found = stored.load(tmp_path, "test", EXAMPLE.sha256)
    assert found is not None and stored.encode(found) == stored.encode(EXAMPLE)
    assert stored.load(tmp_path, "val", EXAMPLE.sha256) is None
    assert stored.load(tmp_path, "test", "cd" * 32) is None


@given(st.binary(max_size=200))
def test_other_bytes_are_no_predictions(data):
    assert stored.decode(data) is None


@given(st.data())
def test_damaged_predictions_are_none_or_whole(data):
    whole = bytearray(stored.encode(EXAMPLE))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[at] ^= data.draw(st.integers(1, 255))
    found = stored.decode(bytes(whole))
    assert found is None or stored.check(found.predictions) == ""
