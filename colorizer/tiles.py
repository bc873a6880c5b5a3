"""One tile of a photograph's pixels, its light and chroma to codes of 8 or 16 bit, in numpy and nothing slower.

No transcendental function per pixel: codes become light, and light codes, by tables; a
tile's buffers serve the next one too. What chroma a place has, and which tiles there are, is `merging`'s.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .color import DELTA, RGB_TO_XYZ, WHITE, linear_to_srgb, srgb_to_linear

TILE_ROWS, TILE_COLUMNS = 256, 256  # smaller ones spend their time waiting for Python's lock, between two threads
BLAS_ALONE = 250_000  # multiplications: OpenBLAS does matrix products of up to 262,144 without its threads
LOST, FAINT = 0.99, 0.005  # gave way: keeps less of its chroma than this; fainter in linear light is no color

Floats = NDArray[np.float32]
Pixels = NDArray[Any]  # uint8 or uint16


def product(left: Floats, right: Floats, *, out: Floats | None = None) -> Floats:
    """The matrix product, in parts so small that BLAS gives none to its threads, whose waiting costs far more."""
    rows = max(1, BLAS_ALONE // (right.shape[-2] * right.shape[-1]))
    if out is None:
        out = np.empty((*right.shape[:-2], left.shape[-2], right.shape[-1]), np.float32)
    for top in range(0, left.shape[-2], rows):
        np.matmul(left[..., top : top + rows, :], right, out=out[..., top : top + rows, :])
    return out


def _cube(f: Floats, out: Floats) -> None:
    """Lab's f to linear light: its cube, or a straight line below DELTA."""
    if f.min(initial=1) >= DELTA:
        np.multiply(f, f, out=out)
        out *= f
        return
    # The line touches the cube at DELTA: what lies below it is added to the cube of the rest. Masks are slower.
    below = np.minimum(f, DELTA)
    below -= DELTA
    np.subtract(f, below, out=out)
    out *= out * out
    below *= 3 * DELTA**2
    out += below


