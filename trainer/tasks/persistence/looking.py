"""Where a run of this task looked: its own attention, the figure that it is judged by."""

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.revival import Revived
from trainer.schema import ConfigError, Problem
from trainer.tasks import Looked
from trainer.tasks.persistence.data.scene import FRAMES, SIDE
from trainer.tasks.persistence.task import PersistenceTask


@torch.no_grad()
def attend(revived: Revived, split: str, row: int) -> Looked:
    """Attention of the CLS query, spread over the pixels of its tokens."""
    task = revived.task
    assert isinstance(task, PersistenceTask)
    if not 0 <= row < task.size(split):
        raise ConfigError([Problem("--sample", None, "", f"{split} has samples 0 to {task.size(split) - 1}")])
    task.ready(split, lambda what, done, total: None)
    batch = task.batch(split, torch.tensor([row]), revived.device)
    logits, attention = revived.model.eval()(batch.inputs)
    shares = logits.double().softmax(1)[0].cpu().numpy()
    tokens = attention[0].double().cpu().numpy()
    side = round((len(tokens) / FRAMES) ** 0.5)
    wide = tokens.reshape(1, FRAMES, side, side).repeat(SIDE // side, 2).repeat(SIDE // side, 3)
    pixels, cells = task.clip(split, row)
    label, said = int(batch.labels[0]), int(shares.argmax())
    title = f"{split} {row}: label {label}, said {said} ({shares[said]:.0%})"
    found = _shares(wide[0], cells)
    told = [f"{name}: {value:.3g} times what even attention would give them" for name, value in found.items()]
    figures = {"label": label, "said": said, "attention": found}
    return Looked(title, pixels.transpose(0, 2, 3, 1)[None], {"attention": wide / wide.sum()}, tuple(told), figures)


def _shares(attention: NDArray[np.float64], cells: NDArray[np.uint8]) -> dict[str, float]:
    """Attention on the cells that show each kind, per cell, in units of even attention."""
    size = SIDE // cells.shape[-1]
    grid = attention.reshape(FRAMES, cells.shape[-1], size, cells.shape[-1], size).sum((2, 4))
    found = {}
    for name, seen in zip(("persistent objects", "transient objects"), cells, strict=True):
        if seen.sum():
            found[name] = float((grid * seen).sum() / seen.sum() / grid.mean())
    return found
