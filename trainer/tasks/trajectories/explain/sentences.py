"""Evidence in words. Every sentence is a template with measured numbers: nothing is said that was not measured."""

from collections.abc import Mapping
from typing import Any

Evidence = Mapping[str, Any]

_LOST = 0.05  # of the share: less is no loss worth a sentence
_MEASURED = {
    "radius": "Its radius is {}",
    "turns": "It makes {} turns",
    "rise": "It rises or falls by {}",
    "bend": "It stands {} above its chord",
}
_FIGURES = {"bend": "a bend of {}", "rise": "a rise of {}", "turns": "{} turns"}


def sentences(found: Evidence) -> list[str]:
    """Why this class: the answer, the motion, what it rests on, what would turn it, where it looked."""
    return [_answer(found), *_motion(found), *_cameras(found), *_frames(found), *_flips(found), *maps_told(found)]


def _answer(found: Evidence) -> str:
    right = "which is right" if found["said"] == found["label"] else f"which is wrong: it is {found['label']}"
    place = found["next_position"]
    return (
        f"The model says {found['said']} with {_share(found['share'])}, {right}; {found['second']} comes second with "
        f"{_share(found['second_share'])}. Its next position is off by {place['distance']:g} world units."
    )


def _motion(found: Evidence) -> list[str]:
    fits = {item["class"]: item for item in found["fits"]}
    likeliest = found["likeliest_motion"]
    if likeliest is None:
        return ["Too few frames show the ball to two cameras: no motion could be fitted."]
    best = fits[likeliest]
    others = ", ".join(f"{name} {item['residual']:g}" for name, item in fits.items() if name != likeliest)
    told = [
        f"What the cameras see fits {likeliest} best: it misses the positions by {best['residual']:g} world units "
        f"(the other formulas: {others})."
    ]
    for figure, ends in found["ranges"][likeliest].items():
        value = best.get(figure)
        if value is not None:
            inside = ends[0] * 0.97 <= value <= ends[1] * 1.03
            word = "within" if inside else "outside"
            words = _MEASURED[figure].format(f"{value:g}")
            told.append(f"{words}, {word} the {ends[0]:g} to {ends[1]:g} of {likeliest} motions.")
    if likeliest != found["said"]:
        told.append(f"So the model's {found['said']} does not follow from the motion that was seen.")
    return told


def _cameras(found: Evidence) -> list[str]:
    """Which cameras the answer rests on."""
    flipping = [item for item in found["cameras"] if item["said"] != found["said"]]
    if flipping:
        told = "; ".join(f"without camera {item['camera']} it says {item['said']}" for item in flipping)
        return [f"It needs its cameras: {told}."]
    most = max(found["cameras"], key=lambda item: item["lost"])
    if most["lost"] < _LOST:
        return ["No single camera matters: without any one of them it says the same, no less surely."]
    return [
        f"Camera {most['camera']} matters most: without it the share falls by {_points(most['lost'])} to "
        f"{_share(most['share_without'])}, and the answer stays."
    ]


def _frames(found: Evidence) -> list[str]:
    most = max(found["frames"], key=lambda item: item["lost"])
    where = f"{most['first']} to {most['last']}"
    if most["said"] != found["said"]:
        told = [f"Frames {where} matter most: without them it says {most['said']}."]
    elif most["lost"] >= _LOST:
        told = [f"Frames {where} matter most: without them the share falls by {_points(most['lost'])}."]
    else:
        told = ["No four frames in a row matter: without any of them it says the same, no less surely."]
    fewest = found["fewest_frames"]
    if fewest is None:
        return [*told, "However many frames in a row are erased, up to 24, it says the same."]
    if fewest["frames"] == 1:
        return [*told, f"A single frame, number {fewest['first']}, is enough: without it, it says {fewest['said']}."]
    words = f"The shortest gap found that turns it: frames {fewest['first']} to {fewest['last']} ({fewest['frames']})"
    return [*told, f"{words}; then it says {fewest['said']}."]


def _flips(found: Evidence) -> list[str]:
    told = []
    for item in found["flips"]:
        changed = _FIGURES[item["figure"]].format(f"{item['to']:g}")
        told.append(f"Drawn again with {changed} in place of {item['from']:g}, it says {item['said']}.")
    return told or ["No change of its bend, rise or turns that was tried makes it answer otherwise."]


def maps_told(found: Evidence) -> list[str]:
    """Where it looked, and what the maps are worth."""
    told = []
    for item in found["maps"]:
        ground = "of an even map" if item["name"] == "attention" else "of the light"
        told.append(
            f"{item['name'].capitalize()}: {_share(item['on_ball'])} lies on the ball, where {_share(item['chance'])} "
            f"{ground} does; the map of a network with random weights is like it by {item['randomised']:g} "
            "(1: the same)."
        )
        told += [f"Of the {item['name']}: {item['note']}."] if item["note"] else []
    return told


def _share(value: float) -> str:
    return f"{value * 100:.3g} %"


def _points(value: float) -> str:
    return f"{value * 100:.3g} points"
