"""Figures of a set of pictures with their uncertainty: the bootstrap over pictures (Efron 1979), with a fixed seed.

A statistic is a function of weights (r, n), how often each of n pictures counts, to its r values. All statistics
of one Bootstrap see the same resamples, so that rows are compared on the same pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Statistic = Callable[[Tensor], Tensor]

RESAMPLES = 1000
FEW_RESAMPLES = 50  # enough for a standard error of what is slow to compute
SEED = 20261123
LEAST_DEFINED = 0.95  # share of resamples that must have a value, for an interval to be told
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Estimate:
    """A figure of `n` pictures, its standard error and its 95 % interval; None where it is not defined."""

    value: float | None
    error: float | None
    low: float | None
    high: float | None
    n: int


class Bootstrap:
    """The resamples of `pictures` pictures."""

    def __init__(self, pictures: int) -> None:
        self.pictures = pictures
        rng = torch.Generator().manual_seed(SEED)
        drawn = torch.randint(pictures, (RESAMPLES, pictures), generator=rng)
        counts = torch.zeros(RESAMPLES, pictures, dtype=torch.float64)
        self._weights = counts.scatter_add_(1, drawn, torch.ones_like(drawn, dtype=torch.float64))

    def estimate(self, statistic: Statistic, *, n: int | None = None) -> Estimate:
        """The statistic with the 2.5th and 97.5th percentiles of its resamples."""
        value = self.value(statistic)
        values = statistic(self._weights)
        values = values[torch.isfinite(values)]
        n = self.pictures if n is None else n
        if value is None or len(values) < LEAST_DEFINED * RESAMPLES:
            return Estimate(value, None, None, None, n)
        low, high = torch.quantile(values, torch.tensor([0.025, 0.975], dtype=values.dtype)).tolist()
        return Estimate(value, float(values.std()), low, high, n)

    def estimate_biased(self, statistic: Statistic) -> Estimate:
        """For slow statistics that repeated pictures push to one side: the value and 1.96 standard errors around it."""
        value = self.value(statistic)
        if value is None:
            return Estimate(None, None, None, None, self.pictures)
        error = float(statistic(self._weights[:FEW_RESAMPLES]).std())
        return Estimate(value, error, value - NORMAL_95 * error, value + NORMAL_95 * error, self.pictures)

    def value(self, statistic: Statistic) -> float | None:
        """Of the pictures as they are."""
        value = float(statistic(torch.ones(1, self.pictures, dtype=torch.float64))[0])
        return value if value == value else None  # NaN is not equal to itself


def mean_of(column: Tensor) -> Statistic:
    """The mean of a column (n,) over the pictures where it is a number."""
    known = (~column.isnan()).double()
    values = column.double().nan_to_num()
    return lambda weights: (weights @ values) / (weights @ known)


def gap_of(column: Tensor, other: Tensor) -> Statistic:
    """The distance of two columns' means."""
    difference = mean_of(column - other)
    return lambda weights: difference(weights).abs()


def largest_of(column: Tensor) -> Statistic:
    """The largest value of a column that is nowhere below 0."""
    return lambda weights: ((weights > 0) * column.double()).amax(dim=1)


def recovery_of(column: Tensor, *, floor: Tensor, ceiling: Tensor) -> Statistic:
    """How much of the way from one column's mean to another's: (mean - floor) / (ceiling - floor). NaN if no way up."""
    parts = [mean_of(part) for part in (column, floor, ceiling)]

    def recovery(weights: Tensor) -> Tensor:
        value, low, high = (part(weights) for part in parts)
        return torch.where(high > low, (value - low) / (high - low), torch.nan)

    return recovery
