"""Changes that leave the answer as it is: louder or softer, a silent electrode, a little noise. Training windows only.

What is drawn for a window follows from seed, epoch and the window's number, and from nothing else: not from the windows
that come with it, the size of the step, its parts or its ranks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.order import derived
from trainer.tasks.eeg.settings import Augment


def augmented(
    windows: Tensor, spread: Tensor, rules: Augment, numbers: Sequence[int], *, seed: int, epoch: int
) -> Tensor:
    """[batch, channels, samples], changed. `spread` is that of each channel, `numbers` those of the windows."""
    batch, channels, _ = windows.shape
    factor, kept = torch.empty(batch, 1, 1), torch.empty(batch, channels, 1)
    noise = torch.empty(windows.shape) if rules.noise else None
    draws = torch.Generator()
    for place, number in enumerate(numbers):
        draws.manual_seed(derived(seed, "augment", epoch, number))
        factor[place].uniform_(rules.low, rules.high, generator=draws)
        kept[place].uniform_(generator=draws)
        if noise is not None:
            noise[place].normal_(generator=draws)
    changed = windows * (factor * (kept >= rules.drop)).to(windows.device)
    if noise is not None:
        changed = changed + noise.to(windows.device) * (rules.noise * spread)[:, None]
    return changed
