"""The four networks, small: shapes, gradients, causality, attention, and what a seed and a state dict fix."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.tasks.trajectories.models.build import extractor_of, unified
from trainer.tasks.trajectories.models.i3d import _largest
from trainer.tasks.trajectories.models.magvit import MagViT
from trainer.tasks.trajectories.models.slowfast import SlowFast
from trainer.tasks.trajectories.models.transformer import DividedTransformer
from trainer.tasks.trajectories.models.unified import PositionHead, Unified
from trainer.tasks.trajectories.settings import Model

KINDS = ("i3d", "slowfast", "transformer", "magvit")


def model(kind: str, **more: object) -> Unified:
    torch.manual_seed(0)
    return unified(Model(kind=kind, size="tiny", **more))


def clips(count: int = 2, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 4, 32, 64, 64), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("cameras", ["channels", "shared"])
@pytest.mark.parametrize("kind", KINDS)
def test_both_heads_answer_and_the_grid_is_as_announced(kind: str, cameras: str) -> None:
    found = model(kind, cameras=cameras)
    answer = found(clips())
    assert answer.logits.shape == (2, 4) and answer.position.shape == (2, 3)
    grid, pooled, _, _ = found.features(clips())
    channels = found.extractor.channels * (4 if cameras == "shared" else 1)
    assert grid.shape[:3] == (2, channels, found.extractor.times) and pooled.shape == (2, channels)
    if cameras == "channels":
        assert torch.equal(found.eval().extractor(found.numbers(clips())), found.features(clips()).grid)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        *((kind, {}) for kind in KINDS),
        ("i3d", {"cameras": "shared"}),
        ("i3d", {"width": 8, "cell": 4}),
        ("slowfast", {"width": 24, "depth": 2}),
        ("transformer", {"width": 32, "depth": 1, "heads": 2, "patch": 16}),
        ("magvit", {"quantiser": "fsq"}),
        ("magvit", {"quantiser": "none", "bits": 6, "depth": 2}),
    ],
)
def test_every_weight_learns(kind: str, more: dict[str, object]) -> None:
    found = model(kind, **more)
    logits, position, terms, _ = found(clips())
    target = torch.tensor([[0.1, 0.2, 0.3], [-0.3, 0.0, 0.4]])
    loss = F.cross_entropy(logits, torch.tensor([0, 1])) + F.mse_loss(position, target) + sum(terms.values())
    loss.backward()
    idle = [name for name, weight in found.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_the_weights_and_a_state_dict_carries_them(kind: str) -> None:
    one, same = model(kind).eval(), model(kind).eval()
    torch.manual_seed(1)
    other = unified(Model(kind=kind, size="tiny")).eval()
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True))
    before = other(clips())
    assert not torch.equal(before.position, one(clips()).position)
    other.load_state_dict(one.state_dict())
    assert torch.equal(other(clips()).position, one(clips()).position)
    assert torch.equal(other(clips()).logits, one(clips()).logits)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_and_numbers_give_the_same_answer(kind: str) -> None:
    found = model(kind).eval()
    assert torch.allclose(found(clips()).position, found(clips().float() / 255).position, atol=1e-5)
    full = Unified(extractor_of(Model(kind=kind, size="tiny"), 4), 4, shared=False, halve=False, maps=2)
    assert torch.allclose(full.numbers(clips()), clips() / 255)


@pytest.mark.parametrize("kind", KINDS)
def test_sixteen_bits_change_little_and_positions_keep_thirty_two(kind: str) -> None:
    found = model(kind).eval()
    exact = found(clips())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = found(clips())
    assert rounded.logits.dtype == torch.bfloat16 and rounded.position.dtype == torch.float32
    assert torch.allclose(rounded.logits.float(), exact.logits, atol=0.2)
    assert torch.allclose(rounded.position, exact.position, atol=0.05)


def test_halved_pictures_are_means_of_four_pixels() -> None:
    found = model("i3d")
    assert torch.allclose(found.numbers(clips()), F.avg_pool3d(clips() / 255, (1, 2, 2)), atol=1e-6)


@pytest.mark.parametrize("kernel", [(3, 3, 3), (1, 3, 3), (3, 1, 1)])
@pytest.mark.parametrize("stride", [(1, 1, 1), (2, 2, 2), (1, 2, 2)])
def test_pooling_axis_by_axis_is_pooling_at_once(kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> None:
    stride = tuple(step if size > 1 else 1 for size, step in zip(kernel, stride, strict=True))
    grid = torch.randn(2, 3, 8, 8, 8)
    at_once = F.max_pool3d(grid, kernel, stride, padding=[size // 2 for size in kernel])
    assert torch.equal(_largest(grid, kernel, stride), at_once)


def test_the_pathways_and_what_goes_between_them() -> None:
    extractor = model("slowfast").extractor
    assert isinstance(extractor, SlowFast)
    seen: list[tuple[torch.Size, torch.Size]] = []
    for lateral in extractor.laterals:
        lateral.register_forward_hook(lambda _, given, out: seen.append((given[0].shape, out.shape)))
    pathways = extractor.pathways(torch.rand(2, 4, 32, 32, 32))
    assert [slow.shape[2] for slow, _ in pathways] == [8, 8, 8] and [fast.shape[2] for _, fast in pathways] == [32] * 3
    assert [slow.shape[1] for slow, _ in pathways] == [16, 64, 128], "width, then four times the middle of each stage"
    assert [fast.shape[1] for _, fast in pathways] == [4, 16, 32], "β = 1/4 of it"
    for (given, out), (slow, fast) in zip(seen, pathways, strict=False):
        assert given == fast.shape, "a lateral sees the fast pathway before the stage"
        assert out == (2, 2 * fast.shape[1], *slow.shape[2:]), "and gives twice its channels at the slow one's times"


def test_the_slow_pathway_sees_every_fourth_frame_and_the_fast_one_all() -> None:
    extractor = model("slowfast").extractor.eval()
    assert isinstance(extractor, SlowFast)
    still = torch.zeros(1, 4, 32, 32, 32)
    before = extractor.pathways(still)[0]
    for frame, seen in ((31, True), (30, False), (3, True), (0, False)):
        moved = still.clone()
        moved[:, :, frame] = 1
        slow, fast = extractor.pathways(moved)[0]
        assert torch.equal(slow, before[0]) is not seen and not torch.equal(fast, before[1])


@pytest.mark.parametrize("quantiser", ["lfq", "fsq", "none"])
def test_the_tokenizer_never_sees_the_future(quantiser: str) -> None:
    extractor = model("magvit", quantiser=quantiser).extractor.eval()
    assert isinstance(extractor, MagViT)
    numbers = torch.rand(1, 4, 32, 32, 32)
    before = extractor.encoder(numbers)
    group = 32 // extractor.times
    for frame in (4, 13, 30, 31):
        changed = numbers.clone()
        changed[:, :, frame:] = torch.rand(1, 4, 32 - frame, 32, 32)
        after = extractor.encoder(changed)
        same = (before == after).all(dim=(0, 1, 3, 4))
        assert same[: frame // group].all(), "tokens of groups that ended before are as they were"
        assert not same[frame // group :].any(), "and all from its own group on know of it, the last frame too"


def test_the_full_tokenizer_is_causal_too() -> None:
    torch.manual_seed(0)
    extractor = extractor_of(Model(kind="magvit", width=8 * 4), 1, frames=12, side=8).eval()
    numbers = torch.rand(1, 1, 12, 8, 8)
    changed = numbers.clone()
    changed[:, :, 8:] = 0
    same = (extractor.encoder(numbers) == extractor.encoder(changed)).all(dim=(0, 1, 3, 4))
    assert same.tolist() == [True, True, False]


def test_attention_is_of_the_last_block_and_adds_up() -> None:
    found = model("transformer").eval()
    extractor = found.extractor
    assert isinstance(extractor, DividedTransformer)
    numbers = found.numbers(clips())
    space, time = extractor.attend(numbers)
    assert space.shape == (2, 4, 16, 4, 4) and time.shape == (2, 4, 4, 4, 16, 16)
    assert torch.allclose(time.sum(-1), torch.ones(()), atol=1e-5)
    assert (space.sum((-1, -2)) < 1).all() and (space.sum((-1, -2)) > 0.5).all(), "CLS itself has the rest"
    last = extractor.blocks[-1]
    given: list[Tensor] = []
    handle = last.space.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    extractor(numbers)
    handle.remove()
    assert torch.equal(last.space.weights(given[0])[..., 0, 1:].transpose(1, 2).reshape(space.shape), space)


def test_attention_is_what_the_values_are_weighed_with() -> None:
    attention = model("transformer").extractor.blocks[0].space
    tokens = torch.randn(3, 5, 17, 48)
    _, _, value = attention._split(tokens)
    mixed = (attention.weights(tokens) @ value).transpose(-2, -3).flatten(-2)
    assert torch.allclose(attention.out(mixed), attention(tokens), atol=1e-5)


def test_time_attention_keeps_to_its_place_and_space_attention_to_its_time() -> None:
    torch.manual_seed(0)
    block = model("transformer").extractor.blocks[0].eval()
    tokens = torch.randn(1, 16, 16, 48)
    changed = tokens.clone()
    changed[0, 3, 5] += 1
    moved = (block.along_time(tokens) != block.along_time(changed)).any(-1)[0]
    assert moved[:, 5].all() and not moved[:, [at for at in range(16) if at != 5]].any()


def test_soft_argmax_finds_the_middle_of_a_spot() -> None:
    head = PositionHead(1, 2, 1)
    torch.nn.init.constant_(head.maps.weight, 50.0)
    grid = torch.zeros(1, 1, 2, 4, 8)
    grid[0, 0, 0, 3, 0] = 1
    grid[0, 0, 1, 0, 5] = grid[0, 0, 1, 0, 6] = 1
    centres = head.centres(grid)[0, 0]
    assert torch.allclose(centres[0], torch.tensor([1 / 8 - 1, 7 / 4 - 1]), atol=1e-3)
    assert torch.allclose(centres[1], torch.tensor([12 / 8 - 1, 1 / 4 - 1]), atol=1e-3), "between two cells"
