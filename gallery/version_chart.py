"""One figure over model versions as a small SVG chart: a dot for each version, at equal distances. Numbers in, numbers
and text out."""

from dataclasses import dataclass

from gallery.figures import Figure

WIDTH, HEIGHT = 360, 170  # of the drawing, in the units of its viewBox
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 30  # what the labels need
MOST_LABELS = 12


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    number: int
    label: str  # its value
    is_active: bool
    is_numbered: bool  # where there are many, not every version is named below its dot


@dataclass(frozen=True)
class Tick:
    y: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Lies within WIDTH x HEIGHT; `line` is the points of a polyline."""

    figure: Figure
    photographs: str
    line: str
    dots: list[Dot]
    ticks: list[Tick]


def draw_chart(figure: Figure, photographs: str, values: dict[int, float], *, active: int | None) -> Chart:
    """`values` are by the version's number, at least one."""
    low, high = min(values.values()), max(values.values())
    margin = (high - low) * 0.15 or abs(high) * 0.1 or 1.0
    low, high = low - margin, high + margin
    step = (WIDTH - LEFT - RIGHT) / len(values)
    every = -(-len(values) // MOST_LABELS)

    def height(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low), 1)

    dots = [
        Dot(
            x=round(LEFT + step * (place + 0.5), 1),
            y=height(value),
            number=number,
            label=figure.show(value),
            is_active=number == active,
            is_numbered=place % every == 0,
        )
        for place, (number, value) in enumerate(sorted(values.items()))
    ]
    ticks = [Tick(height(value), figure.show(value)) for value in (low + margin, high - margin)]
    if ticks[0].label == ticks[1].label:
        ticks = ticks[:1]
    return Chart(figure, photographs, " ".join(f"{dot.x},{dot.y}" for dot in dots), dots, ticks)
