"""From a folder to batches: subsets, faults with their mend, the scan and its cache, replacements, packed forms."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trainer.schema import ConfigError
from trainer.tasks.images.data import images as module
from trainer.tasks.images.data import scan as scan_module
from trainer.tasks.images.data.images import Images, open_images
from trainer.tasks.images.data.listing import list_folder, subset
from trainer.tasks.images.data.made import make
from trainer.tasks.images.settings import Data

MADE = Data(classes=3, made_train=6, made_val=2, side=24)


def silent(what: str, done: float, total: float | None) -> None:
    pass


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(MADE, 0, tmp_path_factory.mktemp("made"), silent)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "set"))


def of(folder: Path, **more: object) -> Data:
    return Data(source="folder", folder=str(folder), side=24, tolerate=0.5, **more)


def opened(folder: Path, root: Path, **more: object) -> Images:
    return open_images(of(folder, **more), 0, root, silent)


def test_a_folder_is_listed_in_the_order_of_classes_and_names(folder: Path) -> None:
    found = list_folder(folder, silent)
    assert found.classes == ("discs", "rings", "squares")
    assert [item.path for item in found.splits["train"]][:2] == ["train/discs/00000.jpg", "train/discs/00001.jpg"]
    assert {split: len(items) for split, items in found.splits.items()} == {"train": 18, "val": 6, "test": 6}


def test_subsets_are_the_first_or_a_draw_that_the_seed_decides(folder: Path) -> None:
    listing = list_folder(folder, silent)
    first = subset(listing, of(folder, classes=2, per_class=2, val_per_class=1), 0)
    assert [item.path[6:] for item in first.splits["train"]] == [
        "discs/00000.jpg", "discs/00001.jpg", "rings/00000.jpg", "rings/00001.jpg",
    ]  # fmt: skip
    assert len(first.splits["val"]) == 2
    drawn = [subset(listing, of(folder, classes=2, per_class=3, pick="draw"), seed) for seed in range(8)]
    assert len({tuple(item.path for item in one.splits["train"]) for one in drawn}) > 4
    assert drawn[0] == subset(listing, of(folder, classes=2, per_class=3, pick="draw"), 0)
    assert all({item.label for item in one.splits["train"]} == {0, 1} for one in drawn)


def test_without_val_a_part_of_each_class_is_held_out(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / "val")
    with pytest.raises(ConfigError, match=r"hold_out = 0\.1"):
        opened(folder, tmp_path / "root")
    images = opened(folder, tmp_path / "root", hold_out=0.3)
    train = {item.path for item in images.listing.splits["train"]}
    val = {item.path for item in images.listing.splits["val"]}
    assert not train & val and len(train) == 12 and len(val) == 6
    assert np.bincount(images.labels("val")).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (shutil.rmtree, "is not there"),
        (lambda folder: shutil.rmtree(folder / "train"), "has no train/"),
        (lambda folder: (folder / "val" / "dogs").mkdir(), "dogs/, a class that train/ has not"),
        (lambda folder: [path.unlink() for path in (folder / "train" / "rings").iterdir()], "holds no usable image"),
    ],
)
def test_faults_are_said_before_training_with_the_mend(folder: Path, tmp_path: Path, spoil, told: str) -> None:
    spoil(folder)
    with pytest.raises(ConfigError, match=told) as error:
        opened(folder, tmp_path / "root")
    assert error.value.problems[0].mend


def test_a_mount_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "mnt").mkdir()
    with pytest.raises(ConfigError, match="is empty: mount what belongs there"):
        opened(tmp_path / "mnt" / "imagenet", tmp_path / "root")


def test_damaged_files_are_named_counted_and_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "train" / "rings" / "00001.jpg").write_bytes(b"")
    (folder / "val" / "discs" / "00000.jpg").write_text("not a picture")
    images = opened(folder, tmp_path / "root")
    assert set(images.scan.damaged) == {"train/rings/00001.jpg", "val/discs/00000.jpg"}
    assert "2 damaged files left out" in images.notes
    assert len(images.labels("train")) == 17 and len(images.labels("val")) == 5
    with pytest.raises(ConfigError, match=r"2 of 30 files cannot be used.*tolerate"):
        open_images(replace(of(folder), tolerate=0.01), 0, tmp_path / "root", silent)


def test_the_second_scan_looks_only_at_what_is_new(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    real = scan_module.look
    monkeypatch.setattr(scan_module, "look", lambda raw, *, deep: looked.append(deep) or real(raw, deep=deep))
    opened(folder, tmp_path / "root", scan="headers")
    assert looked == [False] * 30
    opened(folder, tmp_path / "root")
    assert looked[30:] == [True] * 30  # a look at the ends is no decoding
    opened(folder, tmp_path / "root")
    (folder / "train" / "discs" / "00003.jpg").write_bytes(b"changed")
    (cache,) = (tmp_path / "root").glob("scan-*.jsonl")
    with cache.open("ab") as file:
        file.write(b'["torn')
    images = opened(folder, tmp_path / "root")
    assert len(looked) == 61 and "train/discs/00003.jpg" in images.scan.damaged
    opened(folder, tmp_path / "root")
    assert len(looked) == 61
    assert json.loads(cache.read_bytes().splitlines()[0])[0] == "train/discs/00000.jpg"


def test_a_file_that_breaks_while_training_is_replaced_by_the_next_of_its_class(folder: Path, tmp_path: Path) -> None:
    images = opened(folder, tmp_path / "root")
    rows = np.array([7, 8, 0])
    before = images.take("val", np.array([0, 1]))
    (folder / "train" / "rings" / "00001.jpg").write_bytes(b"broken now")  # row 7
    (folder / "val" / "discs" / "00000.jpg").unlink()
    after = images.take("val", np.array([0, 1]))
    assert np.array_equal(after[0], before[1]) and np.array_equal(after[1], before[1])
    shown = images.take("train", rows, 1)
    assert shown.shape == (3, 24, 24, 3) and set(images.replaced) == {"train/rings/00001.jpg", "val/discs/00000.jpg"}
    assert np.array_equal(shown, images.take("train", rows, 1))


def test_a_folder_that_went_away_ends_the_run_with_the_mend(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.0)
    images = opened(folder, tmp_path / "root")
    folder.rename(tmp_path / "gone")
    with pytest.raises(OSError, match="mount it again"):
        images.take("train", np.array([0]), 1)


def test_draws_follow_the_epoch_and_not_the_company(folder: Path, tmp_path: Path) -> None:
    images = opened(folder, tmp_path / "root", crop_from=0.3)
    together = images.take("train", np.array([3, 11, 5]), 2)
    assert np.array_equal(together[1], images.take("train", np.array([11]), 2)[0])
    assert not np.array_equal(together, images.take("train", np.array([3, 11, 5]), 3))


def test_packed_as_they_are_gives_the_same_pixels(folder: Path, tmp_path: Path) -> None:
    files, encoded = (opened(folder, tmp_path / "root", form=form) for form in ("files", "encoded"))
    rows = np.arange(18)
    assert np.array_equal(files.take("train", rows, 1), encoded.take("train", rows, 1))
    shutil.move(folder, tmp_path / "elsewhere")
    assert np.array_equal(encoded.take("val", np.arange(6)), encoded.take("val", np.arange(6)))
    assert encoded.packs["train"].damaged() == []


def test_packed_as_pixels_shows_the_same_images(folder: Path, tmp_path: Path) -> None:
    files, pixels = (opened(folder, tmp_path / "root", form=form) for form in ("files", "pixels"))
    rows = np.arange(6)
    difference = files.take("val", rows).astype(int) - pixels.take("val", rows).astype(int)
    assert np.abs(difference).mean() < 8  # resized twice
    assert len(pixels.packs["val"].record(0)) == pixels.data.stored**2 * 3


def test_made_images_come_from_their_place_alone(made: Path, tmp_path: Path) -> None:
    again = make(MADE, 0, tmp_path, silent)
    names = sorted(path.relative_to(made) for path in made.rglob("*.jpg"))
    assert len(names) == 30
    assert all((made / name).read_bytes() == (again / name).read_bytes() for name in names)
    other = make(MADE, 1, tmp_path, silent)
    assert (other / names[0]).read_bytes() != (again / names[0]).read_bytes()
