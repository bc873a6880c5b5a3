"""How far a color that was told reaches: over what is like the place that was told, as light, color and network say.

What is missing at the told places is a sample of what is missing everywhere: a Gaussian process (Rasmussen and Williams
2006, equation 2.25; in the earth sciences kriging), whose covariance is how alike two places are. Every place has
coordinates for that: its light, the chroma that the network proposed, where it lies, and an embedding in which a
generator that was taught to listen (`listening`) puts near each other what belongs to the same thing.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .merging import Chroma
from .painting import Floats

# Two kinds of likeness, near and far: by units of L, units of ab, and short sides of the photograph.
SCALES = ((1 / 45, 1 / 35, 3.0), (1 / 75, 1 / 55, 0.5))
SHARES = (0.4, 0.6)  # of each, where they are added up
KINDS = len(SCALES)
UNTAUGHT = 2.0  # all of them, where no embedding tells things apart
FOREIGN, OWN = 0.3, 0.7  # greatest likeness to a told place: up to it nothing changes, and from it all that is likely
NOISE = 0.03  # variance of what is told beside that of what is missing: with less, hints that disagree swing too far
AT_ONCE = 4096  # places, so that memory stays small

Owners = NDArray[np.int64]


@torch.inference_mode()
def spread(seen: Chroma, owners: Owners, lacking: Floats) -> Floats:
    """What to add everywhere (2, h, w), where spot n lacks chroma `lacking` (n, 2) at the places (h, w) that it owns.

    `seen` is what the network proposed, places that no spot owns are below 0, and each spot owns at least one. Nothing
    is changed further than what is told is.
    """
    alike = None if seen.alike is None else torch.from_numpy(seen.alike)
    places = coordinates(torch.from_numpy(seen.light), torch.from_numpy(seen.ab), alike)
    told = means(places, torch.from_numpy(owners).flatten(), len(lacking))
    missing = torch.from_numpy(lacking).float()
    weights = weigh(told, missing)
    answer = torch.cat([fill(part, told, weights) for part in places.split(AT_ONCE, dim=1)])
    least, most = missing.amin(dim=0).clamp_max(0), missing.amax(dim=0).clamp_min(0)
    return answer.clamp(least, most).T.reshape(seen.ab.shape).numpy()


def coordinates(light: Tensor, ab: Tensor, alike: Tensor | None) -> Tensor:
    """L (h, w), proposed ab (2, h, w) and an embedding (KINDS d, h/2, w/2) to (KINDS, h w, d + 5): near means alike."""
    height, width = light.shape
    rows, columns = ((torch.arange(size) + 0.5) / min(height, width) for size in (height, width))
    place = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
    embeddings = light.new_zeros(KINDS, 0, height, width)
    if alike is not None:
        wide = F.interpolate(alike[None], scale_factor=2, mode="bilinear", align_corners=False)[0, :, :height, :width]
        embeddings = wide.unflatten(0, (KINDS, -1))
    sharper = UNTAUGHT if alike is None else 1.0
    kinds = []
    for (by_light, by_color, by_place), embedding in zip(SCALES, embeddings, strict=True):
        known = torch.cat((by_light * light[None], by_color * ab, by_place * place)) * sharper
        kinds.append(torch.cat((known, embedding)).flatten(1).T)
    return torch.stack(kinds)


def means(places: Tensor, owners: Tensor, spots: int) -> Tensor:
    """Of the coordinates (KINDS, p, c) of the places that each spot owns, by `owners` (p,): (KINDS, spots, c)."""
    owned = owners >= 0
    total = places.new_zeros(len(places), spots, places.shape[2]).index_add(1, owners[owned], places[:, owned])
    return total / torch.bincount(owners[owned], minlength=spots)[:, None]


def weigh(told: Tensor, missing: Tensor) -> Tensor:
    """What is missing (n, 2) at the coordinates told (KINDS, n, c) to the weights (n, 2) that `fill` takes."""
    return torch.linalg.solve(_covariance(told, told) + NOISE * torch.eye(len(missing)), missing)


def fill(places: Tensor, told: Tensor, weights: Tensor) -> Tensor:
    """What is most likely missing (p, 2) at coordinates (KINDS, p, c), by those told (KINDS, n, c) and `weigh`.

    Of places that are like no told one little would be missing; as the eye minds a tint on what it did not touch more
    than a paler thing, nothing is.
    """
    alike = _covariance(places, told)
    belongs = ((alike.amax(dim=1, keepdim=True) - FOREIGN) / (OWN - FOREIGN)).clamp(0, 1)
    return belongs**2 * (3 - 2 * belongs) * (alike @ weights)  # smoothly from 0 to all


def _covariance(some: Tensor, others: Tensor) -> Tensor:
    """(KINDS, m, c) and (KINDS, n, c) to (m, n) in 0..1."""
    squares = some.square().sum(dim=2)[:, :, None] + others.square().sum(dim=2)[:, None] - 2 * some @ others.mT
    return torch.tensordot(squares.new_tensor(SHARES), torch.exp(squares.clamp_min(0) / -2), dims=1)
