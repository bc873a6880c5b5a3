"""Rehearsal: what a network knows is kept by asking it for the colors that it gave when the run began.

Learning without Forgetting (Li and Hoiem 2016). The truth in its place would draw the colors of everything to an
average: they would fade in the first minutes. What comes out of the run may be an average of its first and its newest
weights, which is better than either on what was known and on what is new (WiSE-FT, Wortsman 2022). What fades all the
same is made up for by its gain.
"""

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from .config import Recipe, Stage
from .data import PhotoSet, Recolor
from .descent import average
from .evaluation import looks, painter_of
from .generator import Generator
from .inference import predict_ab
from .metrics import colorfulness
from .team import Team

COMPARED = 24  # pictures of each rehearsed source, by which fading is seen
FADED_AWAY = 1.0  # colorfulness that no gain would bring back
OWN = "own"


class Rehearsal:
    """`teacher` is the generator as the run begins, in eval mode; it stays as it is.

    `seen_by` are pictures of each rehearsed source by which fading is seen: best such that neither this run nor those
    before it have trained on, since what a network knows by heart it colors more vividly.
    """

    def __init__(self, teacher: Generator, recipe: Recipe, seen_by: dict[str, PhotoSet], team: Team) -> None:
        self.teacher, self.team = teacher, team
        self.start_share, self.size = recipe.start_share, recipe.validation_size
        self.photos = [seen_by[name] for name in recipe.rehearsed]
        self.vividness: float | None = None  # mean colorfulness that the teacher gives what is rehearsed

    def of(self, stage: Stage) -> Recolor | None:
        """Puts the teacher's colors in place of the true ones of what the stage rehearses; None where it is nothing."""
        mine = stage.places[self.team.rank :: self.team.size]
        kept = torch.tensor([name in stage.rehearses for name in mine])
        if not kept.any():
            return None

        def recolor(light: Tensor, ab: Tensor) -> Tensor:
            known = predict_ab(self.teacher, light[kept].to(self.team.device)).to(ab)
            return ab.masked_scatter(kept[:, None, None, None], known)

        return recolor

    def blend(self, newest: Generator, *, heed: Callable[[], None]) -> Generator:
        """What comes out of the run: its first and newest weights, as vivid as the teacher on what is rehearsed."""
        blended = copy.deepcopy(newest)
        average(blended, self.teacher, 1 - self.start_share)
        if self.photos:
            self._refresh(blended, heed)
        return blended

    def _refresh(self, generator: Generator, heed: Callable[[], None]) -> None:
        if self.vividness is None:
            self.vividness = self._vividness(self.teacher, heed)
        gain = generator.config.chroma_gain * self.vividness / max(self._vividness(generator, heed), FADED_AWAY)
        generator.config = replace(generator.config, chroma_gain=round(gain, 3))

    def _vividness(self, generator: Generator, heed: Callable[[], None]) -> float:
        """Mean colorfulness of what it makes of the same pictures each time."""
        painters, seen = {OWN: painter_of(generator)}, []
        for photos in self.photos:
            for look in looks(painters, photos, size=self.size, total=min(COMPARED, len(photos))):
                seen.append(colorfulness(look.rgbs[OWN]))
                heed()
        return float(torch.cat(seen).mean())
