"""All that was measured of one answer, as plain values. Numbers have three digits here already, so that the words, and
whoever rephrases them, have exactly these.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from trainer.order import seed_everything
from trainer.revival import Revived
from trainer.tasks.trajectories.data.seen import middles
from trainer.tasks.trajectories.data.settings import CLASSES, Difficulty
from trainer.tasks.trajectories.explain import erase
from trainer.tasks.trajectories.explain.fits import fits
from trainer.tasks.trajectories.explain.flips import flips
from trainer.tasks.trajectories.explain.lens import Lens, Said
from trainer.tasks.trajectories.explain.maps import Seen, maps
from trainer.tasks.trajectories.models.unified import Unified

Evidence = dict[str, Any]

_RADIUS = (0.3, 0.55)


def evidence(revived: Revived, split: str, row: int) -> Evidence:
    """Ask the model all there is to ask of this sample."""
    lens = Lens(revived, split, row)
    answer = lens.ask(lens.clip)
    said = int(answer.shares[0].argmax())
    found = {
        "split": split,
        "sample": row,
        "classes": list(CLASSES),
        "label": CLASSES[lens.label],
        **_answer(lens, answer, said),
        **_motion(lens),
        **_erased(lens, said),
        "flips": [_flip(item.figure, item.start, item.value, item.said) for item in flips(lens, said)],
        "maps": [map_object(item) for item in look(revived, lens)],
    }
    values = rounded(found)
    assert isinstance(values, dict)
    return values


def look(revived: Revived, lens: Lens) -> list[Seen]:
    """Where it looked, with a twin of random weights beside it."""
    seed_everything(revived.config.run.seed + 1)
    twin = lens.task.model().to(revived.device).eval()
    assert isinstance(twin, Unified)
    return maps(lens, lens.model, twin)


def ranges(difficulty: Difficulty) -> dict[str, dict[str, tuple[float, float]]]:
    """Between which ends each class's numbers lie in this data set."""
    arc, pitch, bend = difficulty.arc, difficulty.pitch, difficulty.bend
    turns = {"radius": _RADIUS, "turns": (arc, 2 * arc)}
    return {
        "linear": {},
        "circular": turns,
        "helical": turns | {"rise": (pitch, 2 * pitch)},
        "parabolic": {"bend": (bend, 2 * bend)},
    }


def _answer(lens: Lens, answer: Said, said: int) -> Evidence:
    shares = answer.shares[0]
    order = np.argsort(-shares)
    place = answer.positions[0]
    return {
        "said": CLASSES[said],
        "share": float(shares[said]),
        "second": CLASSES[int(order[1])],
        "second_share": float(shares[order[1]]),
        "margin": float(shares[said] - shares[order[1]]),
        "next_position": {
            "said": place.tolist(),
            "true": lens.target.tolist(),
            "distance": float(np.linalg.norm(place - lens.target)),
        },
    }


def _motion(lens: Lens) -> Evidence:
    """The formulas through what the cameras see, and between which ends each class lies."""
    seen = middles(lens.clip[0], lens.views.difficulty.noise).swapaxes(0, 1)
    found = fits(lens.views.cameras.triangulate(seen))
    likeliest = min(found, key=lambda fit: fit.score).name if found else None
    return {
        "fits": [{"class": fit.name, "residual": fit.residual, **fit.figures} for fit in found],
        "likeliest_motion": likeliest,
        "ranges": {name: {key: list(ends) for key, ends in table.items()} for name, table in
                   ranges(lens.views.difficulty).items()},
    }  # fmt: skip


def _erased(lens: Lens, said: int) -> Evidence:
    whole = float(lens.ask(lens.clip).shares[0, said])
    shortest = erase.shortest_flip(lens, said)
    gap = None
    if shortest is not None:
        count = shortest.last - shortest.first + 1
        gap = {"first": shortest.first + 1, "last": shortest.last + 1, "frames": count, "said": CLASSES[shortest.said]}
    return {
        "cameras": [{"camera": item.cameras[0] + 1, **_loss(item, whole)} for item in erase.cameras(lens, said)],
        "frames": [
            {"first": item.first + 1, "last": item.last + 1, **_loss(item, whole)} for item in erase.blocks(lens, said)
        ],
        "fewest_frames": gap,
    }


def _loss(item: erase.Erased, whole: float) -> Evidence:
    return {"share_without": item.share, "lost": whole - item.share, "said": CLASSES[item.said]}


def _flip(figure: str, start: float, value: float, said: int) -> Evidence:
    return {"figure": figure, "from": start, "to": value, "said": CLASSES[said]}


def map_object(item: Seen) -> Evidence:
    """Its figures, and how much of it lies in each camera and each frame."""
    plain = asdict(item)
    plain.pop("map")
    by_camera, by_frame = item.map.sum((1, 2, 3)), item.map.sum((0, 2, 3))
    return {**plain, "cameras": by_camera.tolist(), "frames": by_frame.tolist()}


def rounded(value: Any) -> Any:
    """Three digits, as a person would read them."""
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value
