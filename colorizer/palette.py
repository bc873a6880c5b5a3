"""Which colors are likely at a place of a photograph: the modes of the generator's distribution over chroma there.

Neighbors of a mode are one color with it: two shades of the same brown are no choice.
"""

import numpy as np
import torch

from .color import lab_to_rgb
from .generator import BIN_SIZE
from .inference import Distribution
from .painting import Floats

MOST_COLORS = 8
APART = 22.0  # in ab: what is nearer is the same color to who chooses
AROUND = 1  # places on each side whose shares count too
LEAST_SHARE = 0.002  # of all likelihood; below it a color is an accident


def likely_colors(distribution: Distribution, place: tuple[float, float]) -> list[str]:
    """As #rrggbb at the light of the place (x, y), each 0..1 of the sides; most likely first."""
    _, height, width = distribution.shares.shape
    x, y = min(width - 1, int(place[0] * width)), min(height - 1, int(place[1] * height))
    rows, columns = (slice(max(0, at - AROUND), at + AROUND + 1) for at in (y, x))
    shares = distribution.shares[:, rows, columns].mean(axis=(1, 2))
    light = float(distribution.light[y, x])
    written = [_written(light, ab) for ab in modes(shares, distribution.centers)]
    return list(dict.fromkeys(written))  # in the dark, several are the same


def modes(shares: Floats, centers: Floats) -> list[Floats]:
    """Of shares (Q,) over chroma (Q, 2): the means of what is most likely together, none nearer than APART."""
    distances = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    together = distances < 1.5 * BIN_SIZE  # a bin and its neighbors
    likely = together @ shares
    found: list[Floats] = []
    for number in np.argsort(-likely):
        if likely[number] < LEAST_SHARE or len(found) == MOST_COLORS:
            break
        weights = together[number] * shares
        mean = weights @ centers / weights.sum()
        if all(np.linalg.norm(mean - other) >= APART for other in found):
            found.append(mean)
    return found


def _written(light: float, ab: Floats) -> str:
    rgb = lab_to_rgb(torch.tensor((light, *ab.tolist())).view(3, 1, 1)).flatten()
    return "#" + "".join(f"{round(255 * value):02x}" for value in rgb.tolist())
