"""Lays the network's small chroma over the photograph's own light at full size: 8 or 16 bit, any size, memory flat.

Chroma follows the photograph's edges: near every place a and b are taken for lines in L, with the slopes of
a fast guided filter (He and Sun 2015, arXiv 1505.00996). Unlike there, each line goes through the network's own
answer at its place instead of an average, so nothing that the network said is blurred; and it ends a little beyond
the lights around its place, so that a scratch, lighter than all of them, does not get a color that nobody said. Slopes,
offsets and ends are small pictures, laid out bilinearly; `painting` goes over the pixels. Nothing here reads or writes
files; pixels may be memory-mapped.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .painting import Axis, Floats, Pixels, paint, tables

BAND_ROWS = 128  # that a thread paints at a time
STEEPEST = 1e6  # slope or offset of a line; chroma's are below 100, and far above this single precision ends
WINDOW, NOISE = 3, 30.0  # of the guided filter: side in places of the chroma, variance of L not to be followed
BEYOND = 5.0  # units of L that a line goes on past the darkest and the lightest place of its window
WARM_HUE = math.radians(55)  # between skin and lamplight; the hue farthest from it is a cool blue
WARMTH = 0.5  # chroma of the warmest and the coolest hue at full warmth: one half more, one half less


@dataclass(frozen=True)
class Chroma:
    """What the network says of a photograph, of any size h x w that has the photograph's aspect."""

    ab: Floats  # (2, h, w)
    light: Floats  # (h, w): the photograph's L in 0..100 at the same places
    alike: Floats | None = None  # (C, h/2, w/2), an embedding: places that belong together are near each other in it


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
    chroma is zero, R, G and B are equal. Raises ValueError for other shapes and types, and for chroma without bounds.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.shape[2:] not in ((1,), (3,)):
        raise ValueError(f"Pixels of shape {pixels.shape} and type {pixels.dtype} cannot be merged.")
    height, width, _ = pixels.shape
    if out.shape != (height, width, 3) or out.dtype != pixels.dtype:
        raise ValueError(f"The output must be {(height, width, 3)} of {pixels.dtype}, not {out.shape} of {out.dtype}.")
    pixels = pixels.view()
    pixels.flags.writeable = False  # always, since for numba that is another type and would be compiled once more
    lines = guided_lines(chroma)
    if not (np.abs(lines) < STEEPEST).all():  # compiled code would look beyond the ends of its tables
        raise ValueError("Chroma that is infinite or not a number cannot be merged.")
    how = {
        "rows": _interpolation(height, lines.shape[1]),
        "columns": _interpolation(width, lines.shape[2]),
        "tables": tables(pixels.dtype),
    }

    def band(top: int) -> int:
        return paint(pixels, lines, out, top=top, bottom=min(height, top + BAND_ROWS), **how)

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        gave_way = sum(threads.map(band, range(0, height, BAND_ROWS)))
    return Merged(gave_way=gave_way / (height * width))


def prepare() -> None:
    """Load the compiled loops, or compile them, which takes seconds: so that the first photograph does not wait."""
    chroma = Chroma(ab=np.zeros((2, 2, 2), np.float32), light=np.zeros((2, 2), np.float32))
    for dtype in (np.uint8, np.uint16):
        merge(np.zeros((2, 2), dtype), chroma, np.zeros((2, 2, 3), dtype))


def guided_lines(chroma: Chroma) -> Floats:
    """The chroma as lines in fy: (6, h, w), slopes and offsets of fx - fy and fz - fy, then the ends of the lines.

    fy = (L + 16) / 116, fx = fy + a / 500 and fz = fy - b / 200: with a = A L + B, fx - fy is a line in fy.
    """
    ab, light = torch.from_numpy(chroma.ab), torch.from_numpy(chroma.light)[None]

    def window_mean(x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(x, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)

    def window_largest(x: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(x, WINDOW, stride=1, padding=WINDOW // 2)

    mean = window_mean(light)
    covariance = window_mean(light * ab) - mean * window_mean(ab)
    slope = window_mean(covariance / (window_mean(light * light) - mean * mean + NOISE))
    slope = slope * (ab != 0).any(dim=0)  # what is kept grey is grey at every light
    offset = ab - slope * light
    share = torch.tensor((1 / 500, -1 / 200))[:, None, None]
    ends = torch.cat((-window_largest(-light) - BEYOND, window_largest(light) + BEYOND))
    return torch.cat((116 * share * slope, share * (offset - 16 * slope), (ends + 16) / 116)).numpy()


def _interpolation(size: int, small: int) -> Axis:
    """Of `small` places to `size` pixels, centers at halves."""
    at = ((np.arange(size) + 0.5) * (small / size) - 0.5).clip(0, small - 1)
    first = np.floor(at).astype(np.int32)
    return Axis(first, np.minimum(first + 1, np.int32(small - 1)), (at - first).astype(np.float32))
