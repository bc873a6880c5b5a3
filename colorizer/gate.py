"""The gate: may a candidate take the active generator's place? Both color the same photographs, and rules compare.

The rules stand here as data. A tolerance is the largest loss that is accepted for what is gained elsewhere; each is at
least four times what two trainings on the same data differ by (`benchmarks/gate_noise.py`; docs/training.md).
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import torch
from torch import Tensor

from .checkpoint import Card
from .config import HOLDOUT
from .data import PhotoSet, place_of
from .errors import WeightsError
from .evaluation import TRUTH, Look, Painter, paint_grey, painter_of
from .generator import Generator
from .intervals import Bootstrap, Statistic, gap_of, mean_of, recovery_of
from .judge import Judge, Probe
from .resemblance import kernel_distance
from .scoreboard import GREY, LEAST_PEOPLE, Columns, gather

GOLDEN = "golden"  # a fixed set that is never trained on; HOLDOUT is the run's own
CANDIDATE, ACTIVE = "candidate", "active"
WORST = 12  # regressions told of each set
SECONDS = "seconds_per_picture"
REPEATS = 7  # of each generator, in turns, where they are timed

Loaded = tuple[Generator, Card]  # what load_generator gives
Figures = dict[str, dict[str, float]]  # by way to color, then by name; those that are not defined are left out


@dataclass(frozen=True)
class Rule:
    """The candidate's figure may be worse than the active one's by `tolerance`, a share of it if `relative`."""

    name: str
    figure: str
    tolerance: float
    relative: bool = False
    higher_is_better: bool = False


RULES = (  # for each set of photographs
    Rule("Colors are as near to the truth (CIEDE2000)", "ciede2000", 0.015, relative=True),
    Rule("Chroma is as near to the truth (PSNR of ab, dB)", "psnr_ab", 0.15, higher_is_better=True),
    Rule("Pictures are on average as colorful as the true ones", "colorfulness_gap_of_means", 1.5),
    Rule("Each picture is about as colorful as the true one", "colorfulness_gap", 1.0),
    Rule("As few pictures stay without color", "no_color_share", 0.01),
    Rule("As few colors lie outside what a screen can show", "outside_gamut_share", 0.02),
    Rule("Skin is as often colored as skin", "skin_share", 0.03, higher_is_better=True),
    Rule("Light stays as it was", "light_change_p999", 0.1),
    Rule("Pictures as a crowd look as much like photographs (kernel distance)", "kernel_distance", 0.002),
    Rule("A classifier is helped as much by the colors", "recovery", 0.03, higher_is_better=True),
)
SPEED_RULE = Rule("The network is as fast", SECONDS, 0.10, relative=True)


@dataclass(frozen=True)
class Check:
    """A rule applied. `worse` is by how much the candidate is, with its 95 % interval, paired by pictures.

    A rule is broken when that is above the tolerance, and the interval above 0: a difference that chance can make
    is not held against anyone. All four are shares of the active one's figure if `relative`. `passed` is None where a
    figure is not defined: no skin, no judge, no such set.
    """

    rule: str
    photos: str  # HOLDOUT, GOLDEN, or "" where it is not about photographs
    figure: str
    tolerance: float
    relative: bool
    candidate: float | None
    active: float | None
    worse: float | None
    low: float | None
    high: float | None
    passed: bool | None


@dataclass(frozen=True)
class Regression:
    """A photograph that the candidate colors worse than the active generator: their CIEDE2000 from the truth."""

    name: str
    position: int  # in its set
    candidate: float
    active: float


@dataclass(frozen=True)
class Verdict:
    """All checks, and for each set the worst regressions, the worst first, and the figures of every way to color.

    Beside both generators those are the grey pictures and the truth.
    """

    checks: tuple[Check, ...]
    regressions: dict[str, tuple[Regression, ...]]
    figures: dict[str, Figures]

    @property
    def passed(self) -> bool:
        """No rule is broken, and some could be applied."""
        return any(check.passed for check in self.checks) and all(check.passed is not False for check in self.checks)

    def report(self) -> dict[str, Any]:
        """Plain JSON."""
        regressions = {name: [asdict(one) for one in worst] for name, worst in self.regressions.items()}
        checks = [asdict(check) for check in self.checks]
        return {"passed": self.passed, "checks": checks, "regressions": regressions, "figures": self.figures}


def find_judge() -> Judge | None:
    """None where the package with its weights is not installed: its rules are then not applied."""
    try:
        return Judge()
    except WeightsError:
        return None


def compare(
    candidate: Loaded,
    active: Loaded,
    sets: dict[str, PhotoSet],
    *,
    judge: Judge | None = None,
    probe: Probe | None = None,
    size: int = 256,
    limit: int = 400,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Judge `candidate` against `active` on up to `limit` photographs of HOLDOUT and GOLDEN each.

    A set may be missing. `progress` is called every 16 photographs and may raise to end it.
    """
    painters = {CANDIDATE: painter_of(candidate[0]), ACTIVE: painter_of(active[0]), GREY: paint_grey}
    counts = {name: min(limit, len(photos)) for name, photos in sets.items()}
    checks: list[Check] = []
    regressions: dict[str, tuple[Regression, ...]] = {}
    figures: dict[str, Figures] = {}
    done = 0
    for name in (HOLDOUT, GOLDEN):
        if name not in sets:
            checks += [_unknown(rule, name) for rule in RULES]
            continue

        def looked(look: Look, before: int = done) -> None:
            progress(before + look.positions.stop, sum(counts.values()))

        total = counts[name]
        columns = gather(painters, sets[name], judge=judge, probe=probe, size=size, total=total, looked=looked)
        bootstrap = Bootstrap(total)
        checks += [_check(rule, name, columns, bootstrap) for rule in RULES]
        regressions[name] = _regressions(columns, sets[name])
        figures[name] = _figures(columns, bootstrap)
        done += total
    checks.append(_check_speed(painters, same=_same_network(candidate, active), size=size))
    return Verdict(tuple(checks), regressions, figures)


