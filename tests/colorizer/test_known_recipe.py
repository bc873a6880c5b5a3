"""The known recipe's networks are those of the paper. Nothing is trained here: `benchmarks/` is run by hand."""

import tempfile
import unittest
from pathlib import Path

import torch

from benchmarks.known_recipe import PatchGAN, Run, UNet, as_in_the_paper
from colorizer.color import AB_MAX


class KnownRecipeTest(unittest.TestCase):
    def test_the_generator_has_the_size_of_the_seven_level_u_net(self) -> None:
        parameters = sum(p.numel() for p in UNet().parameters())
        self.assertAlmostEqual(parameters / 1e6, 41.8, places=1)

    def test_a_patch_is_70_pixels_wide(self) -> None:
        light = torch.rand(1, 1, 128, 128, requires_grad=True)
        logits = PatchGAN().apply(as_in_the_paper).eval()(light * 100, torch.zeros(1, 2, 128, 128))
        logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
        touched = light.grad[0, 0].abs().sum(dim=0) > 0
        self.assertEqual(int(touched.sum()), 70)

    def test_a_picture_of_any_size_is_colored_and_the_same_each_time(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = Run(Path(folder))
            light = torch.rand(1, 1, 130, 100) * 100
            ab = run.paint(light)
            self.assertEqual(ab.shape, (1, 2, 130, 100))
            self.assertLessEqual(float(ab.abs().max()), AB_MAX)
            self.assertTrue(torch.equal(ab, run.paint(light)))  # no dropout
