"""`run.compile` with real models and a real compiler: the same training, and checkpoints that both can read."""

import math
import shutil

import pytest
from tiny_runs import Tiny, plain_rows

from trainer import config as configuration
from trainer import session
from trainer.record import RunReader

pytestmark = [
    pytest.mark.skipif(not shutil.which("g++") and not shutil.which("clang++"), reason="no C++ compiler here"),
    pytest.mark.filterwarnings("ignore"),  # torch's compiler warns of parts of its own
]
SETS = ("data.train=64", "data.val=16", "data.test=16", "run.log_every=1", "run.threads=1", 'run.device="cpu"')


def losses(folder):
    return [row["loss"] for row in plain_rows(RunReader(folder)) if row["phase"] == "train"]


def test_a_compiled_run_and_a_plain_one_go_on_from_each_others_checkpoints(tiny: Tiny) -> None:
    sets = ("model.dropout=0.0", "run.epochs=2", "run.log_every=1", "data.train=32")
    for name, first, second in (("plain", "false", "false"), ("there", "true", "false"), ("back", "false", "true")):
        assert tiny.run(*sets, "run.epochs=1", f"run.compile={first}", name=name) == 0
        assert tiny.run(*sets, f"run.compile={second}", name=name, resume=True) == 0
    plain = losses(tiny.folder / "plain")
    assert len(plain) == 8
    for name in ("there", "back"):
        assert losses(tiny.folder / name) == pytest.approx(plain, rel=1e-4)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["transformer", "slowfast", "i3d", "magvit"])
def test_a_compiled_network_learns_as_the_plain_one(tmp_path, kind) -> None:
    found = {}
    for compiled in ("false", "true"):
        sets = (*SETS, f"run.data={tmp_path}/data", "run.epochs=2", f"run.compile={compiled}")
        config = configuration.load(f"trajectories-{kind}-tiny", sets)
        assert session.run(config, tmp_path / compiled, resume=False, since=math.inf) == 0
        found[compiled] = losses(tmp_path / compiled)
    assert len(found["true"]) == 8
    assert found["true"] == pytest.approx(found["false"], rel=2e-3)
