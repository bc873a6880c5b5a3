"""How much the chroma that comes out is raised, so that going on from given weights neither fades nor floods.

Losses that look at distances pay for an average of all that is likely, so training grows pale in its first minutes. A
factor gives back what was lost; it is found on pictures that training may see, so that what judges it stays unseen.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from . import metrics
from .color import AB_MAX, lab_to_rgb
from .data import PhotoSet
from .evaluation import Painter, looks, painter_of
from .generator import Generator

PICTURES = 96  # of all sources together
LEAST, MOST = 1.0, 2.0  # a network that runs away is not tamed, a grey one stays nearly so
HALVINGS = 8  # of that range


class KeptVividness:
    """That of the weights a run begins with; each of its checkpoints gets it back."""

    def __init__(
        self, generator: Generator, sources: dict[str, PhotoSet], *, size: int, heed: Callable[[], None]
    ) -> None:
        """Measured at `size` pixels; `heed` is called every few pictures and may raise."""
        self._measure = {"sources": sources, "size": size, "heed": heed}
        self._wanted = vividness(painter_of(generator), **self._measure)

    def give_back(self, generator: Generator) -> None:
        generator.config = replace(generator.config, chroma_gain=1.0)
        gain = gain_to(self._wanted, painter_of(generator), **self._measure)
        generator.config = replace(generator.config, chroma_gain=gain)


def vividness(paint: Painter, sources: dict[str, PhotoSet], *, size: int, heed: Callable[[], None]) -> float:
    """Mean colorfulness of equally many pictures of each source at `size` pixels; `heed` may raise now and then."""
    return _colorfulness([torch.cat(pair, dim=1) for pair in _painted(paint, sources, size, heed)])


def gain_to(
    wanted: float, paint: Painter, sources: dict[str, PhotoSet], *, size: int, heed: Callable[[], None]
) -> float:
    """The factor for what `paint` gives, in LEAST..MOST, that brings `vividness` nearest to the one wanted."""
    painted = list(_painted(paint, sources, size, heed))
    low, high = LEAST, MOST
    for _ in range(HALVINGS):
        gain = (low + high) / 2
        raised = [torch.cat((light, (ab * gain).clamp(-AB_MAX, AB_MAX)), dim=1) for light, ab in painted]
        low, high = (gain, high) if _colorfulness(raised) < wanted else (low, gain)
    return round((low + high) / 2, 2)


def _painted(
    paint: Painter, sources: dict[str, PhotoSet], size: int, heed: Callable[[], None]
) -> Iterator[tuple[Tensor, Tensor]]:
    """L (N, 1, H, W) and ab (N, 2, H, W) of a batch at a time."""
    each = max(1, PICTURES // len(sources))
    for photos in sources.values():
        for look in looks({"painted": paint}, photos, size=size, total=min(each, len(photos))):
            heed()
            yield look.light, look.labs["painted"][:, 1:]


def _colorfulness(labs: list[Tensor]) -> float:
    return float(torch.cat([metrics.colorfulness(lab_to_rgb(lab)) for lab in labs]).mean())
