"""From settings to a model: each size's plan, with what is set in its place."""

from dataclasses import replace

from trainer.tasks.trajectories.data.cameras import CAMERAS, PIXELS
from trainer.tasks.trajectories.data.motion import FRAMES
from trainer.tasks.trajectories.models import i3d, magvit, slowfast, transformer
from trainer.tasks.trajectories.models.extractor import Extractor
from trainer.tasks.trajectories.models.quantise import FiniteScalar, LookupFree
from trainer.tasks.trajectories.models.unified import Unified
from trainer.tasks.trajectories.settings import Model


def unified(settings: Model) -> Unified:
    """A new model, from torch's global generator."""
    shared = settings.cameras == "shared"
    extractor = extractor_of(settings, 1 if shared else CAMERAS)
    return Unified(extractor, CAMERAS, shared=shared, halve=settings.halves, maps=settings.maps)


def extractor_of(settings: Model, inputs: int, frames: int = FRAMES, side: int = PIXELS) -> Extractor:
    """The extractor alone, for so many input channels, frames and pixels."""
    full = settings.size == "full"
    side = side // 2 if settings.halves else side
    if settings.kind == "i3d":
        return i3d.I3D(inputs, frames, i3d.scaled(i3d.PUBLISHED if full else i3d.TINY, settings.width), settings.cell)
    if settings.kind == "slowfast":
        return slowfast.SlowFast(inputs, frames, _pathways(settings, full), settings.cell)
    if settings.kind == "transformer":
        return transformer.DividedTransformer(inputs, frames, side, _tokens(settings, full))
    plan = magvit.PUBLISHED if full else magvit.TINY
    plan = replace(plan, width=settings.width or plan.width, blocks=settings.depth or plan.blocks)
    return magvit.MagViT(inputs, frames, *_quantiser(settings), plan)


def _pathways(settings: Model, full: bool) -> slowfast.Plan:
    plan = slowfast.PUBLISHED if full else slowfast.TINY
    blocks = (settings.depth,) * len(plan.blocks) if settings.depth else plan.blocks
    return replace(plan, width=settings.width or plan.width, blocks=blocks)


def _tokens(settings: Model, full: bool) -> transformer.Plan:
    plan = transformer.PUBLISHED if full else transformer.TINY
    changed = {key: getattr(settings, key) for key in ("width", "depth", "heads", "patch") if getattr(settings, key)}
    return replace(plan, **changed)


def _quantiser(settings: Model) -> tuple[LookupFree | FiniteScalar | None, int]:
    if settings.quantiser == "lfq":
        return LookupFree(settings.bits), settings.bits
    if settings.quantiser == "fsq":
        return FiniteScalar(settings.levels), len(settings.levels)
    return None, settings.bits
