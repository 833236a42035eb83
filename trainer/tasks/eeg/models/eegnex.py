"""EEGNeX: two temporal convolutions, one over channels, two dilated ones (Chen et al., 2024).

With 129 channels, 200 samples, one output and the defaults it has 62,353 parameters. Names of modules are those of the
published PyTorch version, so that its weights load.
"""

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network. `filters` and `deep` are the paper's filter_1 and filter_2."""

    channels: int
    samples: int
    outputs: int = 1
    filters: int = 8
    deep: int = 32
    multiplier: int = 2
    kernel: int = 64
    drop: float = 0.5

    @property
    def features(self) -> int:
        """What the last layer reads: two averages, by 4 and by 8, leave so many moments."""
        return self.filters * (((self.samples - 2) // 4 + 1 - 6) // 8 + 1)


class Same(nn.Conv2d):
    """A convolution over time whose output is as long as its input: of an even kernel one more zero at the end."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], dilation: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, dilation=(1, dilation), bias=False)
        reach = dilation * (kernel[1] - 1)
        self.around = (reach // 2, reach - reach // 2)

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(F.pad(input, self.around))


class EEGNeX(nn.Module):
    """[batch, channels, samples] to [batch, outputs]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        spatial = shape.deep * shape.multiplier
        kernel = (1, shape.kernel)
        self.block_1 = nn.Sequential(_Plane(), Same(1, shape.filters, kernel), nn.BatchNorm2d(shape.filters))
        self.block_2 = nn.Sequential(Same(shape.filters, shape.deep, kernel), nn.BatchNorm2d(shape.deep))
        self.block_3 = nn.Sequential(
            nn.Conv2d(shape.deep, spatial, (shape.channels, 1), groups=shape.deep, bias=False),
            nn.BatchNorm2d(spatial),
            nn.ELU(),
            nn.AvgPool2d((1, 4), padding=(0, 1)),
            nn.Dropout(shape.drop),
        )
        self.block_4 = nn.Sequential(
            Same(spatial, shape.deep, (1, 16), 2),
            nn.BatchNorm2d(shape.deep),
        )
        self.block_5 = nn.Sequential(
            Same(shape.deep, shape.filters, (1, 16), 4),
            nn.BatchNorm2d(shape.filters),
            nn.ELU(),
            nn.AvgPool2d((1, 8), padding=(0, 1)),
            nn.Dropout(shape.drop),
            nn.Flatten(),
        )
        self.final_layer = nn.Linear(shape.features, shape.outputs)
        bound(self)

    def forward(self, windows: Tensor) -> Tensor:
        grid = self.block_3(self.block_2(self.block_1(windows)))
        out: Tensor = self.final_layer(self.block_5(self.block_4(grid)))
        return out


@torch.no_grad()
def bound(model: EEGNeX) -> None:
    """Keep the norms of the spatial filters at 1 and of the outputs at 0.25, as the paper does, after every step."""
    for weight, most in ((_weight(model.block_3[0]), 1.0), (model.final_layer.weight, 0.25)):
        weight.copy_(torch.renorm(weight, 2, 0, most))


class Folded(nn.Module):
    """The same function for inference, the spatial filter first: what is linear may change places. A copy.

    Up to block 3 everything is linear, so the many channels are brought together before the long temporal kernels see
    them. The first kernels are the same for every signal; of the second each signal needs only its own, and those are
    long enough for a Fourier transform.
    """

    spatial: Tensor
    kernel1: Tensor
    shift1: Tensor
    kernel2: Tensor
    shift2: Tensor

    def __init__(self, model: EEGNeX) -> None:
        super().__init__()
        self.kernel = model.shape.kernel
        times = model.shape.multiplier
        first, second, third = _norm(model.block_1[2]), _norm(model.block_2[1]), _norm(model.block_3[1])
        spatial = _weight(model.block_3[0])[:, 0, :, 0]  # [deep × multiplier, channels]
        total = spatial.sum(1)
        scale, shift = second[0].repeat_interleave(times) * third[0], second[1].repeat_interleave(times) * third[0]
        kernel2 = _weight(model.block_2[0])[:, :, 0].repeat_interleave(times, 0)
        self.register_buffer("spatial", spatial[:, :, None].clone())
        self.register_buffer("kernel1", _weight(model.block_1[1])[:, 0] * first[0][:, None, None])
        self.register_buffer("shift1", total[:, None, None] * first[1][None, :, None])
        self.register_buffer("kernel2", kernel2 * scale[:, None, None])
        self.register_buffer("shift2", (shift * total + third[1])[:, None])
        rest = nn.Sequential(*list(model.block_3)[2:4], model.block_4, model.block_5, model.final_layer)
        self.rest = copy.deepcopy(rest)
        self.eval()

    def forward(self, windows: Tensor) -> Tensor:
        signals = F.conv1d(windows, self.spatial)
        batch, count, samples = signals.shape
        alone = _same(signals.reshape(batch * count, 1, samples), self.kernel)
        heard = F.conv1d(alone, self.kernel1).view(batch, count, -1, samples) + self.shift1
        signals = _own_kernels(heard, self.kernel2) + self.shift2
        out: Tensor = self.rest(signals[:, :, None])
        return out


def _own_kernels(signals: Tensor, kernels: Tensor) -> Tensor:
    """[batch, count, filters, samples] with [count, filters, taps]: each with its own, filters added, "same" length."""
    samples, taps = signals.shape[-1], kernels.shape[-1]
    size = 8 * -(-(samples + taps) // 8)  # long enough that the end does not come round to the beginning
    spectrum = torch.fft.rfft(signals, size) * torch.fft.rfft(kernels.flip(-1), size)
    whole: Tensor = torch.fft.irfft(spectrum.sum(2), size)
    after = taps - 1 - (taps - 1) // 2
    return whole[..., after : after + samples]


class _Plane(nn.Module):
    """[batch, channels, samples] to one plane, [batch, 1, channels, samples]."""

    def forward(self, windows: Tensor) -> Tensor:
        return windows[:, None]


def _weight(layer: nn.Module) -> Tensor:
    """Of a convolution, without its history."""
    assert isinstance(layer, nn.Conv2d)
    return layer.weight.detach()


def _norm(norm: nn.Module) -> tuple[Tensor, Tensor]:
    """Batch normalisation as it is at inference: scale and shift."""
    assert isinstance(norm, nn.BatchNorm2d) and norm.running_var is not None and norm.running_mean is not None
    scale = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias.detach() - norm.running_mean * scale


def _same(signals: Tensor, kernel: int) -> Tensor:
    """Zeros around, as padding="same" puts them: of an even kernel one more at the end."""
    before = (kernel - 1) // 2
    return F.pad(signals, (before, kernel - 1 - before))
