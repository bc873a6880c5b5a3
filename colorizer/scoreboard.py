"""The scoreboard: ways to color side by side on the same photographs, each figure with its uncertainty.

Beside the candidate stand the grey pictures, one color for all, whatever else is given, and the truth. No figure
decides alone; the definitions stand in `metrics`, `resemblance` and `judge`, the intervals in `intervals`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from . import metrics
from .data import PhotoSet, place_of
from .evaluation import TRUTH, Look, Painter, figures, looks, paint_grey
from .intervals import RESAMPLES, SEED, Bootstrap, Estimate, gap_of, largest_of, mean_of, recovery_of
from .judge import NETWORK, Judge, Probe, class_of
from .resemblance import frechet_distance, kernel_distance
from .sheet import Sheet

GREY, MEAN_COLOR = "grey", "mean color"
RESERVED = (GREY, MEAN_COLOR, TRUTH)  # names of rows that are always there
MEAN_AB = (1.6, 7.2)  # of 5,004 pictures spread over the three training sets, weighted by the sets' sizes
PEOPLE = ("Faces", "Faces_easy", "person")  # folders of Caltech-101 and PACS where skin is looked for
LEAST_PEOPLE = 10  # pictures with skin, for a figure about it

Columns = dict[str, Tensor]  # figures of single pictures

FIGURES = {  # each row has them in this order
    "psnr_ab": "dB, peak 110; rewards pale averages",
    "psnr_rgb": "dB",
    "ciede2000": "mean difference in color; the light is the truth's",
    "mean_abs_ab": "mean |ab - truth|, Lab units",
    "colorfulness": "Hasler and Süsstrunk 2003, signed; best where the truth's is",
    "colorfulness_gap": "mean over pictures of the distance to the truth's colorfulness",
    "colorfulness_gap_of_means": "distance of the mean colorfulness to the truth's mean",
    "colorfulness_abs": "the variant without signs, for comparison with figures published by DDColor alone",
    "no_color_share": "pictures whose colorfulness is below 5",
    "frechet_distance": "to the true pictures, in the network's features; biased for small n",
    "kernel_distance": "to the true pictures, unbiased (KID)",
    "top1": "pictures whose class the probe reads rightly",
    "recovery": "of the way in top1 from the grey pictures to the truth; null where color does not help to read them",
    "likelihood": "mean log likelihood of the class by the probe, in nats",
    "likelihood_recovery": "the same way in likelihood: it counts every picture, not those alone that change class",
    "skin_share": "of the true skin in pictures of people, colored as skin; sepia has it all",
    "edge_bleed": "chroma step missing across true color edges: 0 the truth, 1 grey",
    "outside_gamut_share": "pixels predicted outside sRGB, before they give way",
    "light_change_p999": "99.9th percentile of |L - L of the photograph| after rounding to 8 bit",
    "light_change_max": "its largest value in any picture",
}


@dataclass(frozen=True)
class Scoreboard:
    """A row of estimates for each way to color, and a sheet of samples of them all."""

    pictures: int
    size: int
    probe: Probe | None
    rows: dict[str, dict[str, Estimate]]
    sheet: Image.Image

    def report(self) -> dict[str, Any]:
        """Plain JSON: how it was measured, and the rows."""
        probe = self.probe and {
            "photos": self.probe.photos,
            "pictures": self.probe.pictures,
            "classes": len(self.probe.classes),
        }
        return {
            "pictures": self.pictures,
            "size": self.size,
            "resamples": RESAMPLES,
            "seed": SEED,
            "feature_network": f"{NETWORK}, bfloat16",
            "probe": probe,
            "torch": torch.__version__,
            "figures": FIGURES,
            "rows": {name: {key: _plain(figure) for key, figure in row.items()} for name, row in self.rows.items()},
        }

    def table(self) -> str:
        """Two lines a figure, one column a way: the value and, below it, the interval."""
        lines = [" " * 26 + "".join(f"{name[:19]:>20}" for name in self.rows)]
        for figure in FIGURES:
            estimates = [row[figure] for row in self.rows.values()]
            lines.append(f"{figure:<26}" + "".join(f"{_number(e.value):>20}" for e in estimates))
            intervals = ("" if e.low is None else f"{_number(e.low)} .. {_number(e.high)}" for e in estimates)
            lines.append((" " * 26 + "".join(f"{interval:>20}" for interval in intervals)).rstrip())
        return "\n".join(lines)


def paint_mean(light: Tensor) -> Tensor:
    """The training pictures' mean color everywhere: what is won by knowing nothing but the average."""
    return light.new_tensor(MEAN_AB)[None, :, None, None].expand(light.shape[0], 2, *light.shape[2:])


