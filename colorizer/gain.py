"""How much the chroma that comes out is raised, so that pictures are on average as colorful as the truth.

Losses that look at distances pay for an average of all that is likely, so training ends paler than the truth. A
factor gives that back; it is found on pictures that training may see, so that what judges it stays unseen.
"""

from collections.abc import Callable
from dataclasses import replace

import torch

from . import metrics
from .color import AB_MAX, lab_to_rgb
from .data import PhotoSet
from .evaluation import TRUTH, Painter, looks, painter_of
from .generator import Generator

PICTURES = 96  # of all sources together
LEAST, MOST = 1.0, 2.0  # a network that runs away is not tamed, a grey one stays nearly so
HALVINGS = 8  # of that range


def raise_to_truth(generator: Generator, sources: dict[str, PhotoSet], *, size: int, heed: Callable[[], None]) -> None:
    """Give a generator that gain in place of its own."""
    generator.config = replace(generator.config, chroma_gain=1.0)
    gain = gain_to_truth(painter_of(generator), sources, size=size, heed=heed)
    generator.config = replace(generator.config, chroma_gain=gain)


def gain_to_truth(
    paint: Painter, sources: dict[str, PhotoSet], *, size: int, heed: Callable[[], None] = lambda: None
) -> float:
    """The factor for what `paint` gives, in LEAST..MOST, that brings mean colorfulness nearest to the truth's.

    Measured at `size` pixels on equally many pictures of each source; `heed` is called every few and may raise.
    """
    each = max(1, PICTURES // len(sources))
    lights, chromas, truths = [], [], []
    for photos in sources.values():
        for look in looks({"painted": paint}, photos, size=size, total=min(each, len(photos))):
            lights.append(look.light)
            chromas.append(look.labs["painted"][:, 1:])
            truths.append(metrics.colorfulness(look.rgbs[TRUTH]))
            heed()
    wanted = float(torch.cat(truths).mean())

    def colorfulness(gain: float) -> float:
        raised = [
            lab_to_rgb(torch.cat((light, (ab * gain).clamp(-AB_MAX, AB_MAX)), dim=1))
            for light, ab in zip(lights, chromas, strict=True)
        ]
        return float(torch.cat([metrics.colorfulness(rgb) for rgb in raised]).mean())

    low, high = LEAST, MOST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if colorfulness(middle) < wanted else (low, middle)
    return round((low + high) / 2, 2)
