"""The door between RGB and Lab, held against scikit-image."""

import unittest

import numpy as np
import torch
from skimage.color import rgb2lab

from colorizer.color import AB_MAX, lab_to_rgb, rgb_to_lab


class ColorTest(unittest.TestCase):
    def setUp(self) -> None:
        self.rgb = torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(1))

    def test_lab_is_that_of_scikit_image(self) -> None:
        theirs = rgb2lab(self.rgb.permute(1, 2, 0).numpy())
        np.testing.assert_allclose(rgb_to_lab(self.rgb).permute(1, 2, 0).numpy(), theirs, atol=0.02)

    def test_there_and_back_changes_nothing(self) -> None:
        torch.testing.assert_close(lab_to_rgb(rgb_to_lab(self.rgb)), self.rgb, atol=1e-4, rtol=0)

    def test_batches_are_converted_like_single_pictures(self) -> None:
        batch = torch.stack((self.rgb, self.rgb.flip(-1)))
        torch.testing.assert_close(rgb_to_lab(batch)[1], rgb_to_lab(self.rgb.flip(-1)))

    def test_every_srgb_color_lies_within_ab_max(self) -> None:
        steps = torch.linspace(0, 1, 18)
        cube = torch.cartesian_prod(steps, steps, steps).T[..., None]
        self.assertLess(float(rgb_to_lab(cube)[1:].abs().max()), AB_MAX)

    def test_a_color_out_of_gamut_keeps_its_lightness(self) -> None:
        light = torch.linspace(0, 100, 64).expand(1, 64, 64)
        ab = torch.tensor([90.0, -80.0])[:, None, None].expand(2, 64, 64)
        rgb = lab_to_rgb(torch.cat((light, ab)))
        self.assertTrue(bool(((rgb >= 0) & (rgb <= 1)).all()))
        torch.testing.assert_close(rgb_to_lab(rgb)[:1], light, atol=0.01, rtol=0)
        self.assertGreater(float(rgb_to_lab(rgb)[1:, :, 32].abs().mean()), 20)
