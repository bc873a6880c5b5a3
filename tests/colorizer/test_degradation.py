"""Simulated damage: it is there, it differs, it stays in range, and the same seed gives the same."""

import unittest

import torch

from colorizer.color import rgb_to_lab
from colorizer.degradation import Degradation


class DegradationTest(unittest.TestCase):
    def setUp(self) -> None:
        ramp = torch.linspace(0, 1, 64)
        self.rgb = torch.stack((ramp.expand(64, 64), ramp[:, None].expand(64, 64), 1 - ramp.expand(64, 64)))
        self.rgb = self.rgb.expand(64, -1, -1, -1)
        self.light = rgb_to_lab(self.rgb)[:, :1]

    def degrade(self, seed: int, effect: str | None = None) -> torch.Tensor:
        degradation = Degradation(torch.Generator().manual_seed(seed))
        if effect is None:
            return degradation(self.rgb, self.light)
        return getattr(degradation, effect)(self.light / 100)

    def test_luminance_stays_in_range_and_finite(self) -> None:
        seen = self.degrade(3)
        self.assertTrue(torch.isfinite(seen).all())
        self.assertGreaterEqual(float(seen.min()), 0)
        self.assertLessEqual(float(seen.max()), 100)

    def test_the_same_seed_gives_the_same_damage(self) -> None:
        self.assertTrue(torch.equal(self.degrade(3), self.degrade(3)))
        self.assertFalse(torch.equal(self.degrade(3), self.degrade(4)))

    def test_the_scene_can_still_be_seen(self) -> None:
        pairs = zip(self.degrade(3).flatten(1), self.light.flatten(1), strict=True)
        alike = [float(torch.corrcoef(torch.stack(pair))[0, 1]) for pair in pairs]
        self.assertGreater(min(alike), 0.5)

    def test_each_rare_effect_meets_some_pictures_and_spares_most(self) -> None:
        for effect in ("_scratches", "_halftone", "_jpeg"):
            with self.subTest(effect):
                change = (self.degrade(5, effect) - self.light / 100).abs().amax(dim=(1, 2, 3))
                met = int((change > 1e-3).sum())
                self.assertTrue(0 < met < 32, met)

    def test_orthochromatic_film_is_blind_to_red(self) -> None:
        red = torch.zeros(64, 3, 8, 8)
        red[:, 0] = 1
        light = rgb_to_lab(red)[:, :1]
        seen = Degradation(torch.Generator().manual_seed(1))._film(red, light)
        self.assertLess(float(seen.min()), 35)
        self.assertAlmostEqual(float(seen.median()), float(light.median()), places=3)
