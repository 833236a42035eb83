"""System S4: a number, or a class, from two seconds of EEG; subjects are never in two splits at once.

Folders of BDF and EDF files, cut in windows around events; EEGNeX; measures beside the guess that knows nothing.
`settings` is standard library only; everything else may import torch and numpy.
"""
