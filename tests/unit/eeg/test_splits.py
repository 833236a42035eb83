"""Who is trained on and who is tested on."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.tasks.eeg.data.splits import deal, disjoint, folds
from trainer.tasks.eeg.settings import Data

NAMES = [("", f"s{number:02d}") for number in range(40)]
SUBJECTS = st.dictionaries(st.sampled_from(NAMES), st.integers(10, 20), min_size=8, max_size=40)


@given(SUBJECTS, st.integers(2, 5), st.sampled_from([0.1, 0.2, 0.5]), st.integers(0, 5))
def test_every_fold_has_everybody_in_one_split_and_everybody_is_tested_once(
    subjects: dict[tuple[str, str], int], count: int, inner: float, seed: int
) -> None:
    tested = []
    for fold in range(count):
        found = deal(subjects, Data(folds=count, fold=fold, inner=inner), seed)
        assert disjoint(found) and sorted(itertools.chain(*found.values())) == sorted(subjects)
        assert all(found.values())
        tested += found["test"]
    assert sorted(tested) == sorted(subjects)


@given(SUBJECTS, st.integers(2, 5), st.integers(0, 5), st.randoms())
def test_parts_are_balanced_and_independent_of_the_order_of_files(
    subjects: dict[tuple[str, str], int], count: int, seed: int, shuffler: random.Random
) -> None:
    parts = folds(subjects, count, seed)
    sizes = [sum(subjects[name] for name in part) for part in parts]
    assert max(sizes) - min(sizes) <= max(subjects.values())
    names = list(subjects)
    shuffler.shuffle(names)
    assert folds({name: subjects[name] for name in names}, count, seed) == parts


def test_other_seeds_deal_otherwise() -> None:
    subjects = dict.fromkeys(NAMES, 10)
    assert folds(subjects, 5, 0) != folds(subjects, 5, 1)


def test_a_release_is_kept_apart() -> None:
    subjects = {(release, f"s{number}"): 5 for release in ("R1", "R2") for number in range(8)}
    data = Data(releases=("R1", "R2"), test_release="R2")
    found = deal(subjects, data, 0)
    assert {release for release, _ in found["test"]} == {"R2"} and len(found["test"]) == 8
    assert {release for release, _ in (*found["train"], *found["val"])} == {"R1"}


def test_too_few_subjects_are_told() -> None:
    with pytest.raises(
        ValueError, match=r"2 subjects leave none for train — fewer folds \(data.folds = 2\) or more data"
    ):
        deal(dict.fromkeys(NAMES[:2], 3), Data(folds=2), 0)


def test_somebody_in_two_parts_is_seen() -> None:
    assert not disjoint({"train": NAMES[:2], "test": NAMES[1:3]})
