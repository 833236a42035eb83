"""System S3: which of the classes does this image show?

A folder of images as ImageNet has it, decoded and cropped on the CPU; ResNet-18 and ResNet-50 with published names.
`settings` is standard library only; everything else may import torch, numpy and Pillow.
"""
