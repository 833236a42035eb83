"""How fast clips are drawn, beside what a training step needs, and beside drawing sphere by sphere in a loop.

python bench/persistence_render.py
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from trainer.tasks.persistence.attending import attention_loss, token_coverage
from trainer.tasks.persistence.data.render import CLIP_SHAPE, Renderer
from trainer.tasks.persistence.data.scene import FRAMES, LAYERS, RADIUS, SIDE, Scenes, X, Y, scenes
from trainer.tasks.persistence.models.attention import AttentionModel
from trainer.tasks.persistence.settings import Loss, Model

BATCH = 16
ROUNDS = 5


def best(work: Callable[[], None], rounds: int = ROUNDS) -> float:
    """Seconds of the fastest round: the one that others on the machine disturbed least."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def plainly(some: Scenes) -> np.ndarray:
    """The opponent: a fresh array, every sphere by a mask over its frame."""
    pixels = np.zeros((len(some), *CLIP_SHAPE), dtype=np.uint8)
    y, x = np.mgrid[:SIDE, :SIDE]
    for clip in range(len(some)):
        for layer in range(LAYERS):
            for frame in range(FRAMES):
                sphere = some.layers[clip, layer, frame].astype(int)
                if sphere[RADIUS]:
                    disc = (x - sphere[X]) ** 2 + (y - sphere[Y]) ** 2 <= sphere[RADIUS] ** 2
                    pixels[clip, frame, :, disc] = 255
    return pixels


def main() -> None:
    torch.set_num_threads(1)
    began = time.perf_counter()
    some = scenes(0, np.arange(10_000), "v1")
    print(f"scenes of 10,000 clips: {time.perf_counter() - began:.3f} s")

    renderer = Renderer(BATCH)
    parts = [some[slice(start, start + BATCH)] for start in range(0, 1_600, BATCH)]
    drawn = best(lambda: [renderer.draw(part) for part in parts] and None) / len(parts)
    plain = best(lambda: [plainly(part) for part in parts[:2]] and None, 3) / 2

    model = AttentionModel(Model(width=64, depth=3))
    optimiser = torch.optim.Adam(model.parameters())
    pixels, cells = (torch.from_numpy(part) for part in renderer.draw(parts[0]))
    labels = torch.from_numpy(parts[0].label.astype(np.int64))

    def step() -> None:
        logits, attention = model(pixels)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss = loss + attention_loss(attention, token_coverage(cells, attention.shape[1]), Loss())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    stepped = best(step, 20)
    for name, seconds in (("drawn", drawn), ("sphere by sphere", plain), ("one step of the shipped model", stepped)):
        print(f"{name:30} {1e3 * seconds:9.2f} ms a batch of {BATCH} {BATCH / seconds:10,.0f} clips/s")
    print(f"drawing costs {100 * drawn / stepped:.1f} % of a step on one core")


if __name__ == "__main__":
    main()
