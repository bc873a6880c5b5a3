"""Figures about single pictures, on pictures whose answers are known."""

import unittest

import numpy as np
import torch
import torch.nn.functional as F
from skimage.color import deltaE_ciede2000

from colorizer import metrics
from colorizer.color import lab_to_rgb, rgb_to_lab


def flat(light: float, a: float, b: float, *, size: int = 32) -> torch.Tensor:
    """A Lab picture of one color (1, 3, size, size)."""
    return torch.tensor([light, a, b], dtype=torch.float32).view(1, 3, 1, 1).repeat(1, 1, size, size)


def two_halves(*, size: int = 256) -> torch.Tensor:
    """Dark red beside light blue: Lab (1, 3, size, size)."""
    return torch.cat(
        (flat(30, 40, 30, size=size)[..., : size // 2], flat(70, -10, -35, size=size)[..., size // 2 :]), -1
    )


class DistanceTest(unittest.TestCase):
    def test_psnr_of_ab_is_known_for_a_constant_error(self) -> None:
        truth = torch.zeros(2, 2, 8, 8)
        self.assertAlmostEqual(float(metrics.psnr_ab(truth + 11, truth)[0]), 20.0, places=3)

    def test_psnr_of_rgb_is_known_for_a_constant_error(self) -> None:
        truth = torch.zeros(1, 3, 8, 8)
        self.assertAlmostEqual(float(metrics.psnr_rgb(truth + 0.1, truth)), 20.0, places=3)

    def test_ciede2000_of_lightness_alone(self) -> None:
        self.assertAlmostEqual(float(metrics.ciede2000(flat(52, 0, 0), flat(50, 0, 0))), 2 / 1.00, delta=0.05)
        self.assertEqual(float(metrics.ciede2000(flat(50, 0, 0), flat(50, 0, 0))), 0.0)

    def test_ciede2000_is_the_reference_s_mean_picture_by_picture(self) -> None:
        rng = np.random.default_rng(0)
        a, b = (rng.uniform((0, -60, -60), (100, 60, 60), (2, 9, 7, 3)).astype(np.float32) for _ in "ab")
        tensors = [torch.from_numpy(x).movedim(-1, 1) for x in (a, b)]
        expected = deltaE_ciede2000(a, b).mean(axis=(1, 2))
        np.testing.assert_allclose(metrics.ciede2000(*tensors).numpy(), expected, rtol=1e-5)


class ColorfulnessTest(unittest.TestCase):
    def test_it_follows_hasler_and_suesstrunk_by_hand(self) -> None:
        rgb = torch.zeros(1, 3, 1, 2)
        rgb[0, 0, 0, 0] = 1.0  # one red pixel and one black: rg = 255, 0 and yb = 127.5, 0
        spread = (127.5**2 + 63.75**2) ** 0.5
        self.assertAlmostEqual(float(metrics.colorfulness(rgb)), spread + 0.3 * spread, places=2)

    def test_opposite_colors_cancel_only_in_the_absolute_variant(self) -> None:
        rgb = torch.zeros(1, 3, 1, 2)
        rgb[0, 0, 0, 0] = rgb[0, 1, 0, 1] = 1.0  # red and green: rg = 255, -255 and yb = 127.5 twice
        self.assertAlmostEqual(float(metrics.colorfulness(rgb)), 255 + 0.3 * 127.5, places=2)
        self.assertAlmostEqual(
            float(metrics.colorfulness(rgb, absolute=True)), 0.3 * (255**2 + 127.5**2) ** 0.5, places=2
        )


class GamutAndLightTest(unittest.TestCase):
    def test_the_share_outside_srgb_is_counted(self) -> None:
        lab = flat(50, 0, 20)
        lab[..., :8, 1:] = torch.tensor(0.0)
        lab[:, 2, :, :8] = -110  # a blue that no screen has at this lightness, on a quarter
        self.assertAlmostEqual(float(metrics.outside_gamut(lab, rgb_to_lab(lab_to_rgb(lab)))), 0.25, places=5)

    def test_light_changes_by_rounding_alone(self) -> None:
        greys = torch.linspace(0, 1, 256).view(1, 1, 16, 16).repeat(1, 3, 1, 1)
        light = rgb_to_lab(greys)[:, :1]
        self.assertLess(float(metrics.light_change(greys, light)[0]), 1e-3)
        greys, light = greys.repeat(1, 1, 4, 4), light.repeat(1, 1, 4, 4)
        for moved, high in ((1, 0), (16, 3)):  # of 4,096 pixels
            light_in = light.clone()
            light_in[0, 0, 0, :moved] += 3
            largest, percentile = metrics.light_change(greys, light_in)
            self.assertAlmostEqual(float(largest), 3, places=2)
            self.assertAlmostEqual(float(percentile), high, places=2)


class EdgeBleedTest(unittest.TestCase):
    def test_truth_is_before_sharp_is_before_blurred_is_before_grey(self) -> None:
        truth = two_halves()
        sharp = truth.clone()
        sharp[:, 1:] *= 0.8
        blurred = [sharp.clone() for _ in range(2)]
        for picture, kernel in zip(blurred, (9, 33), strict=True):
            ab = F.pad(picture[:, 1:], (kernel // 2,) * 4, mode="replicate")
            picture[:, 1:] = F.avg_pool2d(ab, kernel, 1)
        grey = truth.clone()
        grey[:, 1:] = 0
        scores = [float(metrics.edge_bleed(p, truth)) for p in (truth, sharp, *blurred, grey)]
        self.assertEqual(scores, sorted(scores))
        self.assertAlmostEqual(scores[0], 0, places=5)
        self.assertAlmostEqual(scores[1], 0.2, places=5)
        self.assertGreater(scores[2], 0.3)
        self.assertGreater(scores[3], scores[2] + 0.2)
        self.assertAlmostEqual(scores[4], 1, places=5)

    def test_a_picture_without_edges_has_no_figure(self) -> None:
        only_in_chroma = two_halves()
        only_in_chroma[:, 0] = 50
        for picture in (flat(50, 20, 20), only_in_chroma):
            self.assertTrue(metrics.edge_bleed(picture, picture).isnan().all())


class SkinTest(unittest.TestCase):
    SKIN = (65.0, 16.0, 16.0)  # 45 degrees, chroma 23

    def _share(self, color: tuple[float, float, float]) -> float:
        truth = flat(*self.SKIN)
        truth[..., 16:] = flat(60, -40, 30)[..., 16:]  # leaves
        predicted = flat(*color)
        return float(metrics.skin_share(predicted, truth, lab_to_rgb(truth)))

    def test_skin_that_stays_skin_counts_and_leaves_do_not(self) -> None:
        self.assertEqual(self._share(self.SKIN), 1.0)
        self.assertEqual(self._share((65, 10, 14)), 1.0)  # paler

    def test_grey_blue_and_orange_skin_do_not_count(self) -> None:
        for color in ((65.0, 0.0, 0.0), (65.0, 5.0, -20.0), (65.0, 30.0, 60.0)):
            self.assertEqual(self._share(color), 0.0)

    def test_a_picture_without_skin_has_no_figure(self) -> None:
        leaves = flat(60, -40, 30)
        self.assertTrue(metrics.skin_share(leaves, leaves, lab_to_rgb(leaves)).isnan().all())
