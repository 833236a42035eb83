"""What the commands call: one sample of one run."""

from trainer.revival import Revived
from trainer.tasks import Explanation, Looked
from trainer.tasks.trajectories.data.settings import CLASSES
from trainer.tasks.trajectories.explain.evidence import evidence, look, map_object, rounded
from trainer.tasks.trajectories.explain.lens import Lens
from trainer.tasks.trajectories.explain.sentences import maps_told, sentences


def explain(revived: Revived, split: str, row: int) -> Explanation:
    """Why this class."""
    found = evidence(revived, split, row)
    return Explanation(found, tuple(sentences(found)))


def attend(revived: Revived, split: str, row: int) -> Looked:
    """Where it looked."""
    lens = Lens(revived, split, row)
    shares = lens.ask(lens.clip).shares[0]
    said = int(shares.argmax())
    title = f"{split} {row}: {CLASSES[lens.label]}, said {CLASSES[said]} ({shares[said]:.0%})"
    seen = look(revived, lens)
    figures = rounded(
        {"label": CLASSES[lens.label], "said": CLASSES[said], "maps": [map_object(item) for item in seen]}
    )
    return Looked(title, lens.clip[0], {item.name: item.map for item in seen}, tuple(maps_told(figures)), figures)
