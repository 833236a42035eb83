"""The transformer that gives its attention out."""

import pytest
import torch
from torch import nn

from trainer.tasks.persistence.models.attention import AttentionModel, FeatureModel
from trainer.tasks.persistence.models.transformer import Block, Reader
from trainer.tasks.persistence.settings import Model


def test_the_first_token_alone_gets_what_it_gets_among_all() -> None:
    torch.manual_seed(0)
    block = Block(32, 4, 2)
    tokens = torch.randn(3, 11, 32)
    alone, attention = block.first(tokens)
    assert torch.allclose(alone, block(tokens)[:, 0], atol=1e-6)
    assert torch.allclose(attention.sum(1), torch.ones(3))


def test_attention_is_the_mean_over_heads_of_an_independent_computation() -> None:
    torch.manual_seed(0)
    block = Block(32, 4, 2)
    tokens = torch.randn(2, 7, 32)
    query, key, _ = block.query_key_value(block.before(tokens)).chunk(3, -1)
    heads = [
        (query[:, 0, None, part] @ key[:, :, part].transpose(1, 2) / 8**0.5).softmax(-1)[:, 0]
        for part in (slice(8 * head, 8 * head + 8) for head in range(4))
    ]
    assert torch.allclose(block.first(tokens)[1], torch.stack(heads).mean(0), atol=1e-6)


def test_the_share_of_the_query_itself_is_left_out() -> None:
    torch.manual_seed(0)
    reader = Reader(16, 1, 2, 2)
    logits, attention = reader(torch.randn(4, 9, 16))
    assert logits.shape == (4, 2) and attention.shape == (4, 9)
    assert (attention.sum(1) < 1).all()


@pytest.mark.parametrize(("tokens", "patch", "count"), [("patches", 16, 256), ("patches", 32, 64), ("frames", 8, 16)])
def test_tokens_of_the_attention_model(tokens: str, patch: int, count: int) -> None:
    model = AttentionModel(Model(tokens=tokens, patch=patch))
    logits, attention = model(torch.zeros(2, 16, 3, 64, 64, dtype=torch.uint8))
    assert logits.shape == (2, 2) and attention.shape == (2, count)


def test_a_patch_is_a_patch() -> None:
    """A light in one patch of one frame changes the embedded token of that place and no other."""
    torch.manual_seed(0)
    model = AttentionModel(Model(patch=16, depth=1))
    seen: list[torch.Tensor] = []
    model.reader.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    clips = torch.zeros(2, 16, 3, 64, 64, dtype=torch.uint8)
    clips[1, 5, 0, 40, 20] = 255
    model(clips)
    changed = (seen[0][0] != seen[0][1]).any(-1).nonzero().flatten().tolist()
    assert changed == [5 * 16 + 2 * 4 + 1]


def test_features_are_brought_to_one_scale() -> None:
    torch.manual_seed(0)
    features = torch.randn(5, 16, 8)
    wide = FeatureModel(torch.zeros(8), torch.ones(8), Model(kind="pretrained", width=16))
    torch.manual_seed(1)
    narrow = FeatureModel(torch.full((8,), 3.0), torch.full((8,), 1e-3), Model(kind="pretrained", width=16))
    narrow.load_state_dict({**wide.state_dict(), "mean": narrow.mean, "deviation": narrow.deviation})
    assert torch.allclose(wide(features)[0], narrow(features * 1e-3 + 3.0)[0], atol=1e-2)


def test_every_weight_learns() -> None:
    torch.manual_seed(0)
    for model, given in (
        (AttentionModel(Model(depth=2)), torch.randint(0, 255, (2, 16, 3, 64, 64), dtype=torch.uint8)),
        (FeatureModel(torch.zeros(8), torch.ones(8), Model(kind="pretrained")), torch.randn(2, 16, 8)),
    ):
        logits, attention = model(given)
        (nn.functional.cross_entropy(logits, torch.tensor([0, 1])) + attention[:, 0].sum()).backward()
        idle = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
        assert idle == []
