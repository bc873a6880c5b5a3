"""Paints rows of a photograph: its own light, and lines of chroma laid over it, to codes of 8 or 16 bit.

The only loops in Python over all pixels, so numba compiles them: at their first use, then remembered in a file. A row
is done in three turns, so that formulas become vectors and only tables are looked up pixel by pixel. No transcendental
function for any pixel. What chroma a place has is `merging`'s.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from .color import DELTA, RGB_TO_XYZ, WHITE, linear_to_srgb, srgb_to_linear

Floats = NDArray[np.float32]
Pixels = NDArray[Any]  # uint8 or uint16
Function = TypeVar("Function", bound=Callable[..., Any])

ONE = np.float32(1)  # in compiled code a plain number would make everything double precision
KNEE, SLOPE, SHIFT = np.float32(DELTA), np.float32(3 * DELTA**2), np.float32(2 * DELTA**3)
LOST, FAINT = np.float32(0.99), np.float32(0.005)  # gave way: keeps less of its chroma; fainter light is no color

# Minima, maxima and roots without a look at infinities and at numbers that are none: there are no such here.
_FAST = {"fastmath": {"nnan", "ninf", "nsz"}, "error_model": "numpy"}


class Axis(NamedTuple):
    """Bilinear interpolation, for each pixel of a side: two places of a small picture and what the second weighs."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    weight: Floats


class Tables(NamedTuple):
    """Codes to light and back, for uint8 or uint16. Light is squared roots: even steps of it are even to the eye."""

    white: np.float32  # in squared steps
    code_to_f: Floats  # Lab's f of a grey
    code_to_parts: Floats  # (3, codes): what each channel adds to Y, in squared steps
    step_to_f: Floats
    step_to_code: Pixels
    to_rgb: Floats  # (3, 2): from X - Y and Z - Y in 0..1 to linear R, G, B less Y in squared steps


@lru_cache(maxsize=2)
def tables(dtype: np.dtype[Any]) -> Tables:
    codes = np.iinfo(dtype).max
    steps = 1 << (14 if codes == 255 else 17)  # of the root; finer than half a code everywhere
    white = float(steps) ** 2
    linear = srgb_to_linear(torch.linspace(0, 1, codes + 1, dtype=torch.float64)).numpy()
    luminance = np.array(RGB_TO_XYZ[1]) / sum(RGB_TO_XYZ[1])
    middle = ((np.arange(steps + 1) + 0.5) / steps).clip(0, 1) ** 2  # of what falls upon a step
    step_to_code = (linear_to_srgb(torch.from_numpy(middle)).numpy() * codes).round().astype(dtype)
    step_to_code[-1] = codes
    to_rgb = np.linalg.inv(np.array(RGB_TO_XYZ) / np.array(WHITE)[:, None])
    return Tables(
        white=np.float32(white),
        code_to_f=_f(linear),
        code_to_parts=(white * luminance[:, None] * linear).astype(np.float32),
        step_to_f=_f((np.arange(steps + 1) / steps) ** 2),
        step_to_code=step_to_code,
        to_rgb=(white * to_rgb[:, [0, 2]]).astype(np.float32),
    )


def _f(linear: NDArray[np.float64]) -> Floats:
    return np.where(linear > DELTA**3, np.cbrt(linear), linear / (3 * DELTA**2) + 4 / 29).astype(np.float32)


def _compiled(function: Function) -> Function:
    """With Python's lock let go. Remembered beside the module, or else in the user's own folder of caches."""
    try:
        return numba.njit(nogil=True, cache=True, **_FAST)(function)
    except RuntimeError:  # neither can be written: each process compiles anew, which takes a second or two
        return numba.njit(nogil=True, **_FAST)(function)


