"""Colors that are told: spots and grey regions, kept to in the generator's answer; and what training reveals.

A stroke is a row of spots. In training input planes reveal the truth at random places (Zhang 2017).
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .color import AB_MAX, rgb_to_lab
from .errors import HintsError
from .merging import Chroma
from .painting import Floats
from .spreading import spread

MOST_SPOTS = 500
FARTHEST = 1_000_000  # pixels: beyond any photograph
MOST_POINTS = 20  # revealed of one picture in training; half of the pictures reveal none
POINTS_SHARE = 0.2  # of the geometric distribution of their number
LEAST_RADIUS = 1.5  # places of the small chroma: all four that a pixel at the spot's center is mixed of
NOBODY = -1  # owns a place that no spot covers


@dataclass(frozen=True)
class Spot:
    """A disc on the upright photograph, in its pixels, and the chroma ab wanted there; (0, 0) keeps it grey."""

    x: float
    y: float
    radius: float
    ab: tuple[float, float]


@dataclass(frozen=True)
class Hints:
    """Later spots lie over earlier ones, grey regions over all."""

    colors: tuple[Spot, ...] = ()
    grey: tuple[Spot, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.colors or self.grey)

    @classmethod
    def read(cls, path: Path) -> "Hints":
        """From a JSON file as `parse` takes it. Raises HintsError."""
        try:
            return cls.parse(json.loads(path.read_text()))
        except (OSError, ValueError, RecursionError) as error:
            raise HintsError(f"The hints {path.name} cannot be read: {error}") from error

    @classmethod
    def parse(cls, value: Any) -> "Hints":
        """From {"hints": [{"x", "y", "radius", "color": "#rrggbb"}], "keep_grey": [{"x", "y", "radius"}]}.

        Places and radii are pixels of the upright photograph at full size. Raises HintsError.
        """
        if not isinstance(value, dict) or set(value) - {"hints", "keep_grey"}:
            raise HintsError('Hints must be an object with "hints" and "keep_grey", each a list.')
        colors, grey = value.get("hints", []), value.get("keep_grey", [])
        if not isinstance(colors, list) or not isinstance(grey, list):
            raise HintsError('"hints" and "keep_grey" must be lists.')
        if len(colors) + len(grey) > MOST_SPOTS:
            raise HintsError(f"There are {len(colors) + len(grey)} hints; at most {MOST_SPOTS} are taken.")
        return cls(
            colors=tuple(_spot(entry, _ab_of(entry)) for entry in colors),
            grey=tuple(_spot(entry, (0.0, 0.0)) for entry in grey),
        )

    @property
    def spots(self) -> tuple[Spot, ...]:
        return self.colors + self.grey

    def correction(self, ab: Floats, seen: Chroma, photo: tuple[int, int]) -> Floats:
        """What to add to chroma (2, h, w), so that each spot has its color; `seen` is what the network proposed.

        Inside a spot its color holds exactly; outside, as far as it reaches (`spreading`), but for grey regions, which
        end at their border. Raises HintsError for a spot that lies beyond the photograph's (width, height).
        """
        for spot in self.spots:
            if np.hypot(max(spot.x - photo[0], 0), max(spot.y - photo[1], 0)) > spot.radius:
                raise HintsError(
                    f"The hint at ({spot.x:g}, {spot.y:g}) lies outside the photograph, "
                    f"which has {photo[0]} x {photo[1]} pixels."
                )
        size = (ab.shape[2], ab.shape[1])
        owners = np.full(ab.shape[1:], NOBODY)
        for number, spot in enumerate(self.colors):
            owners[_inside(spot, photo, size)] = number
        total = np.zeros_like(ab)
        grey = np.zeros(owners.shape, bool)
        for spot in self.grey:
            grey |= _inside(spot, photo, size)
        owners[grey] = NOBODY
        told = owners != NOBODY
        if told.any():
            numbers, owners[told] = np.unique(owners[told], return_inverse=True)  # without those that are covered
            wanted = np.array([self.colors[number].ab for number in numbers], np.float32)
            there = np.stack([np.bincount(owners[told], plane[told]) for plane in ab], axis=1)
            lacking = wanted - (there / np.bincount(owners[told])[:, None]).astype(np.float32)
            total = spread(seen, owners, lacking)
            total[:, told] = wanted[owners[told]].T - ab[:, told]
        total[:, grey] = -ab[:, grey]
        return total


def _inside(spot: Spot, photo: tuple[int, int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which places (h, w) of a picture of `size` (w, h) the spot covers."""
    return _distance(spot, photo, size) <= 0