def score(
    painters: dict[str, Painter],
    photos: PhotoSet,
    *,
    judge: Judge,
    probe: Probe | None = None,
    size: int = 256,
    limit: int = 500,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scoreboard:
    """Score each way on up to `limit` photographs at `size` pixels (a multiple of 32); without a probe, no recovery."""
    total = min(limit, len(photos))
    painters = {GREY: paint_grey, MEAN_COLOR: paint_mean, **painters}
    sheet = Sheet(total)

    def looked(look: Look) -> None:
        sheet.add(look.rgbs, look.positions)
        progress(look.positions.stop, total)

    joined = gather(painters, photos, judge=judge, probe=probe, size=size, total=total, looked=looked)
    bootstrap = Bootstrap(total)
    rows = {name: _row(joined, name, bootstrap) for name in joined}
    return Scoreboard(pictures=total, size=size, probe=probe, rows=rows, sheet=sheet.image())


def gather(
    painters: dict[str, Painter],
    photos: PhotoSet,
    *,
    judge: Judge | None,
    probe: Probe | None,
    size: int,
    total: int,
    looked: Callable[[Look], None],
) -> dict[str, Columns]:
    """What is known of each of `total` photographs colored in each way, and of the truth; `looked` gets each batch."""
    columns: dict[str, dict[str, list[Tensor]]] = {name: {} for name in (*painters, TRUTH)}
    for look in looks(painters, photos, size=size, total=total):
        names = [photos.names[place_of(position, of=total, among=len(photos))] for position in look.positions]
        for name, parts in columns.items():
            for key, column in _all_figures(look, name, names, judge=judge, probe=probe).items():
                parts.setdefault(key, []).append(column)
        looked(look)
    return {name: {key: torch.cat(parts) for key, parts in row.items()} for name, row in columns.items()}


def _all_figures(look: Look, name: str, names: list[str], *, judge: Judge | None, probe: Probe | None) -> Columns:
    """What is known of each picture: (N,), but for the features (N, 1280), which a judge alone can tell."""
    lab, rgb, truth, true_rgb = look.labs[name], look.rgbs[name], look.labs[TRUTH], look.rgbs[TRUTH]
    people = torch.tensor([class_of(photo) in PEOPLE for photo in names])
    largest, high = metrics.light_change(rgb, look.light)
    unknown = torch.full((len(names),), torch.nan)
    features = judge.features(rgb) if judge else None
    right, likelihood = (unknown, unknown) if probe is None or features is None else probe.read(features, names)
    return {
        **figures(look, name),
        "colorfulness_abs": metrics.colorfulness(rgb, absolute=True),
        "skin_share": torch.where(people, metrics.skin_share(lab, truth, true_rgb), torch.nan),
        "edge_bleed": metrics.edge_bleed(lab, truth),
        "light_change_p999": high,
        "light_change_max": largest,
        "top1": right,
        "likelihood": likelihood,
        **({} if features is None else {"features": features}),
    }


def _row(columns: dict[str, dict[str, Tensor]], name: str, bootstrap: Bootstrap) -> dict[str, Estimate]:
    own, true = dict(columns[name]), columns[TRUTH]
    features, largest = own.pop("features"), own.pop("light_change_max")
    row = {key: bootstrap.estimate(mean_of(column), n=_known(column)) for key, column in own.items()}
    if _known(own["skin_share"]) < LEAST_PEOPLE:
        row["skin_share"] = Estimate(None, None, None, None, _known(own["skin_share"]))
    row["light_change_max"] = bootstrap.estimate(largest_of(largest))
    row["colorfulness_gap_of_means"] = bootstrap.estimate(gap_of(own["colorfulness"], true["colorfulness"]))
    for recovery, read in (("recovery", "top1"), ("likelihood_recovery", "likelihood")):
        way = recovery_of(own[read], floor=columns[GREY][read], ceiling=true[read])
        row[recovery] = bootstrap.estimate(way, n=_known(own[read]))
    row["kernel_distance"] = bootstrap.estimate(kernel_distance(features, true["features"]))
    row["frechet_distance"] = bootstrap.estimate_biased(frechet_distance(features, true["features"]))
    return {figure: row[figure] for figure in FIGURES}


def _known(column: Tensor) -> int:
    return int((~column.isnan()).sum())


def _plain(figure: Estimate) -> dict[str, float | int | None]:
    return {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in asdict(figure).items()}


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) < 1e-4:
        return "0"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