@_compiled
def paint(
    pixels: Pixels, lines: Floats, out: Pixels, *, top: int, bottom: int, rows: Axis, columns: Axis, tables: Tables
) -> int:
    """Fill rows top..bottom of `out` (H, W, 3) from `pixels` (H, W, 1 or 3) and `merging.guided_lines` (6, h, w).

    Answers how many pixels' colors gave way. Nothing is checked here: `merging.merge` does that.
    """
    width = pixels.shape[1]
    light = np.empty((2, width), np.float32)
    steps = np.empty((3, width), np.uint32)
    above, below = np.empty((6, width), np.float32), np.empty((6, width), np.float32)
    gave_way, place = 0, -1
    for y in range(top, bottom):
        if rows.first[y] != place:
            place = rows.first[y]
            _spread(lines[:, place], columns, above)
            _spread(lines[:, rows.second[y]], columns, below)
        _see(pixels[y], tables, light)
        gave_way += _color(light, above, below, rows.weight[y], tables, steps)
        _encode(steps, tables.step_to_code, out[y])
    return gave_way


# Between compiled functions numba passes on only what has a place, no keywords.


@numba.njit(**_FAST)
def _spread(small: Floats, columns: Axis, wide: Floats) -> None:
    """Lines (6, w) to (6, W)."""
    for line in range(6):
        for x in range(columns.weight.size):
            left, right = small[line, columns.first[x]], small[line, columns.second[x]]
            wide[line, x] = left + columns.weight[x] * (right - left)


@numba.njit(**_FAST)
def _see(pixels: Pixels, tables: Tables, light: Floats) -> None:
    """fy, and Y in squared steps, of pixels (W, 1) or (W, 3) into light (2, W)."""
    parts = tables.code_to_parts
    if pixels.shape[1] == 1:
        for x in range(pixels.shape[0]):
            light[0, x] = tables.code_to_f[pixels[x, 0]]
            light[1, x] = _cube(light[0, x]) * tables.white
        return
    for x in range(pixels.shape[0]):
        y = min(parts[0, pixels[x, 0]] + parts[1, pixels[x, 1]] + parts[2, pixels[x, 2]], tables.white)
        light[0, x] = tables.step_to_f[np.uint32(np.sqrt(y))]
        light[1, x] = y


@numba.njit(**_FAST)
def _color(
    light: Floats, above: Floats, below: Floats, weight: float, tables: Tables, steps: NDArray[np.uint32]
) -> int:
    """Linear R, G, B of a row, as whole steps of their roots (3, W), drawn towards the grey of Y just until all fit."""
    white, m = tables.white, tables.to_rgb
    gave_way = np.int32(0)
    for x in range(light.shape[1]):
        fy, y = light[0, x], light[1, x]
        darkest, lightest = _between(above[4, x], below[4, x], weight), _between(above[5, x], below[5, x], weight)
        on_line = min(max(fy, darkest), lightest)
        fx = fy + _between(above[0, x], below[0, x], weight) * on_line + _between(above[2, x], below[2, x], weight)
        fz = fy + _between(above[1, x], below[1, x], weight) * on_line + _between(above[3, x], below[3, x], weight)
        own = _cube(fy)
        x_y, z_y = _cube(fx) - own, _cube(fz) - own
        red, green, blue = m[0, 0] * x_y + m[0, 1] * z_y, m[1, 0] * x_y + m[1, 1] * z_y, m[2, 0] * x_y + m[2, 1] * z_y
        # The differences to Y weigh up to zero: the largest is never below it and the smallest never above.
        high, low = max(red, green, blue), min(red, green, blue)
        keep = min(ONE, (white - y) / max(high, ONE), y / max(-low, ONE))
        gave_way += (keep < LOST) & (high - low > FAINT * white)
        # A hair below zero is zero.
        steps[0, x] = np.int32(np.sqrt(abs(y + keep * red)))
        steps[1, x] = np.int32(np.sqrt(abs(y + keep * green)))
        steps[2, x] = np.int32(np.sqrt(abs(y + keep * blue)))
    return gave_way


@numba.njit(**_FAST)
def _between(first: float, second: float, weight: float) -> float:
    return first + weight * (second - first)


@numba.njit(**_FAST)
def _cube(f: float) -> float:
    """Lab's f to linear light: its cube, or a straight line below DELTA."""
    return f * f * f if f > KNEE else SLOPE * f - SHIFT


@numba.njit(**_FAST)
def _encode(steps: NDArray[np.uint32], step_to_code: Pixels, out: Pixels) -> None:
    """Whole steps (3, W) to codes (W, 3)."""
    for x in range(out.shape[0]):
        for channel in range(3):
            out[x, channel] = step_to_code[steps[channel, x]]
