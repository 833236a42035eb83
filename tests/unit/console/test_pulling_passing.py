"""Who pulls every two minutes keeps the best and the newest checkpoint, and not all that ever were one of them."""

import json
import sys

from console.fleet.model import RunKey
from console.pulling.choice import Choice
from console.pulling.deed import RunPull, Way
from console.pulling.options import PullOptions
from remote.local import LocalTransport

KEY = RunKey("here", "w-20260101-000000-0a0b")


def save(run, number, best):
    (run / f"checkpoints/epoch-{number}.pt").write_bytes(bytes([number]) * 1000)
    rows = [{"file": path.name, "step": int(path.stem[6:])} for path in sorted((run / "checkpoints").glob("*.pt"))]
    (run / "checkpoints/index.json").write_text(json.dumps({"checkpoints": rows}))
    (run / "status.json").write_text(json.dumps({"best": {"acc": {"step": best}}}))


def pulled(tmp_path, **options):
    way = Way(LocalTransport(), str(tmp_path), (sys.executable,))
    steps = list(RunPull(KEY, "w", way, PullOptions(tmp_path / "to", **options), None).steps("training", live=True))
    assert steps[-1].ok, steps
    return {path.name for path in (tmp_path / "to" / KEY.run / "checkpoints").glob("*.pt")}


def test_what_a_watch_brought_goes_when_newer_ones_are_whole(tmp_path):
    run = tmp_path / "runs" / KEY.run
    (run / "checkpoints").mkdir(parents=True)
    save(run, 1, best=1)
    assert pulled(tmp_path, passing=True) == {"epoch-1.pt"}
    save(run, 2, best=1)
    assert pulled(tmp_path, passing=True) == {"epoch-1.pt", "epoch-2.pt"}
    save(run, 3, best=1)
    (run / "checkpoints/epoch-2.pt").unlink()  # as the run's own keep_last does
    assert pulled(tmp_path, passing=True) == {"epoch-1.pt", "epoch-3.pt"}
    assert "checkpoints/epoch-2.pt" not in json.loads((tmp_path / "to" / KEY.run / "pulled.json").read_text())["files"]


def test_what_a_person_pulled_or_touched_stays(tmp_path):
    run = tmp_path / "runs" / KEY.run
    (run / "checkpoints").mkdir(parents=True)
    for number in (1, 2):
        save(run, number, best=1)
    assert pulled(tmp_path, choice=Choice("all")) == {"epoch-1.pt", "epoch-2.pt"}
    save(run, 3, best=3)
    assert pulled(tmp_path, passing=True) == {"epoch-1.pt", "epoch-2.pt", "epoch-3.pt"}
    (tmp_path / "to" / KEY.run / "checkpoints/epoch-3.pt").write_bytes(b"mine")
    save(run, 4, best=4)
    assert pulled(tmp_path, passing=True) == {f"epoch-{number}.pt" for number in (1, 2, 3, 4)}
    assert pulled(tmp_path) >= {"epoch-4.pt"}  # now a person wants that one
    save(run, 5, best=5)
    assert "epoch-4.pt" in pulled(tmp_path, passing=True)
