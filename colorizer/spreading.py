"""How far a color that was told reaches: over what belongs to the same thing, as light and the network's colors tell.

The way from a stroke counts by its length and by the edges that it crosses (a geodesic distance), and what lies at its
end by how much it is like the place that was told. The figures were chosen on training photographs with true colors
told at random points, so that the whole picture comes nearest to the truth.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .merging import Chroma
from .painting import Floats

REACH = 0.7  # of the short side, where nothing is crossed
EDGES = 300.0  # units of L, all crossed edges added up, that count as much as REACH
LIGHT_ALIKE = 16.0  # units of L
COLOR_ALIKE = 12.0  # of the ab that the network proposed
NEAR = 0.1  # of REACH: within it the own stroke alone counts, wherever others are

Mask = NDArray[np.bool_]


def spread(seen: Chroma, strokes: Sequence[tuple[Mask, Floats]]) -> Floats:
    """Strokes (h, w), each with the chroma (2,) that it lacks, to what is to be added everywhere: (2, h, w).

    `seen` is what the network proposed. Where several strokes reach, the nearer one has more to say.
    """
    total = np.zeros_like(seen.ab)
    held, shares = np.zeros(seen.light.shape), np.full(seen.light.shape, 1e-9)
    for told, lacking in strokes:
        way, alike = _way(seen, told), _likeness(seen, told)
        holds = alike * np.exp(-(way**2) / 2)
        share = holds / (way + NEAR) ** 2
        total += share * lacking[:, None, None]
        held += holds
        shares += share
    return (total / shares * np.minimum(held, 1)).astype(np.float32)


def _way(seen: Chroma, told: Mask) -> NDArray[np.float64]:
    """From the stroke to each place (h, w), in units of REACH."""
    from skimage.graph import MCP_Geometric  # brings scipy: most photographs are told nothing

    steps = 1 / (REACH * min(told.shape)) + np.hypot(*_slopes(seen.light)) / EDGES
    return MCP_Geometric(steps).find_costs(np.argwhere(told))[0]


def _slopes(light: Floats) -> list[Floats]:
    """Down and across (h, w); 0 along a side of one place, as a ribbon's is."""
    return [np.gradient(light, axis=axis) if light.shape[axis] > 1 else np.zeros_like(light) for axis in (0, 1)]


def _likeness(seen: Chroma, told: Mask) -> NDArray[np.float64]:
    """Of each place (h, w) to the stroke, 0..1."""
    light = (seen.light - seen.light[told].mean()) / LIGHT_ALIKE
    color = np.linalg.norm(seen.ab - seen.ab[:, told].mean(axis=1)[:, None, None], axis=0) / COLOR_ALIKE
    return np.exp(-(light**2 + color**2) / 2)
