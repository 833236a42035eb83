"""System S2: is a transformer's attention on what persists, or on what flashes by?

Clips of white spheres that stay and red ones that come and go; two models, one whose attention is supervised and one
on frozen ResNet-18 features; measures of where attention goes and of what the predictions rest on.
`settings` is standard library only; everything else may import torch and numpy.
"""
