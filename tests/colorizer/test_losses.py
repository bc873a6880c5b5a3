"""Each loss at values that can be worked out by hand."""

import math
import unittest

import torch

from colorizer import losses
from colorizer.color import AB_MAX, in_gamut_bins, lab_to_rgb, rgb_to_lab


class ChromaLossTest(unittest.TestCase):
    def test_l1_is_in_units_of_the_range(self) -> None:
        truth = torch.zeros(1, 2, 4, 4)
        self.assertAlmostEqual(float(losses.l1_chroma(truth + 11, truth)), 11 / AB_MAX, places=6)


class ColorfulnessTest(unittest.TestCase):
    def test_it_is_the_distance_in_colorfulness_wherever_the_color_is(self) -> None:
        truth = torch.zeros(1, 2, 4, 4)
        truth[0, 0, :2] = 22.0  # deviation 11, mean 11
        moved = truth.flip(2)
        self.assertAlmostEqual(float(losses.colorfulness_distance(moved, truth)), 0, places=6)
        distance = losses.colorfulness_distance(torch.zeros_like(truth), truth)
        self.assertAlmostEqual(float(distance), 1.37 * 11 / AB_MAX, delta=2e-4)

    def test_a_grey_picture_has_a_finite_slope(self) -> None:
        grey = torch.zeros(1, 2, 4, 4, requires_grad=True)
        losses.colorfulness_distance(grey, torch.ones(1, 2, 4, 4)).backward()
        self.assertTrue(grey.grad.isfinite().all())


class BinsTest(unittest.TestCase):
    centers = in_gamut_bins(10.0)

    def test_every_bin_holds_a_color_that_a_screen_can_show(self) -> None:
        light = torch.arange(0.0, 100.0, 0.5)[:, None, None].expand(-1, len(self.centers), 1)
        a, b = (self.centers[:, i][None, :, None].expand_as(light) for i in range(2))
        lab = torch.stack((light, a, b), dim=1)
        kept = (rgb_to_lab(lab_to_rgb(lab))[:, 1:] - lab[:, 1:]).abs().amax(dim=1) < 0.5
        self.assertTrue(kept.any(dim=0).all())
        self.assertIn([0.0, 0.0], self.centers.tolist())

    def test_a_color_belongs_mostly_to_the_nearest_bin(self) -> None:
        ab = torch.tensor([21.0, -9.0]).view(1, 2, 1, 1)
        shares = losses.soft_bins(ab, self.centers)[0, :, 0, 0]
        self.assertAlmostEqual(float(shares.sum()), 1, places=5)
        self.assertEqual(self.centers[shares.argmax()].tolist(), [20.0, -10.0])

    def test_rare_colors_weigh_more_and_the_mean_weight_is_one(self) -> None:
        ab = torch.zeros(1, 2, 10, 10)
        ab[0, :, 0, 0] = torch.tensor([60.0, 60.0])
        weights = losses.bin_weights(ab, self.centers)
        grey, red = (self.centers.tolist().index(place) for place in ([0.0, 0.0], [60.0, 60.0]))
        self.assertGreater(float(weights[red]), 5 * float(weights[grey]))
        prior = losses.soft_bins(ab, self.centers).mean(dim=(0, 2, 3))
        self.assertAlmostEqual(float((prior * weights).sum()), 1, places=4)

    def test_the_entropy_of_a_blank_guess_is_the_logarithm_of_the_bins(self) -> None:
        logits, weights = torch.zeros(1, len(self.centers), 2, 2), torch.ones(len(self.centers))
        value = losses.bins_cross_entropy(logits, torch.zeros(1, 2, 2, 2), self.centers, weights)
        self.assertAlmostEqual(float(value), math.log(len(self.centers)), places=4)


class FeatureDistanceTest(unittest.TestCase):
    def test_it_is_zero_for_the_same_and_two_for_orthogonal_features(self) -> None:
        one = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
        other = torch.tensor([0.0, 3.0]).view(1, 2, 1, 1)
        self.assertAlmostEqual(float(losses.feature_distance([one, one], [one * 5, other])), 1.0, places=5)


class AdversarialLossTest(unittest.TestCase):
    def test_the_discriminator_is_at_log_two_when_it_cannot_tell(self) -> None:
        logits = [torch.zeros(2, 1, 3, 3), torch.zeros(2, 1, 1, 1)]
        self.assertAlmostEqual(float(losses.adversarial_discriminator(logits, logits)), math.log(2), places=4)

    def test_the_generator_gains_when_its_fakes_pass(self) -> None:
        caught, passed = [torch.full((1, 1, 2, 2), -3.0)], [torch.full((1, 1, 2, 2), 3.0)]
        self.assertGreater(float(losses.adversarial_generator(caught)), float(losses.adversarial_generator(passed)))
