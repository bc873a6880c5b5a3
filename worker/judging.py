"""What a candidate is worth beside the active version: the gate, its figures, and pictures to judge by eye."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from colorizer import Colorizer, NoColorError
from colorizer.color import rgb_to_lab
from colorizer.config import HOLDOUT
from colorizer.data import PhotoSet, evaluation_crop, place_of
from colorizer.gate import ACTIVE, CANDIDATE, GOLDEN, Check, Figures, Loaded, Regression, compare, find_judge
from colorizer.inference import predict_ab
from colorizer.metrics import ciede2000
from gallery import files
from gallery.decoding import PREVIEW_QUALITY, encode_jpeg
from gallery.keys import ComparisonKeys, new_comparison_keys
from gallery.services import RunClaim

PICTURES = 128  # of each set, at most: a worker that is killed loses less than two minutes of comparing
SIZE = 256  # pixels that they are judged at
SHOWN, WORST = 12, 6  # pictures to judge by eye, and how many of them the worst regressions
SHOWN_SIDE = 768  # pixels of their longer side
NAMES = {HOLDOUT: "held-out pictures", GOLDEN: "golden set", "": ""}


@dataclass(frozen=True)
class Shown:
    """One golden photograph in both versions' colors, and as both were given it: JPEG. Errors are mean CIEDE2000."""

    photograph: str
    candidate: bytes
    active: bytes
    grey: bytes
    candidate_error: float
    active_error: float

    def store(self, keys: ComparisonKeys) -> dict[str, Any]:
        """As services.Judged wants it."""
        named = asdict(keys)
        for name, key in named.items():
            files.store(key, getattr(self, name))
        errors = {"candidate_error": self.candidate_error, "active_error": self.active_error}
        return {"photograph": self.photograph, **{f"{name}_key": key for name, key in named.items()}, **errors}


@dataclass(frozen=True)
class Judgment:
    """`metrics`: by set of photographs, by way to color (grey, active, candidate, truth), by figure."""

    gate: list[dict[str, Any]]
    metrics: dict[str, Figures]
    shown: list[Shown]

    @contextmanager
    def stored_for(self, claim: RunClaim) -> Iterator[list[dict[str, Any]]]:
        """The comparisons, as services.Judged wants them; what is stored goes again if their row cannot be made."""
        keys = new_comparison_keys(claim.run_id, claim.attempt, count=len(self.shown))
        with files.gone_unless_done(name for own in keys for name in astuple(own)):
            yield [one.store(own) for one, own in zip(self.shown, keys, strict=True)]


NOT_JUDGED = Judgment(gate=[], metrics={}, shown=[])


def open_golden(path: Path | None) -> dict[str, PhotoSet]:
    """Empty when no setting names one. Raises ImageError."""
    return {} if path is None else {GOLDEN: PhotoSet(path)}


def judge(
    candidate: Loaded, active: Loaded, sets: dict[str, PhotoSet], *, progress: Callable[[int, int], None]
) -> Judgment:
    """`candidate` beside `active` on HOLDOUT and, if there, GOLDEN. `progress` may raise to end it."""
    verdict = compare(candidate, active, sets, judge=find_judge(), size=SIZE, limit=PICTURES, progress=progress)
    golden = sets.get(GOLDEN)
    worst = verdict.regressions.get(GOLDEN, ())
    return Judgment(
        gate=[_rule(check) for check in verdict.checks],
        metrics=verdict.figures,
        shown=_show(candidate, active, golden, worst) if golden else [],
    )


def _rule(check: Check) -> dict[str, Any]:
    """With the set in its name, since each rule stands there for both."""
    where = NAMES[check.photos]
    return {**asdict(check), "rule": f"{check.rule}, {where}" if where else check.rule}


def _show(candidate: Loaded, active: Loaded, golden: PhotoSet, worst: tuple[Regression, ...]) -> list[Shown]:
    """The worst regressions first, and others evenly from the whole set."""
    loaded = {CANDIDATE: candidate, ACTIVE: active}
    versions = {name: Colorizer(*pair) for name, pair in loaded.items()}
    total = min(SHOWN, len(golden))
    spread = [place_of(number, of=total, among=len(golden)) for number in range(total)]
    positions = list(dict.fromkeys([one.position for one in worst[:WORST]] + spread))[:SHOWN]
    shown = []
    for position in positions:
        photograph = golden.open(position)
        errors = {name: _error(generator, photograph) for name, (generator, _) in loaded.items()}
        photograph.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
        grey = photograph.convert("L")
        try:
            colored = {name: version.colorize(grey) for name, version in versions.items()}
        except NoColorError:  # the gate counts those; there is nothing to choose between
            continue
        pictures = [encode_jpeg(one, PREVIEW_QUALITY) for one in (colored[CANDIDATE], colored[ACTIVE], grey)]
        shown.append(Shown(golden.names[position], *pictures, errors[CANDIDATE], errors[ACTIVE]))
    return shown


def _error(generator: torch.nn.Module, photograph: Image.Image) -> float:
    """Mean CIEDE2000 from the truth, of the middle square as the gate sees it."""
    truth = rgb_to_lab(evaluation_crop(photograph, SIZE)[None].float() / 255)
    light = truth[:, :1]
    return round(float(ciede2000(torch.cat((light, predict_ab(generator, light)), dim=1), truth)), 2)
