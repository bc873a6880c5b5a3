"""The factor that makes pictures as colorful as the truth, on drawn pictures."""

import tempfile
import unittest
from pathlib import Path

import torch

from colorizer.color import rgb_to_lab
from colorizer.data import PhotoSet, evaluation_crop
from colorizer.gain import LEAST, MOST, gain_to_truth
from tests.colorizer.drawings import write_zip

SIZE, COUNT = 64, 6


class GainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        write_zip(Path(folder.name) / "set.zip", count=COUNT)
        cls.photos = PhotoSet(Path(folder.name) / "set.zip")

    def gain(self, share: float) -> float:
        """Found for one who paints that share of the true chroma."""

        def paint(light: torch.Tensor) -> torch.Tensor:
            lab = rgb_to_lab(torch.stack([evaluation_crop(self.photos.open(i), SIZE) for i in range(COUNT)]) / 255)
            self.assertTrue(torch.equal(light, lab[:, :1]))
            return share * lab[:, 1:]

        return gain_to_truth(paint, {"hills": self.photos}, size=SIZE)

    def test_a_pale_painter_is_raised_to_the_truth(self) -> None:
        self.assertAlmostEqual(self.gain(1 / 1.4), 1.4, delta=0.04)

    def test_one_beyond_the_truth_is_not_lowered(self) -> None:
        self.assertAlmostEqual(self.gain(1.5), LEAST, delta=0.01)

    def test_nearly_grey_stays_nearly_grey(self) -> None:
        self.assertAlmostEqual(self.gain(0.05), MOST, delta=0.01)
