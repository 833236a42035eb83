"""ResNet-18 as a frozen reader of frames: names and numbers of torchvision's, so that public weights fit."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES = 512
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, images: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(images)))
        out = self.bn2(self.conv2(out))
        shortcut = images if self.downsample is None else self.downsample(images)
        return F.relu(out + shortcut)


class ResNet18(nn.Module):
    """11,689,512 parameters with 1,000 classes. `features` stops before the class layer."""

    def __init__(self, classes: int = 1_000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _layer(64, 64, 1)
        self.layer2 = _layer(64, 128, 2)
        self.layer3 = _layer(128, 256, 2)
        self.layer4 = _layer(256, FEATURES, 2)
        self.fc = nn.Linear(FEATURES, classes)

    def features(self, images: Tensor) -> Tensor:
        """Normalised images [batch, 3, height, width] to [batch, 512]."""
        out = F.max_pool2d(F.relu(self.bn1(self.conv1(images))), 3, 2, padding=1)
        out = self.layer4(self.layer3(self.layer2(self.layer1(out))))
        pooled: Tensor = out.mean((2, 3))
        return pooled

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.features(images))
        return logits


def normalise(frames: Tensor, side: int) -> Tensor:
    """uint8 frames [batch, 3, height, width] as ImageNet networks want them, resized to `side`."""
    images = frames.float() / 255
    if side != frames.shape[-1]:
        images = F.interpolate(images, (side, side), mode="bilinear", align_corners=False, antialias=True)
    mean = torch.tensor(MEAN, device=images.device).view(3, 1, 1)
    deviation = torch.tensor(DEVIATION, device=images.device).view(3, 1, 1)
    return (images - mean) / deviation


def _layer(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1))
