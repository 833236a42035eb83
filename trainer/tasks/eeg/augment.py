"""Changes that leave the answer as it is: louder or softer, a silent electrode, a little noise. Training windows only.

Drawn from the run's seed and the windows that come together, so that a resumed run sees the same. Epochs mix windows
anew, and so a window meets other changes in each; so it does when a step is cut into other parts or ranks.
"""

import zlib

import torch
from torch import Tensor

from trainer.order import derived
from trainer.tasks.eeg.settings import Augment


def generator(seed: int, indices: Tensor) -> torch.Generator:
    """The draws of one batch: a function of the seed and of which windows it holds, in which order."""
    return torch.Generator().manual_seed(derived(seed, "augment", zlib.crc32(indices.cpu().numpy().tobytes())))


def augmented(windows: Tensor, spread: Tensor, rules: Augment, draws: torch.Generator) -> Tensor:
    """[batch, channels, samples], changed. `spread` is that of each channel."""
    batch, channels, _ = windows.shape
    factor = torch.rand(batch, 1, 1, generator=draws) * (rules.high - rules.low) + rules.low
    kept = torch.rand(batch, channels, 1, generator=draws) >= rules.drop
    changed = windows * (factor * kept).to(windows.device)
    if rules.noise:
        noise = torch.randn(windows.shape, generator=draws).to(windows.device)
        changed = changed + noise * (rules.noise * spread)[:, None]
    return changed