class _Tables:
    """Codes to light and back, for uint8 or uint16. Light is squared roots: even steps of it are even to the eye."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        codes = np.iinfo(dtype).max
        self.steps = 1 << (14 if codes == 255 else 17)  # steps of the root; finer than half a code everywhere
        self.white = float(self.steps) ** 2
        linear = srgb_to_linear(torch.linspace(0, 1, codes + 1, dtype=torch.float64)).numpy()
        root = np.arange(self.steps + 1) / self.steps
        self.step_to_f = _f(root**2)
        self.code_to_f = _f(linear)
        self.code_to_y = np.empty_like(self.code_to_f)
        _cube(self.code_to_f, self.code_to_y)
        self.code_to_y.clip(0, 1, out=self.code_to_y)
        luminance = np.array(RGB_TO_XYZ[1]) / sum(RGB_TO_XYZ[1])
        self.code_to_parts = (self.white * luminance[:, None] * linear).astype(np.float32)  # (3, codes)
        middle = ((np.arange(self.steps + 1) + 0.5) / self.steps).clip(0, 1) ** 2  # of what falls upon a step
        code = linear_to_srgb(torch.from_numpy(middle)).numpy() * codes
        self.step_to_code = code.round().astype(dtype)
        self.step_to_code[-1] = codes
        to_rgb = np.linalg.inv(np.array(RGB_TO_XYZ) / np.array(WHITE)[:, None])
        self.to_rgb = (self.white * to_rgb[:, [0, 2]]).astype(np.float32)  # (3, 2): from X - Y and Z - Y


def _f(linear: NDArray[np.float64]) -> Floats:
    return np.where(linear > DELTA**3, np.cbrt(linear), linear / (3 * DELTA**2) + 4 / 29).astype(np.float32)


@lru_cache(maxsize=2)
def _tables(dtype: np.dtype[Any]) -> _Tables:
    return _Tables(dtype)


class Tile:
    """Buffers that each tile uses again: nothing of a tile's size is allocated twice."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        size = TILE_ROWS * TILE_COLUMNS
        self._tables = _tables(dtype)
        self._lines = np.empty(4 * size, np.float32)
        self._rgb = np.empty((3, size), np.float32)
        self._planes = np.empty((6, size), np.float32)
        self._whole = np.empty((3, size), np.int32)
        self._index = np.empty((3, size), np.intp)
        self._code = np.empty(size, dtype)
        self._codes = np.empty((size, 3), dtype)

    def spread(self, band: Floats, weights: Floats) -> Floats:
        """Lines (4, rows, w) to (4, pixels) of this tile."""
        rows, columns = band.shape[1], weights.shape[1]
        lines = self._lines[: 4 * rows * columns]
        product(band, weights, out=lines.reshape(4, rows, columns))
        return lines.reshape(4, -1)

    def paint(self, pixels: Pixels, lines: Floats, out: Pixels) -> int:
        """Fill `out` (rows, columns, 3) from the photograph's pixels and lines (4, pixels), which are used up.

        Answers how many pixels' colors gave way.
        """
        fy, y, base = self._light(pixels)
        f, offset = lines[:2], lines[2:]
        f *= fy
        f += offset
        _cube(f, offset)
        offset -= y  # X - Y and Z - Y
        rgb = self._rgb[:, : base.size]
        np.matmul(self._tables.to_rgb, offset, out=rgb)
        gave_way = self._fit(rgb, base)
        self._encode(rgb, out)
        return gave_way

    def _light(self, pixels: Pixels) -> tuple[Floats, Floats, Floats]:
        """fy, Y in 0..1 of exactly that fy, and Y in squared steps, of pixels (rows, columns) or (rows, columns, 3)."""
        shape, tables = pixels.shape[:2], self._tables
        fy, y, base = self._planes[:3, : shape[0] * shape[1]]
        index = self._index[0, : base.size]
        if pixels.ndim == 2:
            np.copyto(index.reshape(shape), pixels)
            np.take(tables.code_to_f, index, out=fy, mode="clip")
            np.take(tables.code_to_y, index, out=y, mode="clip")
            np.multiply(y, tables.white, out=base)
            return fy, y, base
        base[...] = 0
        for channel, parts in enumerate(tables.code_to_parts):
            np.copyto(index.reshape(shape), pixels[..., channel])
            base += np.take(parts, index, out=fy, mode="clip")
        np.minimum(base, tables.white, out=base)
        np.copyto(index, np.sqrt(base, out=fy), casting="unsafe")
        np.take(tables.step_to_f, index, out=fy, mode="clip")
        _cube(fy, y)
        return fy, y, base

    def _fit(self, rgb: Floats, base: Floats) -> int:
        """Differences to Y (3, pixels) to linear light, drawn towards the grey of Y just until all fits."""
        white = self._tables.white
        high, low, room = self._planes[3:, : base.size]
        np.maximum.reduce(rgb, axis=0, out=high)
        np.minimum.reduce(rgb, axis=0, out=low)
        if np.add(high, base, out=room).max() <= white and np.add(low, base, out=room).min() >= 0:
            rgb += base
            return 0
        strong = np.subtract(high, low, out=room) > FAINT * white
        # The differences weigh up to zero: the largest is never below it and the smallest never above.
        np.maximum(high, 1, out=high)
        np.minimum(low, -1, out=low)
        keep = np.divide(np.subtract(white, base, out=room), high, out=high)
        np.minimum(keep, np.negative(np.divide(base, low, out=low), out=low), out=keep)
        np.minimum(keep, 1, out=keep)
        rgb *= keep
        rgb += base
        np.abs(rgb, out=rgb)  # zero may have become a hair less
        return int(np.count_nonzero(strong & (keep < LOST)))

    def _encode(self, rgb: Floats, out: Pixels) -> None:
        """Linear light (3, pixels) in squared steps to codes (rows, columns, 3)."""
        size = rgb.shape[1]
        whole, index, code, codes = self._whole[:, :size], self._index[:, :size], self._code[:size], self._codes[:size]
        np.copyto(whole, np.sqrt(rgb, out=rgb), casting="unsafe")
        np.copyto(index, whole)
        for channel in range(3):
            np.take(self._tables.step_to_code, index[channel], out=code, mode="clip")
            codes[:, channel] = code
        out[...] = codes.reshape(out.shape)
