"""The four-panel picture."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.tasks import Evaluation
from trainer.tasks.persistence.data.clips import Clips
from trainer.tasks.persistence.figures import _chosen, four_panels, montage
from trainer.tasks.persistence.measures import Validation, measure
from trainer.tasks.persistence.settings import Data
from trainer.tasks.persistence.task import open_clips


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    return open_clips(Data(train=4, val=20, test=0), 0, tmp_path, lambda what, done, total: None)


def evaluation(clips: Clips, strength: float, tokens: int = 256, odd: bool = False) -> Evaluation:
    random = np.random.default_rng(1)
    label = clips.labels("val").astype(np.int64)
    shares = random.uniform(0.5, 1.5, (len(label), 2)) / tokens
    shares[:, 0] *= strength
    both = np.ones(len(label), dtype=bool)
    if odd:
        shares[0], shares[1, 1], both[2] = 0.0, 0.0, False
    found = Validation(label, 1 - label, random.dirichlet(np.ones(tokens), len(label)), shares, both, 1.5)
    erased = {"erase_transient": 0.4, "erase_persistent": 0.0} if not odd else {}
    return Evaluation({**measure(found, 0.1), **erased}, found)


@pytest.mark.parametrize(
    ("strength", "tokens", "first", "odd"),
    [(4.0, 256, True, False), (1.0, 16, False, False), (1e9, 256, True, False), (0.01, 16, True, True)],
)
def test_a_picture_comes_of_every_kind_of_run(
    tmp_path: Path, clips: Clips, strength: float, tokens: int, first: bool, odd: bool
) -> None:
    before = evaluation(clips, 1.0, tokens) if first else None
    last = evaluation(clips, strength, tokens, odd)
    history = (
        [{"epoch": epoch, "attention_ratio": strength**epoch, "step": epoch} for epoch in range(3)] if first else []
    )
    path = tmp_path / "figures" / "persistence.png"
    assert four_panels(history, before, last, clips=clips, split="val", notes=("a note",), path=path) == path
    with Image.open(path) as image:
        assert image.format == "PNG" and image.width >= 1_600
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 24) or []}
    assert (47, 109, 181) in colours and (209, 73, 91) in colours, "both kinds are drawn"
    assert [item.name for item in path.parent.iterdir()] == ["persistence.png"]


def test_failed_clips_are_shown_when_there_are_any() -> None:
    own = np.array([9.0, 0.5, 8.0, 7.0, np.nan, 6.0, 5.0, 4.0, 3.0, 2.0, 2.5, 1.0])
    chosen = _chosen(own, 1.5)
    assert len(chosen) == len(set(chosen.tolist())) == 8
    assert {1, 11} <= set(chosen.tolist()) and 4 not in chosen
    assert sorted(_chosen(np.array([0.1, 0.2, np.nan]), 1.5).tolist()) == [0, 1]
    assert (own[_chosen(np.where(own < 5, 0.5, own), 1.5)] < 5).sum() == 4


def test_the_montage_glows_where_attention_is() -> None:
    attention = np.zeros(256)
    attention[5 * 16 + 2 * 4 + 1] = 1.0
    tiles = montage(np.zeros((16, 3, 64, 64), dtype=np.uint8), attention)
    assert tiles.shape == (256, 256, 3)
    glow = (tiles[..., 0].astype(int) - tiles[..., 2]) > 50
    y, x = np.nonzero(glow)
    assert (y.min(), y.max(), x.min(), x.max()) == (64 + 32, 64 + 47, 64 + 16, 64 + 31)


def test_no_global_state_of_matplotlib_is_touched() -> None:
    code = "import sys, trainer.tasks.persistence.figures; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"
