"""ResNet-18 as a frozen reader of frames: names and numbers of torchvision's, so that public weights fit."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.models.resnet import BasicBlock, ResNet

FEATURES = 512
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


class ResNet18(ResNet):
    """11,689,512 parameters with 1,000 classes. `features` stops before the class layer."""

    def __init__(self, classes: int = 1_000) -> None:
        super().__init__(BasicBlock, (2, 2, 2, 2), classes)


def normalise(frames: Tensor, side: int) -> Tensor:
    """uint8 frames [batch, 3, height, width] as ImageNet networks want them, resized to `side`."""
    images = frames.float() / 255
    if side != frames.shape[-1]:
        images = F.interpolate(images, (side, side), mode="bilinear", align_corners=False, antialias=True)
    mean = torch.tensor(MEAN, device=images.device).view(3, 1, 1)
    deviation = torch.tensor(DEVIATION, device=images.device).view(3, 1, 1)
    return (images - mean) / deviation
