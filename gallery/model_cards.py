"""What everybody may know of a model version, in words and numbers: figures, the gate's verdict, samples, limits.

Figures are read from ModelVersion.metrics or else from its card: set of photographs → way to color → figure → value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.figures import FIGURES, Figure, in_four_digits, written
from gallery.models import ModelVersion, Side, VersionState
from gallery.sentences import said
from gallery.services import count_learned, count_withdrawn

GOLDEN = "golden"
OWN = ("generator", "candidate")  # what the version itself is called among the ways to color
GIVEN = "new"  # what a card calls the pictures that a run was given

SETS = {
    GOLDEN: _("the fixed photographs that no version learns from"),
    "holdout": _("photographs held out of this training"),
    "scenes": _("photographs of scenes that it has not learned from"),
    "objects": _("photographs of objects that it has not learned from"),
}
WAYS = {
    "generator": _("This version"),
    "candidate": _("This version"),
    "active": _("The one before"),
    "grey": _("No color at all"),
    "truth": _("The true photographs"),
}
VERDICTS = {True: _("Passed"), False: _("Not passed"), None: _("Not applied")}


@dataclass(frozen=True)
class FigureRow:
    figure: Figure
    values: list[str]  # one for each column of its table


@dataclass(frozen=True)
class FigureTable:
    photographs: str
    columns: list[str]
    rows: list[FigureRow]


@dataclass(frozen=True)
class GateRow:
    rule: str
    own: str
    other: str
    worse: str
    allowed: str
    verdict: str
    passed: bool | None


@dataclass(frozen=True)
class Sample:
    position: int  # among ModelVersion.comparisons
    number: int
    own: str  # distance from the truth
    other: str


@dataclass(frozen=True)
class Data:
    """`rehearsed` are the sources of its card with their numbers of pictures, without those that a run was given."""

    learned_from: int
    held_out: int
    withdrawn: int
    rehearsed: list[tuple[str, int]]


def figures_of(version: ModelVersion) -> dict[str, dict[str, dict[str, float]]]:
    found = version.metrics or version.card.get("figures", {})
    return {
        name: {way: row for way, row in ways.items() if isinstance(row, dict)}
        for name, ways in found.items()
        if isinstance(ways, dict)
    }


def figure_tables(version: ModelVersion) -> list[FigureTable]:
    """The golden set first."""
    tables = []
    for name, ways in sorted(figures_of(version).items(), key=lambda item: (item[0] != GOLDEN, item[0])):
        keys = [key for key in FIGURES if any(_value(ways, way, key) is not None for way in OWN)]
        shown = [way for way in WAYS if any(_value(ways, way, key) is not None for key in keys)]
        rows = [FigureRow(FIGURES[key], [FIGURES[key].show(_value(ways, way, key)) for way in shown]) for key in keys]
        if rows:
            tables.append(FigureTable(SETS.get(name, name), [WAYS[way] for way in shown], rows))
    return tables


def _value(ways: dict[str, dict[str, float]], way: str, key: str) -> float | None:
    return ways.get(way, {}).get(key) if way != "truth" or FIGURES[key].says_of_truth else None


def explained(version: ModelVersion) -> list[Figure]:
    """The figures that its tables and its gate speak of."""
    judged = [FIGURES.get(check.get("figure", "")) for check in version.gate]
    named = [row.figure for table in figure_tables(version) for row in table.rows]
    return [figure for figure in FIGURES.values() if figure in judged or figure in named]


def gate_rows(version: ModelVersion) -> list[GateRow]:
    return [
        GateRow(
            rule=said(check["rule"]),
            own=_show(figure, check["candidate"]),
            other=_show(figure, check["active"]),
            worse=_show_difference(figure, check, "worse"),
            allowed=_show_difference(figure, check, "tolerance"),
            verdict=VERDICTS[check["passed"]],
            passed=check["passed"],
        )
        for check in version.gate
        for figure in [FIGURES.get(check.get("figure", ""))]
    ]


def samples_of(version: ModelVersion) -> list[Sample]:
    """Of the golden set alone: what comparisons hold by the contract of services.NewVersion.

    A candidate shows none: staff judge them by eye, and must not know which is which.
    """
    if version.status == VersionState.CANDIDATE:
        return []
    distance = FIGURES["ciede2000"]
    return [
        Sample(
            position, position + 1, distance.show(pair.get("candidate_error")), distance.show(pair.get("active_error"))
        )
        for position, pair in enumerate(version.comparisons)
    ]


def data_of(version: ModelVersion) -> Data:
    sources = {name.removesuffix("-train"): count for name, count in version.card.get("data", {}).items()}
    rehearsed = [(name, count) for name, count in sources.items() if isinstance(count, int) and name != GIVEN]
    if version.run is None:
        return Data(0, 0, 0, rehearsed)
    held_out = version.run.snapshot.filter(side=Side.HOLDOUT).count()
    learned_from = count_learned([version.run])[version.run.pk]
    return Data(learned_from, held_out, count_withdrawn(version.run), rehearsed)


def limits_of(version: ModelVersion | None) -> list[tuple[ModelVersion, str]]:
    """Where it fails, in the words of its own card, then of those that it goes back to."""
    told = []
    known = ModelVersion.objects.only("number", "parent", "card").in_bulk()
    while version is not None:
        if version.card.get("limits"):
            told.append((version, version.card["limits"]))
        version = known.get(version.parent_id)
    return told


def over_versions(versions: Iterable[ModelVersion], key: str) -> tuple[str, dict[int, float]]:
    """A set of photographs, and number of the version → its figure there. The golden set, or what most have seen."""
    by_set: dict[str, dict[int, float]] = {}
    for version in versions:
        for name, value in _figures_on_sets(version, key):
            by_set.setdefault(name, {})[version.number] = value
    # What the gate has measured of the version that a newer one stood against.
    for version in versions:
        for check in _checks(version, key):
            if version.compared_with is not None and check["active"] is not None:
                by_set.setdefault(check["photos"], {}).setdefault(version.compared_with.number, check["active"])
    if not by_set:
        return "", {}
    best = max(by_set, key=lambda name: (name == GOLDEN, len(by_set[name]), name))
    return SETS.get(best, best), by_set[best]


def _figures_on_sets(version: ModelVersion, key: str) -> list[tuple[str, float]]:
    judged = [(check["photos"], check["candidate"]) for check in _checks(version, key)]
    told = [
        (name, ways[own][key]) for name, ways in figures_of(version).items() for own in OWN if key in ways.get(own, {})
    ]
    return [(name, value) for name, value in judged + told if value is not None]


def _checks(version: ModelVersion, key: str) -> list[dict[str, Any]]:
    return [check for check in version.gate if check.get("figure") == key and check.get("photos")]


def _show(figure: Figure | None, value: float | None) -> str:
    if figure is not None:
        return figure.show(value)
    return "-" if value is None else in_four_digits(value)


def _show_difference(figure: Figure | None, check: dict[str, Any], key: str) -> str:
    """Between both versions' figures. A share of a share would be mistaken for it, so both say what they are."""
    value = check.get(key)
    if value is None:
        return "-"
    if check.get("relative"):
        return gettext("%(percent)s %% of it") % {"percent": written(value * 100, 1)}
    if figure is not None and figure.is_share:
        return gettext("%(number)s points") % {"number": written(value * 100, 1)}
    digits = 3 if figure is None else figure.digits + 1
    return written(value, digits)
