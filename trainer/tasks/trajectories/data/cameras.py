"""Four calibrated cameras around the scene, 90° apart, a little above it, looking at its middle.

Pixel (0, 0) is the middle of the upper left pixel. Everything here is additions, multiplications, divisions and square
roots, which have the same bits on every machine.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.tasks.trajectories.data.sine import F64

CAMERAS = 4
PIXELS = 64  # side of a picture

_PLACES = ((4.0, 0.6, 1.6), (-0.6, 4.0, 2.2), (-4.0, -0.6, 1.2), (0.6, -4.0, 1.9))
_FOCUS = 100.0  # pixels


@dataclass(frozen=True)
class Cameras:
    """The calibration."""

    matrices: F64  # [cameras, 3, 4]: world (x, y, z, 1) to pixels (u w, v w, w)

    def project(self, points: NDArray[np.floating]) -> F64:
        """World positions [..., 3] to pixels [..., cameras, 2]."""
        x, y, z = (points[..., axis, None].astype(np.float64) for axis in range(3))
        rows = [m[:, 0] * x + m[:, 1] * y + m[:, 2] * z + m[:, 3] for m in self.matrices.transpose(1, 0, 2)]
        return np.stack([rows[0] / rows[2], rows[1] / rows[2]], -1)

    def triangulate(self, pixels: F64) -> F64:
        """Pixels [..., cameras, 2] to the world position [..., 3] that fits them best, in least squares of w·pixels.

        A camera that saw nothing has NaN and is left out; where fewer than two saw anything, the position is NaN.
        """
        equations = pixels[..., None] * self.matrices[:, None, 2] - self.matrices[:, :2]
        seen = np.asarray(np.isfinite(equations).all(-1))
        equations = np.where(seen[..., None], equations, 0.0).reshape(*pixels.shape[:-2], 2 * CAMERAS, 4)
        left, right = equations[..., :3], -equations[..., 3]
        enough = seen.reshape(*pixels.shape[:-2], -1).sum(-1) >= 4
        normal = np.einsum("...ki,...kj->...ij", left, left)
        normal[~enough] = np.eye(3)
        found = np.linalg.solve(normal, np.einsum("...ki,...k->...i", left, right)[..., None])[..., 0]
        found[~enough] = np.nan
        return np.asarray(found)


def calibrated() -> Cameras:
    """The four cameras of this data set."""
    return Cameras(np.array([_matrix(place) for place in _PLACES]))


def _matrix(place: tuple[float, float, float]) -> list[list[float]]:
    """The projection of a camera at `place` that looks at the origin, with z upwards in its picture."""
    forward = _scaled((-place[0], -place[1], -place[2]))
    right = _scaled((forward[1], -forward[0], 0.0))
    down = tuple(
        forward[(i + 1) % 3] * right[(i + 2) % 3] - forward[(i + 2) % 3] * right[(i + 1) % 3] for i in range(3)
    )
    middle = (PIXELS - 1) / 2
    axes = [[*axis, -(axis[0] * place[0] + axis[1] * place[1] + axis[2] * place[2])] for axis in (right, down, forward)]
    u, v, w = axes
    return [
        [_FOCUS * a + middle * c for a, c in zip(u, w, strict=True)],
        [_FOCUS * b + middle * c for b, c in zip(v, w, strict=True)],
        w,
    ]


def _scaled(vector: tuple[float, float, float]) -> tuple[float, float, float]:
    length = math.sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2])
    return vector[0] / length, vector[1] / length, vector[2] / length
