"""Where a persistence run looked; its runs beside each other."""

import json
import time

import pytest

from trainer import config as configuration
from trainer import session
from trainer.cli import main

SMALL = (
    "data.train=32", "data.val=16", "data.test=12", "run.epochs=1", "run.batch=16", "measure.erase=4", "model.width=32",
    "model.depth=1", "run.device=cpu", "run.validate_first=false", "run.seed=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for kind in ("attention", "pretrained"):
        more = (*SMALL, f"run.data={folder / 'data'}", "backbone.weights=random", "backbone.device=cpu")
        config = configuration.load(f"persistence-{kind}", more)
        assert session.run(config, folder / kind, resume=False, since=time.time()) == 0
    return folder


@pytest.mark.parametrize("kind", ["attention", "pretrained"])
def test_its_own_attention_is_drawn(runs, capsys, kind):
    assert main(["attend", str(runs / kind), "--sample", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["picture"].endswith("figures/attend-test-3.png") and found["label"] in (0, 1)
    assert all(value > 0 for value in found["attention"].values())
    assert main(["attend", str(runs / kind), "--sample", "12"]) == 2


def test_two_ways_to_make_attention_meaningful_are_compared(runs, capsys):
    assert main(["compare", str(runs / "attention"), str(runs / "pretrained"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (block,) = found["blocks"]
    assert block["samples"] == 12 and [run["error"] for run in block["runs"]] == [None, None]
    assert all("attention_ratio" in run["metrics"] for run in block["runs"])
    assert [gap["measure"] for gap in block["gaps"]] == ["accuracy"]
