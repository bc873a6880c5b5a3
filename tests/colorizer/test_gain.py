"""The factor that keeps pictures as vivid as they were, on drawn pictures."""

import tempfile
import unittest
from pathlib import Path

import torch

from colorizer.color import rgb_to_lab
from colorizer.data import PhotoSet, evaluation_crop
from colorizer.evaluation import Painter
from colorizer.gain import LEAST, MOST, gain_to, vividness
from tests.colorizer.drawings import write_zip

SIZE, COUNT = 64, 6


class GainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        write_zip(Path(folder.name) / "set.zip", count=COUNT)
        cls.sources = {"hills": PhotoSet(Path(folder.name) / "set.zip")}
        cls.wanted = vividness(cls.painter(0.7), cls.sources, size=SIZE, heed=lambda: None)

    @classmethod
    def painter(cls, share: float) -> Painter:
        """One who paints that share of the true chroma."""
        photos = cls.sources["hills"]
        lab = rgb_to_lab(torch.stack([evaluation_crop(photos.open(i), SIZE) for i in range(COUNT)]) / 255)
        return lambda light: share * lab[:, 1:]

    def gain(self, share: float) -> float:
        return gain_to(self.wanted, self.painter(share), self.sources, size=SIZE, heed=lambda: None)

    def test_a_paler_painter_is_raised_to_what_was_before(self) -> None:
        self.assertAlmostEqual(self.gain(0.5), 1.4, delta=0.03)

    def test_a_more_vivid_one_is_not_lowered(self) -> None:
        self.assertAlmostEqual(self.gain(0.9), LEAST, delta=0.01)

    def test_nearly_grey_stays_nearly_grey(self) -> None:
        self.assertAlmostEqual(self.gain(0.05), MOST, delta=0.01)
