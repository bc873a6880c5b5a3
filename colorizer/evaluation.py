"""Scores ways to color on color photographs that none of them has seen; cheap enough to run during training.

A way is a function from light to color, so that anything can be scored. It sees the middle square of each
photograph at a fixed size; figures are means over photographs. The scoreboard adds what costs more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from . import metrics
from .color import lab_to_rgb, rgb_to_lab
from .data import PhotoSet, evaluation_batch
from .generator import Generator
from .inference import predict_ab
from .sheet import Sheet

BATCH = 16
TRUTH = "truth"

Painter = Callable[[Tensor], Tensor]  # L (N, 1, H, W) in 0..100 to ab (N, 2, H, W)


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
    outside_gamut_share: float


@dataclass(frozen=True)
class Evaluation:
    """Rows for the grey pictures, the generator and the truth, with a sheet: grey, colored and true side by side."""

    pictures: int
    size: int
    rows: dict[str, Row]
    sheet: Image.Image


@dataclass(frozen=True)
class Look:
    """One batch of photographs, colored in each way; the last way is the truth."""

    positions: range
    light: Tensor  # L (N, 1, H, W)
    predicted: dict[str, Tensor]  # Lab (N, 3, H, W), perhaps outside sRGB
    rgbs: dict[str, Tensor]  # (N, 3, H, W) in 0..1, as people see it
    labs: dict[str, Tensor]  # (N, 3, H, W), of those


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
    painters = {"grey": paint_grey, "generator": painter_of(generator)}
    columns: dict[str, list[Tensor]] = {name: [] for name in (*painters, TRUTH)}
    sheet = Sheet(total)
    for look in looks(painters, photos, size=size, total=total):
        for name, parts in columns.items():
            parts.append(torch.stack(list(figures(look, name).values())))
        sheet.add(look.rgbs, look.positions)
        progress(look.positions.stop, total)
    rows = {
        name: Row(*(round(float(value), 4) for value in torch.cat(parts, dim=1).mean(dim=1)))
        for name, parts in columns.items()
    }
    return Evaluation(pictures=total, size=size, rows=rows, sheet=sheet.image())


def paint_grey(light: Tensor) -> Tensor:
    """No color at all: the row that everything must beat."""
    return torch.zeros_like(light).repeat(1, 2, 1, 1)


def painter_of(generator: Generator) -> Painter:
    """A generator's way to color. Its weights are laid out anew, as they are fastest."""
    generator.to(memory_format=torch.channels_last)
    device = generator.to_ab.weight.device
    return lambda light: predict_ab(generator, light.to(device)).cpu()


def looks(painters: dict[str, Painter], photos: PhotoSet, *, size: int, total: int) -> Iterator[Look]:
    """`total` photographs spread evenly over the set, in batches, at `size` pixels (a multiple of 32)."""
    for start in range(0, total, BATCH):
        positions = range(start, min(start + BATCH, total))
        truth = rgb_to_lab(evaluation_batch(photos, positions, of=total, size=size).float() / 255)
        light = truth[:, :1]
        predicted = {name: torch.cat((light, paint(light)), dim=1) for name, paint in painters.items()}
        predicted[TRUTH] = truth
        rgbs = {name: lab_to_rgb(lab) for name, lab in predicted.items()}
        labs = {name: truth if name == TRUTH else rgb_to_lab(rgb) for name, rgb in rgbs.items()}
        yield Look(positions, light, predicted, rgbs, labs)


def figures(look: Look, name: str) -> dict[str, Tensor]:
    """What Row holds, of each picture: (N,) each, in the order of its fields."""
    lab, rgb, truth, true_rgb = look.labs[name], look.rgbs[name], look.labs[TRUTH], look.rgbs[TRUTH]
    color = metrics.colorfulness(rgb)
    return {
        "psnr_ab": metrics.psnr_ab(lab[:, 1:], truth[:, 1:]),
        "psnr_rgb": metrics.psnr_rgb(rgb, true_rgb),
        "ciede2000": metrics.ciede2000(lab, truth),
        "mean_abs_ab": (lab[:, 1:] - truth[:, 1:]).abs().mean(dim=(1, 2, 3)),
        "colorfulness": color,
        "colorfulness_gap": (color - metrics.colorfulness(true_rgb)).abs(),
        "no_color_share": (color < metrics.NO_COLOR).float(),
        "outside_gamut_share": metrics.outside_gamut(look.predicted[name], lab),
    }
