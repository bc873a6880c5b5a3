"""What a candidate is worth beside the active version: the gate, its figures, and pictures to judge by eye."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from colorizer import Colorizer, NoColorError
from colorizer.checkpoint import load_generator
from colorizer.color import rgb_to_lab
from colorizer.config import HOLDOUT
from colorizer.data import PhotoSet, evaluation_crop, place_of
from colorizer.evaluation import TRUTH, figures, looks, paint_grey
from colorizer.gate import ACTIVE, CANDIDATE, GOLDEN, Check, Regression, compare, find_judge
from colorizer.inference import predict_ab
from colorizer.metrics import ciede2000
from colorizer.scoreboard import GREY
from gallery import files
from gallery.decoding import PREVIEW_QUALITY, encode_jpeg
from gallery.keys import ComparisonKeys, new_comparison_keys

PICTURES = 400  # of each set, at most
SIZE = 256  # pixels that they are judged at
SHOWN, WORST = 12, 6  # pictures to judge by eye, and how many of them the worst regressions
SHOWN_SIDE = 768  # pixels of their longer side
NAMES = {HOLDOUT: "held-out pictures", GOLDEN: "golden set", "": ""}


@dataclass(frozen=True)
class Shown:
    """One golden photograph in both versions' colors, still to be stored."""

    photograph: str
    keys: ComparisonKeys
    pictures: dict[str, bytes]  # by key
    candidate_error: float
    active_error: float

    def told(self) -> dict[str, Any]:
        """As services.NewVersion wants it."""
        keys = {f"{name}_key": key for name, key in asdict(self.keys).items()}
        errors = {"candidate_error": self.candidate_error, "active_error": self.active_error}
        return {"photograph": self.photograph, **keys, **errors}


@dataclass(frozen=True)
class Judgment:
    """`metrics`: by set of photographs, by way to color (grey, active, candidate, truth), by figure."""

    gate: list[dict[str, Any]]
    metrics: dict[str, dict[str, dict[str, float]]]
    shown: list[Shown]
    saw_golden: bool

    @property
    def comparisons(self) -> list[dict[str, Any]]:
        return [one.told() for one in self.shown]

    @property
    def stored(self) -> list[str]:
        """The names of what `store` stores."""
        return [key for one in self.shown for key in one.pictures]

    def store(self) -> None:
        for one in self.shown:
            for key, picture in one.pictures.items():
                files.store(key, picture)


def open_golden(path: Path | None) -> dict[str, PhotoSet]:
    """Empty when no setting names one. Raises ImageError."""
    return {} if path is None else {GOLDEN: PhotoSet(path)}


def judge(
    candidate: Path, active: Path, sets: dict[str, PhotoSet], *, progress: Callable[[int, int], None]
) -> Judgment:
    """The weights `candidate` beside `active` on HOLDOUT and, if there, GOLDEN. `progress` may raise to end it."""
    verdict = compare(candidate, active, sets, judge=find_judge(), size=SIZE, limit=PICTURES, progress=progress)
    golden = sets.get(GOLDEN)
    worst = verdict.regressions.get(GOLDEN, ())
    return Judgment(
        gate=[_rule(check) for check in verdict.checks],
        metrics={name: _figures(photos, name, verdict.checks) for name, photos in sets.items()},
        shown=_show(candidate, active, golden, worst) if golden else [],
        saw_golden=golden is not None,
    )


def _rule(check: Check) -> dict[str, Any]:
    """With the set in its name, since each rule stands there for both."""
    where = NAMES[check.photos]
    return {**asdict(check), "rule": f"{check.rule}, {where}" if where else check.rule}


def _figures(photos: PhotoSet, name: str, checks: tuple[Check, ...]) -> dict[str, dict[str, float]]:
    """Both versions' as the gate has them, beside those of the grey pictures and of the truth."""
    ways = {
        way: {check.figure: getattr(check, way) for check in checks if check.photos == name}
        for way in (ACTIVE, CANDIDATE)
    }
    columns: dict[str, list[torch.Tensor]] = {GREY: [], TRUTH: []}
    for look in looks({GREY: paint_grey}, photos, size=SIZE, total=min(PICTURES, len(photos))):
        for way, parts in columns.items():
            found = figures(look, way)
            parts.append(torch.stack(list(found.values())))
    for way, parts in columns.items():
        means = torch.cat(parts, dim=1).mean(dim=1).tolist()
        ways[way] = {figure: round(mean, 4) for figure, mean in zip(found, means, strict=True)}
    return ways


def _show(candidate: Path, active: Path, golden: PhotoSet, worst: tuple[Regression, ...]) -> list[Shown]:
    """The worst regressions first, and others evenly from the whole set."""
    loaded = {CANDIDATE: load_generator(candidate), ACTIVE: load_generator(active)}
    versions = {name: Colorizer(*pair) for name, pair in loaded.items()}
    total = min(SHOWN, len(golden))
    spread = [place_of(number, of=total, among=len(golden)) for number in range(total)]
    positions = list(dict.fromkeys([one.position for one in worst[:WORST]] + spread))[:SHOWN]
    shown = []
    for position, keys in zip(positions, new_comparison_keys(len(positions)), strict=True):
        photograph = golden.open(position)
        errors = {name: _error(generator, photograph) for name, (generator, _) in loaded.items()}
        photograph.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
        grey = photograph.convert("L")
        try:
            colored = {name: version.colorize(grey) for name, version in versions.items()}
        except NoColorError:  # the gate counts those; there is nothing to choose between
            continue
        pictures = {keys.candidate: colored[CANDIDATE], keys.active: colored[ACTIVE], keys.grey: grey}
        stored = {key: encode_jpeg(picture, PREVIEW_QUALITY) for key, picture in pictures.items()}
        shown.append(Shown(golden.names[position], keys, stored, errors[CANDIDATE], errors[ACTIVE]))
    return shown


def _error(generator: torch.nn.Module, photograph: Image.Image) -> float:
    """Mean CIEDE2000 from the truth, of the middle square as the gate sees it."""
    truth = rgb_to_lab(evaluation_crop(photograph, SIZE)[None].float() / 255)
    light = truth[:, :1]
    return round(float(ciede2000(torch.cat((light, predict_ab(generator, light)), dim=1), truth)), 2)