def _same_network(one: Loaded, other: Loaded) -> bool:
    """But for the gain and the embedding, which cost nothing that could be timed."""
    own = one[1].network
    free = {"chroma_gain": own.chroma_gain, "alike_channels": own.alike_channels}
    return replace(other[1].network, **free) == own


def _check(rule: Rule, photos: str, columns: dict[str, Columns], bootstrap: Bootstrap) -> Check:
    ways = [_statistic(rule.figure, columns, name) for name in (CANDIDATE, ACTIVE)]
    if None in ways:
        return _unknown(rule, photos)
    values = [bootstrap.estimate(way).value for way in ways]
    worse = bootstrap.estimate(_worse(rule, *ways))
    if worse.low is None:
        return _unknown(rule, photos)
    return _settled(rule, photos, values, worse=worse.value, interval=(worse.low, worse.high))


def _statistic(figure: str, columns: dict[str, Columns], name: str) -> Statistic | None:
    """Of the figure of one generator; None where it is not defined."""
    own, true = columns[name], columns[TRUTH]
    if figure == "kernel_distance":
        return kernel_distance(own["features"], true["features"]) if "features" in own else None
    if figure == "colorfulness_gap_of_means":
        return gap_of(own["colorfulness"], true["colorfulness"])
    if figure == "recovery":
        return recovery_of(own["top1"], floor=columns[GREY]["top1"], ceiling=true["top1"])
    if figure == "skin_share" and int((~own[figure].isnan()).sum()) < LEAST_PEOPLE:
        return None
    return mean_of(own[figure])


def _figures(columns: dict[str, Columns], bootstrap: Bootstrap) -> Figures:
    """Those that the rules are about, and how colorful the pictures are."""
    names = ("colorfulness", *(rule.figure for rule in RULES))
    told: Figures = {}
    for way in columns:
        ways = {name: _statistic(name, columns, way) for name in names}
        values = {name: bootstrap.value(statistic) for name, statistic in ways.items() if statistic is not None}
        told[way] = {name: float(f"{value:.5g}") for name, value in values.items() if value is not None}
    return told


def _worse(rule: Rule, candidate: Statistic, active: Statistic) -> Statistic:
    sign = -1 if rule.higher_is_better else 1

    def worse(weights: Tensor) -> Tensor:
        before = active(weights)
        return sign * (candidate(weights) - before) / (before if rule.relative else 1)

    return worse


def _settled(rule: Rule, photos: str, values: list[float], *, worse: float, interval: tuple[float, float]) -> Check:
    broken = worse > rule.tolerance and interval[0] > 0
    numbers = (float(f"{value:.5g}") for value in (*values, worse, *interval))
    return Check(rule.name, photos, rule.figure, rule.tolerance, rule.relative, *numbers, passed=not broken)


def _unknown(rule: Rule, photos: str) -> Check:
    numbers = (None,) * 5
    return Check(rule.name, photos, rule.figure, rule.tolerance, rule.relative, *numbers, passed=None)


def _regressions(columns: dict[str, Columns], photos: PhotoSet) -> tuple[Regression, ...]:
    errors = [columns[name]["ciede2000"].tolist() for name in (CANDIDATE, ACTIVE)]
    total = len(errors[0])
    found = []
    for number, (candidate, active) in enumerate(zip(*errors, strict=True)):
        position = place_of(number, of=total, among=len(photos))
        found.append(Regression(photos.names[position], position, round(candidate, 3), round(active, 3)))
    found.sort(key=lambda one: one.active - one.candidate)
    return tuple(one for one in found[:WORST] if one.candidate > one.active)


def _check_speed(painters: dict[str, Painter], *, same: bool, size: int) -> Check:
    """Generators of the same network take the same time; only others are timed against each other, in turns."""
    light = torch.rand(1, 1, size, size) * 100
    took: dict[str, list[float]] = {CANDIDATE: [], ACTIVE: []}
    for _ in range(REPEATS + 1):
        for name, seconds in took.items():
            began = time.perf_counter()
            painters[name](light)
            seconds.append(time.perf_counter() - began)
    if same:
        took = dict.fromkeys(took, took[CANDIDATE] + took[ACTIVE])
    values = [median(seconds[1:]) for seconds in took.values()]
    worse = values[0] / values[1] - 1
    return _settled(SPEED_RULE, "", values, worse=worse, interval=(worse, worse))
