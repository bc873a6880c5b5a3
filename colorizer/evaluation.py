"""Scores a generator on color photographs that it has never seen, beside the grey pictures as a baseline.

The network sees the middle square of each photograph at a fixed size; figures are means over photographs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

from . import metrics
from .color import lab_to_rgb, rgb_to_lab
from .data import PhotoSet, evaluation_batch
from .generator import Generator
from .inference import predict_ab

BATCH = 16
SHEET = 8  # pictures on the sheet of samples
SHEET_GAP = 4  # white pixels around each of them


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
    """Rows for the grey pictures, the generator and the truth, with a sheet: grey, colored and true side by side."""

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
    figures: dict[str, list[Tensor]] = {"grey": [], "generator": [], "truth": []}
    strips: list[Tensor] = []
    shown = {number * total // SHEET for number in range(SHEET)}
    for start in range(0, total, BATCH):
        positions = range(start, min(start + BATCH, total))
        truth = rgb_to_lab(evaluation_batch(photos, positions, of=total, size=size).float() / 255)
        light = truth[:, :1]
        labs = {
            "grey": torch.cat((light, torch.zeros_like(truth[:, 1:])), dim=1),
            "generator": torch.cat((light, predict_ab(generator, light)), dim=1),
            "truth": truth,
        }
        rgbs = {name: lab_to_rgb(lab) for name, lab in labs.items()}
        true_color = metrics.colorfulness(rgbs["truth"])
        for name, lab in labs.items():
            distances = _distances(lab, rgbs[name], truth, rgbs["truth"])
            figures[name].append(torch.cat((distances, _color(rgbs[name], true_color))))
        side_by_side = torch.cat(list(rgbs.values()), dim=3)  # (N, 3, size, 3 size)
        strips += [side_by_side[p - start] for p in positions if p in shown]
        progress(positions.stop, total)
    rows = {name: _row(torch.cat(parts, dim=1)) for name, parts in figures.items()}
    return Evaluation(pictures=total, size=size, rows=rows, sheet=_sheet(strips))


def _distances(lab: Tensor, rgb: Tensor, truth: Tensor, true_rgb: Tensor) -> Tensor:
    """One column a picture, in the order of Row's first four fields: (4, N)."""
    return torch.stack(
        (
            metrics.psnr_ab(lab[:, 1:], truth[:, 1:]),
            metrics.psnr_rgb(rgb, true_rgb),
            metrics.ciede2000(lab, truth),
            (lab[:, 1:] - truth[:, 1:]).abs().mean(dim=(1, 2, 3)),
        )
    )


def _color(rgb: Tensor, true_color: Tensor) -> Tensor:
    """One column a picture, in the order of Row's last three fields: (3, N)."""
    color = metrics.colorfulness(rgb)
    return torch.stack((color, (color - true_color).abs(), (color < metrics.NO_COLOR).float()))


def _row(figures: Tensor) -> Row:
    return Row(*(round(float(value), 4) for value in figures.mean(dim=1)))


def _sheet(strips: list[Tensor]) -> Image.Image:
    return to_pil_image(make_grid(strips, nrow=1, padding=SHEET_GAP, pad_value=1.0).clamp(0, 1))
