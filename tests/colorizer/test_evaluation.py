"""Figures about colored photographs, on pictures whose answers are known."""

import tempfile
import unittest
from pathlib import Path

import torch

from colorizer import metrics
from colorizer.checkpoint import load_generator
from colorizer.color import rgb_to_lab
from colorizer.data import PhotoSet, evaluation_crop
from colorizer.evaluation import SHEET, SHEET_GAP, evaluate
from tests.colorizer.drawings import write_zip
from tests.colorizer.test_inference import SHIPPED


class MetricsTest(unittest.TestCase):
    def test_colorfulness_follows_hasler_and_suesstrunk_by_hand(self) -> None:
        rgb = torch.zeros(1, 3, 1, 2)
        rgb[0, 0, 0, 0] = 1.0  # one red pixel and one black: rg = 255, 0 and yb = 127.5, 0
        spread = (127.5**2 + 63.75**2) ** 0.5
        self.assertAlmostEqual(float(metrics.colorfulness(rgb)), spread + 0.3 * spread, places=2)

    def test_opposite_colors_do_not_cancel_by_absolute_values(self) -> None:
        rgb = torch.zeros(1, 3, 1, 2)
        rgb[0, 0, 0, 0] = rgb[0, 1, 0, 1] = 1.0  # red and green: rg = 255, -255
        self.assertGreater(float(metrics.colorfulness(rgb)), 255)

    def test_psnr_of_ab_is_known_for_a_constant_error(self) -> None:
        truth = torch.zeros(2, 2, 8, 8)
        self.assertAlmostEqual(float(metrics.psnr_ab(truth + 11, truth)[0]), 20.0, places=3)

    def test_ciede2000_of_lightness_alone(self) -> None:
        truth = torch.zeros(1, 3, 4, 4)
        truth[:, 0] = 50
        other = truth.clone()
        other[:, 0] = 52
        self.assertAlmostEqual(float(metrics.ciede2000(other, truth)), 2 / 1.00, delta=0.05)
        self.assertEqual(float(metrics.ciede2000(truth, truth)), 0.0)


class EvaluateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        write_zip(Path(folder.name) / "set.zip", count=18)
        cls.photos = PhotoSet(Path(folder.name) / "set.zip")
        cls.told: list[tuple[int, int]] = []
        generator, _ = load_generator(SHIPPED)
        cls.result = evaluate(
            generator, cls.photos, size=64, progress=lambda done, total: cls.told.append((done, total))
        )

    def test_the_truth_is_without_error_and_the_grey_without_color(self) -> None:
        rows = self.result.rows
        self.assertEqual(rows["truth"].ciede2000, 0.0)
        self.assertEqual(rows["truth"].colorfulness_gap, 0.0)
        self.assertAlmostEqual(rows["grey"].colorfulness, 0.0, places=1)
        self.assertEqual(rows["grey"].no_color_share, 1.0)

    def test_each_photograph_is_counted_once(self) -> None:
        self.assertEqual(self.result.pictures, 18)
        self.assertEqual(self.told, [(16, 18), (18, 18)])

    def test_the_rows_are_means_over_the_photographs(self) -> None:
        lab = rgb_to_lab(torch.stack([self._pixels(i) for i in range(18)]))
        self.assertAlmostEqual(self.result.rows["grey"].mean_abs_ab, float(lab[:, 1:].abs().mean()), places=2)

    def test_the_sheet_shows_grey_colored_and_true(self) -> None:
        self.assertEqual(self.result.sheet.size, (3 * 64 + 2 * SHEET_GAP, SHEET * (64 + SHEET_GAP) + SHEET_GAP))

    def _pixels(self, index: int) -> torch.Tensor:
        return evaluation_crop(self.photos.open(index), 64).float() / 255