def _ab_of(entry: Any) -> tuple[float, float]:
    color = entry.get("color") if isinstance(entry, dict) else None
    if not isinstance(color, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise HintsError(f"A hint's color must be written as #rrggbb, not {color!r}.")
    rgb = torch.tensor(list(bytes.fromhex(color[1:]))).view(3, 1, 1) / 255
    _, a, b = rgb_to_lab(rgb).flatten().tolist()
    return a, b


def _spot(entry: Any, ab: tuple[float, float]) -> Spot:
    if not isinstance(entry, dict):
        raise HintsError("Each hint must be an object with x, y and radius.")
    numbers = [entry.get(name) for name in ("x", "y", "radius")]
    if any(isinstance(n, bool) or not isinstance(n, int | float) or not 0 <= n <= FARTHEST for n in numbers):
        raise HintsError(f"Each hint needs x, y and radius, in pixels of the photograph, from 0 to {FARTHEST}.")
    return Spot(*map(float, numbers), ab=ab)


def _distance(spot: Spot, photo: tuple[int, int], size: tuple[int, int]) -> NDArray[np.float64]:
    """How far each place (h, w) of a picture of `size` (w, h) lies outside the spot."""
    scale_x, scale_y = size[0] / photo[0], size[1] / photo[1]
    x = (np.arange(size[0]) + 0.5) - spot.x * scale_x
    y = (np.arange(size[1]) + 0.5) - spot.y * scale_y
    radius = max(spot.radius * (scale_x + scale_y) / 2, LEAST_RADIUS)
    return np.hypot(x[None, :], y[:, None]) - radius


def reveal(ab: Tensor, generator: torch.Generator) -> Tensor:
    """True ab (N, 2, H, W) to hint planes (N, 3, H, W): random squares of 2 to 12 pixels, in their mean color.

    Half of the pictures reveal nothing, so that the generator colors as well on its own; one in a hundred
    reveals everything (Zhang 2017).
    """
    n, _, h, w = ab.shape
    planes = ab.new_zeros(n, 3, h, w)
    for picture in range(n):
        kind = float(torch.rand(1, generator=generator))
        if kind < 0.5:
            continue
        if kind < 0.51:
            planes[picture] = torch.cat((ab[picture] / AB_MAX, ab.new_ones(1, h, w)))
            continue
        points = 1
        while points < MOST_POINTS and float(torch.rand(1, generator=generator)) > POINTS_SHARE:
            points += 1
        reveal_points(ab[picture], planes[picture], points, generator)
    return planes


def reveal_points(ab: Tensor, planes: Tensor, points: int, generator: torch.Generator) -> None:
    """Draw the mean color of so many random squares of ab (2, H, W) into the planes (3, H, W)."""
    h, w = ab.shape[1:]
    for _ in range(points):
        side = int(torch.randint(2, 13, (1,), generator=generator))
        top = int(torch.randint(0, h - side + 1, (1,), generator=generator))
        left = int(torch.randint(0, w - side + 1, (1,), generator=generator))
        place = (slice(None), slice(top, top + side), slice(left, left + side))
        planes[place][:2] = ab[place].mean(dim=(1, 2), keepdim=True) / AB_MAX
        planes[place][2] = 1
