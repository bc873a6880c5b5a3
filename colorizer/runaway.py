"""When to give a run up: a generator that fights a discriminator may leave all measure, and no loss tells of it.

The limits are first guesses; they are wide, so that only what nobody would want to look at ends a run.
"""

import math
from dataclasses import dataclass

from .evaluation import TRUTH
from .reports import Figures


@dataclass(frozen=True)
class Limits:
    """How far the mean colorfulness of a set may go, as a multiple of others' and above both, and its share of
    pixels outside sRGB."""

    of_truth: float = 1.6
    of_start: float = 1.5
    outside_gamut_share: float = 0.3


LIMITS = Limits()


def what_ran_away(figures: Figures, start: Figures | None) -> str | None:
    """The reason to end a run with these figures, as a plain sentence; None where there is none.

    `start` is what the run began with; a run from ImageNet's encoder began with no color at all.
    """
    for name, rows in figures.items():
        own = rows["generator"]
        color, truth = own["colorfulness"], rows[TRUTH]["colorfulness"]
        before = start[name]["generator"]["colorfulness"] if start and name in start else 0.0
        if not all(math.isfinite(value) for value in own.values()):
            return f"The colors of {name} were no longer numbers."
        if color > max(LIMITS.of_truth * truth, LIMITS.of_start * before):
            return f"Color ran away: the colorfulness of {name} was {color:.1f}, the truth's is {truth:.1f}."
        if own["outside_gamut_share"] > LIMITS.outside_gamut_share:
            return f"Color ran away: {own['outside_gamut_share']:.0%} of {name} lay outside what a screen can show."
    return None
