"""ResNet-18 and ResNet-50: names and numbers of torchvision's, so that public weights fit."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

Kind = Literal["resnet18", "resnet50"]


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, images: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(images)))
        out = self.bn2(self.conv2(out))
        shortcut = images if self.downsample is None else self.downsample(images)
        return F.relu(out + shortcut)


class Bottleneck(nn.Module):
    """1 × 1 down, 3 × 3 (which takes the stride, as in torchvision's), 1 × 1 up, beside a shortcut."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, images: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(images)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        shortcut = images if self.downsample is None else self.downsample(images)
        return F.relu(out + shortcut)


Block = type[BasicBlock] | type[Bottleneck]


class ResNet(nn.Module):
    """Stem, four layers of blocks, class layer. `features` stops before the class layer."""

    def __init__(self, block: Block, depths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        grown = block.expansion
        self.layer1 = _layer(block, 64, 64, depths[0], 1)
        self.layer2 = _layer(block, 64 * grown, 128, depths[1], 2)
        self.layer3 = _layer(block, 128 * grown, 256, depths[2], 2)
        self.layer4 = _layer(block, 256 * grown, 512, depths[3], 2)
        self.fc = nn.Linear(512 * grown, classes)

    def features(self, images: Tensor) -> Tensor:
        """Normalised images [batch, 3, height, width] to [batch, 512 or 2,048]."""
        out = F.max_pool2d(F.relu(self.bn1(self.conv1(images))), 3, 2, padding=1)
        out = self.layer4(self.layer3(self.layer2(self.layer1(out))))
        pooled: Tensor = out.mean((2, 3))
        return pooled

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.features(images))
        return logits


def resnet(kind: Kind, classes: int) -> ResNet:
    """With 1,000 classes: 11,689,512 parameters (resnet18), 25,557,032 (resnet50). Not initialised for training."""
    if kind == "resnet18":
        return ResNet(BasicBlock, (2, 2, 2, 2), classes)
    return ResNet(Bottleneck, (3, 4, 6, 3), classes)


def initialise(network: ResNet) -> None:
    """As torchvision does: He's rule over outputs for convolutions; norms begin as the identity."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _layer(block: Block, inputs: int, width: int, depth: int, stride: int) -> nn.Sequential:
    first = block(inputs, width, stride)
    return nn.Sequential(first, *(block(width * block.expansion, width, 1) for _ in range(depth - 1)))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
