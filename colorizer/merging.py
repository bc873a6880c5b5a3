"""Lays the network's small chroma over the photograph's own light at full size: 8 or 16 bit, any size, memory flat.

Works in tiles, two steps for each: what chroma the place has, and which code
that is. Chroma follows the photograph's edges: near every place a and b are taken for lines in L, with the slopes of
a fast guided filter (He and Sun 2015, arXiv 1505.00996). Unlike there, each line goes through the network's own
answer at its place instead of an average, so nothing that the network said is blurred. Slopes and offsets are small
pictures, laid out bilinearly. Nothing here reads or writes files; pixels may be memory-mapped.
"""

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .tiles import TILE_COLUMNS, TILE_ROWS, Floats, Pixels, Tile, product

THREADS = 2  # each with a tile of its own; more would wait for Python's lock between numpy's calls
WINDOW, NOISE = 3, 30.0  # of the guided filter: side in places of the chroma, variance of L not to be followed
WARM_HUE = math.radians(55)  # between skin and lamplight; the hue farthest from it is a cool blue
WARMTH = 0.5  # chroma of the warmest and the coolest hue at full warmth: one half more, one half less


@dataclass(frozen=True)
class Chroma:
    """What the network says of a photograph, of any size h x w that has the photograph's aspect."""

    ab: Floats  # (2, h, w)
    light: Floats  # (h, w): the photograph's L in 0..100 at the same places


@dataclass(frozen=True)
class Merged:
    """What became of the colors of a merge."""

    gave_way: float  # share 0..1 of pixels whose chroma was cut by over a hundredth because sRGB has no such color


def adjust_chroma(ab: Floats, *, vividness: float, warmth: float) -> Floats:
    """Chroma (2, h, w) made stronger or weaker; hue and light stay.

    `vividness` 0..2 multiplies all chroma, 1 leaves it. `warmth` -1..1 multiplies by 1 + WARMTH warmth cos(hue -
    WARM_HUE): above 0 warm hues grow and cool ones shrink, below 0 the other way round.
    """
    if not (0 <= vividness <= 2 and -1 <= warmth <= 1):
        raise ValueError(f"Vividness {vividness} must be in 0..2 and warmth {warmth} in -1..1.")
    hue = np.arctan2(ab[1], ab[0])
    factor = vividness * (1 + WARMTH * warmth * np.cos(hue - WARM_HUE))
    return (ab * factor).astype(np.float32)


def merge(pixels: Pixels, chroma: Chroma, out: Pixels) -> Merged:
    """Fill `out` with the photograph's own light under the network's chroma.

    `pixels` is (H, W), (H, W, 1) or (H, W, 3), uint8 or uint16, sRGB or grey with the sRGB curve; of colors only
    the luminance Y is looked at. `out` is (H, W, 3) of the same type, and may be memory-mapped like `pixels`.
    A color outside sRGB is drawn towards the grey of its own Y in linear light, as in `color.lab_to_rgb`; where
    chroma is zero, R, G and B are equal. Raises ValueError for other shapes and types.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    height, width = pixels.shape[:2]
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.shape[2:] not in ((), (3,)):
        raise ValueError(f"Pixels of shape {pixels.shape} and type {pixels.dtype} cannot be merged.")
    if out.shape != (height, width, 3) or out.dtype != pixels.dtype:
        raise ValueError(f"The output must be {(height, width, 3)} of {pixels.dtype}, not {out.shape} of {out.dtype}.")
    lines = guided_lines(chroma)
    columns = list(_interpolation(width, lines.shape[2], TILE_COLUMNS))
    own = threading.local()

    def paint(rows: _Span) -> int:
        if not hasattr(own, "tile"):
            own.tile = Tile(pixels.dtype)
        band = product(rows.weights, lines[:, rows.first : rows.last])  # (4, rows, w)
        gave_way = 0
        for place in columns:
            here = (slice(rows.start, rows.stop), slice(place.start, place.stop))
            spread = own.tile.spread(band[..., place.first : place.last], place.weights.T)
            gave_way += own.tile.paint(pixels[here], spread, out[here])
        return gave_way

    with ThreadPoolExecutor(THREADS) as threads:
        gave_way = sum(threads.map(paint, _interpolation(height, lines.shape[1], TILE_ROWS)))
    return Merged(gave_way=gave_way / (height * width))


def guided_lines(chroma: Chroma) -> Floats:
    """The chroma as lines in fy, for the cubes of X and Z: (4, h, w), slopes of fx, fz, then offsets of fx, fz.

    fy = (L + 16) / 116, fx = fy + a / 500 and fz = fy - b / 200, so with a = A L + B, fx is a line in fy too.
    """
    ab, light = torch.from_numpy(chroma.ab), torch.from_numpy(chroma.light)[None]

    def window_mean(x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(x, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)

    mean = window_mean(light)
    covariance = window_mean(light * ab) - mean * window_mean(ab)
    slope = window_mean(covariance / (window_mean(light * light) - mean * mean + NOISE))
    offset = ab - slope * light
    share = torch.tensor((1 / 500, -1 / 200))[:, None, None]
    return torch.cat((1 + 116 * share * slope, share * (offset - 16 * slope))).numpy()


@dataclass(frozen=True)
class _Span:
    """Pixels start..stop of one axis, and how they are made of the small picture's first..last."""

    start: int
    stop: int
    first: int
    last: int
    weights: Floats  # (stop - start, last - first)


def _interpolation(size: int, small: int, step: int) -> Iterator[_Span]:
    """Bilinear interpolation of `small` places to `size` pixels, centers at halves, as matrices for `step` pixels."""
    for start in range(0, size, step):
        stop = min(size, start + step)
        at = ((np.arange(start, stop) + 0.5) * (small / size) - 0.5).clip(0, small - 1)
        low = np.floor(at).astype(int).clip(0, max(0, small - 2))
        # Weights are multiples of 2^-22, so that they add up to one exactly and a slope of one stays one.
        upper = np.round((at - low) * 2**22) / 2**22
        first, last = int(low[0]), min(small, int(low[-1]) + 2)
        weights = np.zeros((stop - start, last - first), np.float32)
        rows = np.arange(stop - start)
        weights[rows, low - first] = 1 - upper
        if small > 1:
            weights[rows, low - first + 1] += upper.astype(np.float32)
        yield _Span(start, stop, first, last, weights)
