"""The field's own .pt files."""

from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.tasks.persistence.data.field import find, open_field, read
from trainer.tasks.persistence.data.render import Renderer
from trainer.tasks.persistence.data.scene import Scenes, scenes
from trainer.tasks.persistence.settings import Data

COUNT = 20


def silent(what: str, done: float, total: float | None) -> None:
    pass


def write(folder: Path, scene: Scenes, form: str = "uint8") -> None:
    (folder / "output").mkdir(parents=True, exist_ok=True)
    pixels, _ = Renderer(len(scene)).draw(scene)
    for number, clip in enumerate(pixels):
        frames = torch.from_numpy(clip.copy()).permute(0, 2, 3, 1).contiguous()
        content: object = frames
        if form == "float":
            content = frames.float() / 255
        if form == "mapping":
            content = {"frames": frames, "label": 1 - int(scene.label[number])}
        torch.save(content, folder / "output" / f"augmented_traj_{number}.pt")


def data(folder: Path) -> Data:
    return Data(source="field", folder=str(folder))


@pytest.mark.parametrize("form", ["uint8", "float"])
def test_labels_and_coverage_come_from_the_pixels(tmp_path: Path, form: str) -> None:
    some = scenes(6, np.arange(COUNT), "v1")
    write(tmp_path / "data", some, form)
    found = open_field(data(tmp_path / "data"), tmp_path / "cache", silent)
    labels = np.concatenate([found.labels(split) for split in ("train", "val", "test")])
    assert [len(found.labels(split)) for split in ("train", "val", "test")] == [16, 2, 2]
    assert found.excluded == 0
    pixels, cells = Renderer(COUNT).draw(some)
    hidden = (cells[:, 1].sum((2, 3)) > 0) != (some.transient > 0)
    assert (labels == some.label)[~hidden.any(1)].all()
    read_pixels, read_cells = found.draw("train", np.arange(16))
    assert (read_pixels == pixels[:16]).all()
    assert np.abs(read_cells[:, 1].astype(int) - cells[:16, 1]).sum() <= cells[:16, 1].sum() // 50


def test_labels_in_the_files_have_the_last_word(tmp_path: Path) -> None:
    some = scenes(6, np.arange(COUNT), "v1")
    write(tmp_path / "data", some, "mapping")
    found = open_field(data(tmp_path / "data"), tmp_path / "cache", silent)
    assert (found.labels("train") == 1 - some.label[:16]).all()


def test_erasing_paints_over_one_kind(tmp_path: Path) -> None:
    write(tmp_path / "data", scenes(6, np.arange(COUNT), "v1"))
    found = open_field(data(tmp_path / "data"), tmp_path / "cache", silent)
    for erase, kind in (("persistent", 0), ("transient", 1)):
        whole, erased = found.draw("val", np.arange(2))[1], found.draw("val", np.arange(2), erase)[1]
        assert whole[:, kind].sum() > 0 and erased[:, kind].sum() == 0
        assert (erased[:, 1 - kind] == whole[:, 1 - kind]).all()


def test_clips_without_a_transient_are_left_out_and_counted(tmp_path: Path) -> None:
    some = scenes(6, np.arange(COUNT + 2), "v1")
    some.layers[[3, 8], 3, :, 2] = 0
    write(tmp_path / "data", some)
    found = open_field(data(tmp_path / "data"), tmp_path / "cache", silent)
    assert found.excluded == 2
    assert sum(len(found.labels(split)) for split in ("train", "val", "test")) == COUNT


def test_the_second_time_nothing_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "data", scenes(6, np.arange(COUNT), "v1"))
    open_field(data(tmp_path / "data"), tmp_path / "cache", silent)
    said: list[str] = []
    open_field(data(tmp_path / "data"), tmp_path / "cache", lambda what, done, total: said.append(what))
    assert said == []


def test_files_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write(tmp_path / "data", scenes(6, np.arange(12), "v1"))
    names = [path.name for path in find(data(tmp_path / "data"))]
    assert names == [f"augmented_traj_{number}.pt" for number in range(12)]


def test_a_wrong_folder_or_pattern_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "clips" / "out").mkdir(parents=True)
    (tmp_path / "clips" / "out" / "traj_1.pt").write_bytes(b"")
    with pytest.raises(ValueError, match=r"data\.folder: .*/clip is not a folder on this host: .* holds clips"):
        find(data(tmp_path / "clip"))
    with pytest.raises(
        ValueError, match=r"data\.pattern: nothing in .* fits 'output/augm.*; it holds out/\*\.pt: correct"
    ):
        find(data(tmp_path / "clips"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="it is empty"):
        find(data(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (torch.zeros(16, 3, 64, 64), r"\[16, 3, 64, 64\], not a tensor \[16, 64, 64, 3\]"),
        (torch.full((16, 64, 64, 3), 2.0), "outside 0 to 1"),
        (torch.full((16, 64, 64, 3), float("nan")), "outside 0 to 1"),
        (torch.zeros(16, 64, 64, 3, dtype=torch.int32), r"values of torch\.int32"),
        ({"pictures": torch.zeros(16, 64, 64, 3)}, "under one of the names frames, video"),
        ({"frames": torch.zeros(16, 64, 64, 3), "label": 4}, "label 4 is neither 0 nor 1"),
        ([1, 2], "list, not a tensor"),
    ],
)
def test_a_file_of_another_form_is_an_error_with_its_name(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "one.pt"
    torch.save(content, path)
    with pytest.raises(ValueError, match=f"one.pt: .*{message}"):
        read(path)


def test_a_torn_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "torn.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match=r"torn\.pt: not a readable tensor file"):
        read(tmp_path / "torn.pt")


def test_too_few_clips_to_split_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "data", scenes(6, np.arange(5), "v1"))
    with pytest.raises(ValueError, match="5 clips, 0 of them without a transient: too few"):
        open_field(data(tmp_path / "data"), tmp_path / "cache", silent)
