"""Distances between crowds of pictures, and intervals around figures, where the answers are known."""

import unittest

import numpy as np
import torch
from scipy.linalg import sqrtm

from colorizer.intervals import RESAMPLES, Bootstrap, gap_of, largest_of, mean_of, recovery_of
from colorizer.resemblance import frechet_distance, kernel_distance


def crowd(n: int, d: int, *, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def once(n: int) -> torch.Tensor:
    return torch.ones(1, n)


class FrechetTest(unittest.TestCase):
    def test_it_is_the_textbook_formula_with_fewer_pictures_than_features_and_with_more(self) -> None:
        for n, d in ((12, 30), (200, 6)):
            x, y = crowd(n, d, seed=1) * 2 + 1, crowd(n, d, seed=2)
            covariances = [np.cov(z.numpy(), rowvar=False) for z in (x, y)]
            root = sqrtm(covariances[0] @ covariances[1]).real
            means = ((x.mean(dim=0) - y.mean(dim=0)) ** 2).sum()
            expected = float(means) + np.trace(covariances[0] + covariances[1] - 2 * root)
            # The textbook's root loses digits where there are fewer pictures than features.
            self.assertAlmostEqual(float(frechet_distance(x, y)(once(n))), expected, delta=1e-4 * expected)

    def test_known_normal_distributions(self) -> None:
        x, y = crowd(800, 2, seed=1) * 3 + 2, crowd(800, 2, seed=2)
        expected = 2 * 2**2 + 2 * (3 - 1) ** 2  # |m|² + Σ (s1 - s2)²
        self.assertAlmostEqual(float(frechet_distance(x, y)(once(800))), expected, delta=1.2)

    def test_a_weight_of_two_is_the_picture_twice(self) -> None:
        x, y = crowd(6, 4, seed=1), crowd(6, 4, seed=2)
        order = torch.tensor([0, 0, 2, 3, 3, 5])
        weights = torch.tensor([[2.0, 0, 1, 2, 0, 1]])
        expected = frechet_distance(x[order], y[order])(once(6))
        self.assertTrue(torch.allclose(frechet_distance(x, y)(weights), expected))


class KernelTest(unittest.TestCase):
    def test_it_is_unbiased_around_zero_for_equal_distributions(self) -> None:
        values = [
            float(kernel_distance(crowd(60, 5, seed=2 * s), crowd(60, 5, seed=2 * s + 1))(once(60))) for s in range(40)
        ]
        self.assertLess(abs(np.mean(values)), 3 * np.std(values) / 40**0.5)
        self.assertLess(min(values), 0)

    def test_it_grows_with_the_difference(self) -> None:
        x, y = crowd(100, 5, seed=1), crowd(100, 5, seed=2)
        near, far = (float(kernel_distance(x + shift, y)(once(100))) for shift in (0.5, 1.0))
        self.assertGreater(far, near)
        self.assertGreater(near, 0)

    def test_it_is_gretton_s_sum_over_different_pictures(self) -> None:
        x, y = crowd(4, 3, seed=1), crowd(4, 3, seed=2)

        def k(a: torch.Tensor, b: torch.Tensor) -> float:
            return (float(a @ b) / 3 + 1) ** 3

        terms = [
            k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i]) for i in range(4) for j in range(4) if i != j
        ]
        self.assertAlmostEqual(float(kernel_distance(x, y)(once(4))), sum(terms) / 12, places=9)

    def test_the_truth_is_at_zero(self) -> None:
        x = crowd(20, 5, seed=1)
        self.assertEqual(float(kernel_distance(x, x)(once(20))), 0)
        self.assertAlmostEqual(float(frechet_distance(x, x)(once(20))), 0, places=9)


class IntervalTest(unittest.TestCase):
    def test_the_error_of_a_mean_is_the_known_one(self) -> None:
        column = crowd(400, 1, seed=3)[:, 0]
        estimate = Bootstrap(400).estimate(mean_of(column))
        self.assertAlmostEqual(estimate.value, float(column.mean()), places=9)
        expected = float(column.std()) / 400**0.5
        self.assertAlmostEqual(estimate.error, expected, delta=0.1 * expected)
        self.assertAlmostEqual(estimate.high - estimate.low, 3.92 * expected, delta=0.4 * expected)

    def test_the_same_pictures_give_the_same_interval(self) -> None:
        column = crowd(50, 1, seed=3)[:, 0]
        self.assertEqual(Bootstrap(50).estimate(mean_of(column)), Bootstrap(50).estimate(mean_of(column)))

    def test_pictures_without_a_figure_are_left_out(self) -> None:
        column = torch.tensor([1.0, torch.nan, 3.0])
        self.assertEqual(float(mean_of(column)(once(3).double())), 2.0)
        nothing = Bootstrap(3).estimate(mean_of(torch.full((3,), torch.nan)))
        self.assertEqual((nothing.value, nothing.low), (None, None))

    def test_a_gap_of_means_can_be_zero_with_every_picture_wrong(self) -> None:
        left, right = torch.tensor([10.0, 30.0]), torch.tensor([30.0, 10.0])
        self.assertEqual(float(gap_of(left, right)(once(2).double())), 0.0)
        self.assertEqual(float(gap_of(left, right + 5)(once(2).double())), 5.0)

    def test_the_largest_value_knows_which_pictures_count(self) -> None:
        self.assertEqual(
            largest_of(torch.tensor([1.0, 5.0, 2.0]))(torch.tensor([[1, 1, 1], [2, 0, 1]])).tolist(), [5, 2]
        )

    def test_recovery_by_hand(self) -> None:
        """Zhang 2016: grey 52.7, colored 56.0 and real 68.3 of 100 are 21 % of the way."""
        grey, colored, real = (torch.tensor([1.0] * k + [0.0] * (1000 - k)) for k in (527, 560, 683))
        estimate = Bootstrap(1000).estimate(recovery_of(colored, floor=grey, ceiling=real))
        self.assertAlmostEqual(estimate.value, 0.2115, places=4)
        self.assertLess(estimate.low, 0.2115)
        self.assertGreater(estimate.low, 0.1)  # paired: far narrower than two independent errors of 1.6 points
        self.assertLess(estimate.high, 0.35)

    def test_a_recovery_without_a_way_up_has_no_interval(self) -> None:
        same = torch.tensor([1.0, 0.0] * 20)
        estimate = Bootstrap(40).estimate(recovery_of(same, floor=same, ceiling=same))
        self.assertEqual((estimate.value, estimate.error, estimate.n), (None, None, 40))

    def test_enough_resamples_for_the_tails(self) -> None:
        self.assertGreaterEqual(RESAMPLES, 1000)
