"""Loss curves of a training run as paths of small SVG charts, one for each loss. Numbers in, numbers and text out."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

WIDTH, HEIGHT = 320, 120  # of the drawing, in the units of its viewBox
TITLES = {
    "l1": _("Distance from the true chroma"),
    "bins": _("Surprise at the true colors"),
    "colorfulness": _("Distance from the true colorfulness"),
    "perceptual": _("Unlikeness to a classifier's eye"),
    "adversarial": _("What the discriminator finds wrong"),
    "discriminator": _("The discriminator's own errors"),
}


@dataclass(frozen=True)
class Curve:
    """`path` is an SVG path within WIDTH x HEIGHT; it has a gap where the loss was not finite or not told."""

    name: str
    path: str
    lowest: float
    highest: float
    last: float

    @property
    def title(self) -> str:
        return str(TITLES.get(self.name, self.name))


def draw_curves(points: Iterable[tuple[int, Mapping[str, float | None]]], *, steps: int) -> list[Curve]:
    """Points are (step, losses), by step; `steps` is where the x axis ends. A loss without a number has no curve."""
    told = list(points)
    names = dict.fromkeys(name for _step, losses in told for name in losses)
    curves = []
    for name in names:
        line = [(step, losses.get(name)) for step, losses in told]
        numbers = [value for _step, value in line if value is not None and math.isfinite(value)]
        if numbers:
            low, high = min(numbers), max(numbers)
            path = _path(line, steps=max(steps, told[-1][0], 1), low=low, high=high)
            curves.append(Curve(name, path, low, high, numbers[-1]))
    return curves


def path_through(points: Iterable[tuple[float, float | None]]) -> str:
    """An SVG path of straight lines, with a gap wherever there is no y."""
    parts, pen_is_down = [], False
    for x, y in points:
        if y is None:
            pen_is_down = False
            continue
        parts.append(f"{'L' if pen_is_down else 'M'}{x:.1f} {y:.1f}")
        if not pen_is_down:
            parts.append(f"L{x:.1f} {y:.1f}")  # a point of its own is a dot, by round line caps
        pen_is_down = True
    return "".join(parts)


def _path(line: list[tuple[int, float | None]], *, steps: int, low: float, high: float) -> str:
    def height(value: float | None) -> float | None:
        if value is None or not math.isfinite(value):
            return None
        return HEIGHT * (1 - (value - low) / (high - low)) if high > low else HEIGHT / 2

    return path_through((WIDTH * step / steps, height(value)) for step, value in line)
