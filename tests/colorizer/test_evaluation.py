"""The evaluation that training runs, on drawn pictures."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from colorizer.checkpoint import load_generator
from colorizer.color import rgb_to_lab
from colorizer.data import PhotoSet, evaluation_crop
from colorizer.evaluation import evaluate
from colorizer.sheet import GAP, HEADER, SHOWN
from tests.colorizer.drawings import write_zip
from tests.colorizer.test_inference import SHIPPED


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
        sheet = self.result.sheet
        self.assertEqual(sheet.size, (3 * 64 + 2 * GAP, SHOWN * (64 + GAP) + GAP + HEADER))
        tops = HEADER + GAP
        grey, _, true = (np.asarray(sheet.crop((GAP + 64 * i, tops, GAP + 64 * (i + 1), tops + 64))) for i in range(3))
        np.testing.assert_allclose(true, self._pixels(0).permute(1, 2, 0).numpy() * 255, atol=1)
        self.assertLessEqual(int(np.ptp(grey.astype(int), axis=-1).max()), 1)
        for column in range(3):  # each has its name above
            label = np.asarray(sheet.crop((GAP + 64 * column, 0, GAP + 64 * (column + 1), HEADER)).convert("L"))
            self.assertLess(label.min(), 128)

    def _pixels(self, index: int) -> torch.Tensor:
        return evaluation_crop(self.photos.open(index), 64).float() / 255
