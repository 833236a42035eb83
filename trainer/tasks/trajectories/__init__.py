"""System S1: which of four motions is it, and where will it be next? Four cameras, 32 frames, four video models."""
