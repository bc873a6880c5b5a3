"""Small SVG charts of a day, hour by hour: stacked bars, and lines. Numbers in, numbers and text out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gallery.curves import path_through

WIDTH, HEIGHT = 480, 160  # of the drawing, in the units of its viewBox
LEFT, TOP, BOTTOM = 52, 10, 22  # what the labels need
GAP = 3  # between two bars


@dataclass(frozen=True)
class Bar:
    """One part of one hour's column; `kind` is the name of what it counts."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    kind: str
    path: str


@dataclass(frozen=True)
class Chart:
    """Lies within WIDTH x HEIGHT; `top` is the number at the upper end of the y axis, and `hours` are (x, label)."""

    bars: list[Bar]
    lines: list[Line]
    top: float
    hours: list[tuple[float, str]]


def draw_bars(counts: Mapping[str, Sequence[int]], labels: Sequence[str]) -> Chart:
    """`counts` has for each kind a number for each hour; the first kind stands at the bottom of each column."""
    top = rounded_up(max((sum(column) for column in zip(*counts.values(), strict=True)), default=0))
    step = _step(labels)
    bars = []
    for place in range(len(labels)):
        base = float(HEIGHT - BOTTOM)
        for kind, numbers in counts.items():
            height = (HEIGHT - TOP - BOTTOM) * numbers[place] / top
            base -= height
            if numbers[place]:
                bars.append(Bar(kind, _of(LEFT + place * step), _of(base), _of(step - GAP), _of(height)))
    return Chart(bars, [], top, _hours(labels))


def draw_lines(seconds: Mapping[str, Sequence[float | None]], labels: Sequence[str]) -> Chart:
    """`seconds` has for each kind a number for each hour, or None where there is none and the line has a gap."""
    known = [number for numbers in seconds.values() for number in numbers if number is not None]
    top = rounded_up(max(known, default=0.0))
    lines = [Line(kind, _path(numbers, top, _step(labels))) for kind, numbers in seconds.items()]
    return Chart([], lines, top, _hours(labels))


def rounded_up(number: float) -> float:
    """The next of 1, 2, 5, 10, 20, ...: an axis that ends there can be read. At least 1."""
    end = 1.0
    while True:
        for factor in (1, 2, 5):
            if number <= end * factor:
                return end * factor
        end *= 10


def _path(numbers: Sequence[float | None], top: float, step: float) -> str:
    scale = (HEIGHT - TOP - BOTTOM) / top
    return path_through(
        (LEFT + (place + 0.5) * step, None if number is None else HEIGHT - BOTTOM - scale * number)
        for place, number in enumerate(numbers)
    )


def _step(labels: Sequence[str]) -> float:
    return (WIDTH - LEFT) / len(labels)


def _hours(labels: Sequence[str]) -> list[tuple[float, str]]:
    """Every fourth is named."""
    step = _step(labels)
    return [(_of(LEFT + (place + 0.5) * step), label) for place, label in enumerate(labels) if place % 4 == 0]


def _of(number: float) -> float:
    return round(number, 1)
