"""Rehearsal: what a network knows is kept by asking it for the colors that it gave when the run began.

Learning without Forgetting (Li and Hoiem 2016). The truth in its place would draw the colors of everything to an
average: they would fade in the first minutes.
"""

import torch
from torch import Tensor

from .config import Stage
from .data import Recolor
from .generator import Generator
from .inference import predict_ab
from .team import Team


class Rehearsal:
    """`teacher` is the generator as the run begins, in eval mode."""

    def __init__(self, teacher: Generator, team: Team) -> None:
        self.teacher, self.team = teacher, team

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
