"""System S1: which of four kinds of motion is it, and where will it be next?

Objects on trajectories in space, each filmed by four cameras; four video models behind one unified model with a class
head and a next-position head. `settings` is standard library only; everything else may import torch and numpy.
"""
