"""Scores a generator on color photographs that it has never seen, beside the grey pictures as a baseline.

The network sees the middle square of each photograph at a fixed size; figures are means over photographs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from . import metrics
from .color import lab_to_rgb, rgb_to_lab
from .data import PhotoSet, evaluation_photos
from .generator import Generator
from .inference import predict_ab

BATCH = 16
SHEET = 8  # pictures on the sheet of samples


@dataclass(frozen=True)
class Row:
    """Mean figures of one way to color: `psnr_*` in dB, `colorfulness_gap` the mean distance to the truth's."""

    psnr_ab: float
    psnr_rgb: float
    ciede2000: float
    mean_abs_ab: float  # mean |ab - truth|
    colorfulness: float
    colorfulness_gap: float
    no_color_share: float


@dataclass(frozen=True)
class Evaluation:
    """Rows for the grey pictures, the generator and the truth, with a sheet: L, colored, truth in columns."""

    pictures: int
    size: int
    rows: dict[str, Row]
    sheet: Image.Image


def evaluate(
    generator: Generator,
    photos: PhotoSet,
    *,
    size: int = 256,
    limit: int = 1000,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Color up to `limit` photographs at `size` pixels (a multiple of 32) and compare with the truth."""
    total = min(limit, len(photos))
    sums: dict[str, list[Tensor]] = {"grey": [], "generator": [], "truth": []}
    strips: list[Tensor] = []
    batch: list[Tensor] = []
    for index, rgb in enumerate(evaluation_photos(photos, limit=limit, size=size)):
        batch.append(rgb)
        if len(batch) < BATCH and index + 1 < total:
            continue
        truth = rgb_to_lab(torch.stack(batch).float() / 255)
        colored = torch.cat((truth[:, :1], predict_ab(generator, truth[:, :1])), dim=1)
        grey = torch.cat((truth[:, :1], torch.zeros_like(truth[:, 1:])), dim=1)
        for name, lab in (("grey", grey), ("generator", colored), ("truth", truth)):
            sums[name].append(_figures(lab, truth))
        if len(strips) < SHEET:
            columns = [lab_to_rgb(lab) for lab in (grey, colored, truth)]
            step = max(1, len(batch) * total // (SHEET * BATCH) // max(1, total // BATCH))
            strips += list(torch.cat(columns, dim=3)[::step])
        batch = []
        progress(index + 1, total)
    rows = {name: _row(torch.cat(parts, dim=1)) for name, parts in sums.items()}
    return Evaluation(pictures=total, size=size, rows=rows, sheet=_sheet(strips[:SHEET]))


def _figures(lab: Tensor, truth: Tensor) -> Tensor:
    """One column a picture, in the order of Row's fields: (7, N)."""
    rgb, true_rgb = lab_to_rgb(lab), lab_to_rgb(truth)
    color = metrics.colorfulness(rgb)
    return torch.stack(
        (
            metrics.psnr_ab(lab[:, 1:], truth[:, 1:]),
            metrics.psnr_rgb(rgb, true_rgb),
            metrics.ciede2000(lab, truth),
            (lab[:, 1:] - truth[:, 1:]).abs().mean(dim=(1, 2, 3)),
            color,
            (color - metrics.colorfulness(true_rgb)).abs(),
            (color < metrics.NO_COLOR).float(),
        )
    )


def _row(figures: Tensor) -> Row:
    return Row(*(round(float(value), 4) for value in figures.mean(dim=1)))


def _sheet(strips: list[Tensor]) -> Image.Image:
    pixels = (torch.cat(strips, dim=1).clamp(0, 1) * 255).round().byte()
    return Image.fromarray(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()))
