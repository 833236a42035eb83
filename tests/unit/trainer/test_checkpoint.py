import errno
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer import keepsake
from trainer.checkpoint import Checkpoints, Keep, fingerprint
from trainer.record import atomic
from trainer.tasks import Evaluation

CPU = torch.device("cpu")


def save(store: Checkpoints, epoch: int, value: float = 0.0, archive: bool = False) -> str:
    content = {"weights": torch.full((3,), float(epoch))}
    return store.save(content, epoch=epoch, step=epoch * 10, metrics={"acc": value}, archive=archive).file


def on_disk(store: Checkpoints) -> list[str]:
    return sorted(path.name for path in store.folder.glob("*.pt"))


def test_the_newest_is_loaded(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    assert store.load(CPU) is None
    save(store, 1)
    save(store, 2)
    found = store.load(CPU)
    assert found is not None
    assert found[0]["weights"].tolist() == [2.0] * 3 and found[1].step == 20


def test_the_last_two_the_best_and_the_archived_are_kept(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path, Keep(best=2, metric="acc", mode="max"))
    values = [0.1, 0.9, 0.5, 0.8, math.nan, 0.2, 0.3]
    names = [save(store, epoch, value, archive=epoch == 3) for epoch, value in enumerate(values, 1)]
    assert on_disk(store) == [names[1], names[2], names[3], names[5], names[6]]
    assert [entry.file for entry in store.entries()] == on_disk(store)
    best = store.best()
    assert best is not None and best.file == names[1]


def test_without_a_metric_the_best_is_the_newest(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    assert store.best() is None
    save(store, 1)
    best = store.best()
    assert best is not None and best.epoch == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_a_damaged_one_is_told_and_the_one_before_used(tmp_path: Path, damage: str) -> None:
    store = Checkpoints(tmp_path)
    save(store, 1)
    path = store.folder / save(store, 2)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"flip": bytes(data), "cut": bytes(data[:100]), "empty": b""}[damage])
    told: list[str] = []
    found = store.load(CPU, told.append)
    assert found is not None and found[1].epoch == 1
    assert len(told) == 1 and path.name in told[0]


def test_all_damaged_is_none(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    for epoch in (1, 2):
        (store.folder / save(store, epoch)).write_bytes(b"x")
    assert store.load(CPU) is None


@pytest.mark.parametrize("text", [None, "", "{", '{"checkpoints": 3}'])
def test_without_an_index_the_folder_is_looked_at(tmp_path: Path, text: str | None) -> None:
    store = Checkpoints(tmp_path)
    for epoch in (2, 10):
        save(store, epoch)
    index = store.folder / "index.json"
    index.unlink() if text is None else index.write_text(text)
    found = store.load(CPU)
    assert found is not None and found[1].step == 100


def test_a_file_that_would_run_code_is_not_loaded(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    save(store, 1)
    evil = store.folder / "epoch-0002-step-00000020.pt"
    torch.save({"format": 1, "weights": Path}, evil)
    (store.folder / "index.json").unlink()
    told: list[str] = []
    found = store.load(CPU, told.append)
    assert found is not None and found[1].step == 10
    assert "WeightsUnpickler" in told[0] or "weights_only" in told[0].lower() or "Unpickling" in told[0]


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Checkpoints(tmp_path)
    save(store, 1)
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        save(store, 2)
    assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == before


def test_later_checkpoints_of_a_former_self_are_forgotten(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path, Keep(best=1, metric="acc", mode="max"))
    save(store, 1, 0.1)
    save(store, 3, 0.9)
    save(store, 2, 0.2)
    assert [entry["epoch"] for entry in json.loads((store.folder / "index.json").read_text())["checkpoints"]] == [1, 2]


def test_what_a_killed_writer_left_is_cleared_away(tmp_path: Path) -> None:
    store = Checkpoints(tmp_path)
    save(store, 1)
    (store.folder / ".epoch-0002.pt.abc.part").write_bytes(b"half")
    save(store, 2)
    assert not list(store.folder.glob(".*"))


def test_a_fingerprint_tells_bits_types_shapes_and_names() -> None:
    one = {"a": torch.zeros(2, 3), "b": torch.ones(1)}
    assert fingerprint(one) == fingerprint({"b": torch.ones(1), "a": torch.zeros(2, 3)})
    others = [
        {"a": -torch.zeros(2, 3), "b": torch.ones(1)},
        {"a": torch.zeros(3, 2), "b": torch.ones(1)},
        {"a": torch.zeros(2, 3, dtype=torch.int32), "b": torch.ones(1)},
        {"c": torch.zeros(2, 3), "b": torch.ones(1)},
    ]
    assert len({fingerprint(state) for state in [one, *others]}) == 5


@dataclass(frozen=True)
class Details:
    ratio: np.ndarray
    names: tuple[str, ...]
    tensor: torch.Tensor


def test_the_first_validation_survives_with_its_details(tmp_path: Path) -> None:
    details = Details(np.arange(6.0).reshape(2, 3), ("a", "b"), torch.ones(2))
    torch.save(keepsake.pack(Evaluation({"acc": 0.5}, details)), tmp_path / "x.pt")
    packed = torch.load(tmp_path / "x.pt", weights_only=True)
    found = keepsake.unpack(packed, __name__)
    assert found is not None and found.metrics == {"acc": 0.5}
    assert isinstance(found.details, Details)
    assert np.array_equal(found.details.ratio, details.ratio) and found.details.names == ("a", "b")
    assert torch.equal(found.details.tensor, details.tensor)
    stranger = keepsake.unpack(packed, "another.package")
    assert stranger is not None and stranger.details is None


def test_details_that_cannot_be_kept_cost_nothing_but_themselves() -> None:
    for details in (object(), torch.zeros(keepsake.LIMIT + 1, dtype=torch.uint8)):
        packed = keepsake.pack(Evaluation({"acc": 0.5}, details))
        assert packed == {"metrics": {"acc": 0.5}, "details": None}
    assert keepsake.unpack(keepsake.pack(None), "x") is None
