import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.order import batches, derived, epoch_order, steps_in_epoch


@given(st.integers(0, 2**31), st.integers(0, 50), st.integers(1, 300), st.integers(1, 40))
def test_every_sample_is_seen_once_an_epoch(seed: int, epoch: int, size: int, batch: int) -> None:
    found = list(batches(seed, epoch, size, batch))
    assert len(found) == steps_in_epoch(size, batch)
    assert sorted(torch.cat(found).tolist()) == list(range(size))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first = epoch_order(3, 7, 100)
    torch.rand(11)
    assert torch.equal(first, epoch_order(3, 7, 100))
    assert not torch.equal(first, epoch_order(3, 8, 100))
    assert not torch.equal(first, epoch_order(4, 7, 100))


def test_an_epoch_can_be_entered_anywhere() -> None:
    whole = list(batches(1, 0, 50, 8))
    rest = list(batches(1, 0, 50, 8, first=4))
    assert [part.tolist() for part in rest] == [part.tolist() for part in whole[4:]]


def test_the_order_is_the_same_on_every_machine() -> None:
    assert epoch_order(0, 0, 10).tolist() == [9, 7, 3, 8, 0, 4, 1, 5, 6, 2]
    assert derived(0, "order", 0) == 3991725939186754870
