"""A transformer over tokens with a CLS query whose attention in the last block is given out with the answer."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """Pre-norm self-attention and a two-layer network."""

    def __init__(self, width: int, heads: int, expand: int) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.between = nn.LayerNorm(width)
        self.network = nn.Sequential(nn.Linear(width, expand * width), nn.GELU(), nn.Linear(expand * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = self._split(tokens)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self._finish(tokens, mixed)

    def first(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The block's result for the first token alone [batch, width], and its attention on all, mean over heads.

        The same numbers as `forward` gives for it; the last block needs no others.
        """
        query, key, value = self._split(tokens)
        scores = query[:, :, :1] @ key.transpose(-1, -2) * key.shape[-1] ** -0.5
        attention = scores.softmax(-1)
        result = self._finish(tokens[:, :1], attention @ value)
        return result[:, 0], attention[:, :, 0].mean(1)

    def _split(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        batch, count, width = tokens.shape
        parts = self.query_key_value(self.before(tokens)).view(batch, count, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value

    def _finish(self, tokens: Tensor, mixed: Tensor) -> Tensor:
        tokens = tokens + self.out(mixed.transpose(1, 2).flatten(2))
        finished: Tensor = tokens + self.network(self.between(tokens))
        return finished


class Reader(nn.Module):
    """CLS token, blocks and class head over tokens [batch, count, width]."""

    def __init__(self, width: int, depth: int, heads: int, expand: int, classes: int = 2) -> None:
        super().__init__()
        self.cls = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(Block(width, heads, expand) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        nn.init.normal_(self.cls, std=0.02)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the last block's attention of the CLS query on each token (its own share left out)."""
        tokens = torch.cat([self.cls.expand(len(tokens), 1, -1), tokens], 1)
        *before, last = self.blocks
        for block in before:
            tokens = block(tokens)
        assert isinstance(last, Block)
        answer, attention = last.first(tokens)
        return self.head(self.norm(answer)), attention[:, 1:]
