"""Likely colors at a place, and where the generator is unsure."""

import unittest

import numpy as np
import skimage.data
import torch
from PIL import Image

from colorizer import Colorizer
from colorizer.__main__ import SHIPPED
from colorizer.color import rgb_to_lab
from colorizer.doubt import MOST_COVER, STRONGEST, UNSURE, heat_map, spread, unsure_share
from colorizer.inference import Distribution
from colorizer.palette import APART, MOST_COLORS, likely_colors, modes

CENTERS = np.array([(a, b) for a in range(-60, 61, 10) for b in range(-60, 61, 10)], np.float32)


def lab_of(color: str) -> np.ndarray:
    rgb = torch.tensor(list(bytes.fromhex(color[1:]))).view(3, 1, 1) / 255
    return rgb_to_lab(rgb).flatten().numpy()


class ModesTest(unittest.TestCase):
    def shares(self, **peaks: float) -> np.ndarray:
        """`a_b=share`, m for minus."""
        shares = np.zeros(len(CENTERS), np.float32)
        for name, share in peaks.items():
            place = [float(word.replace("m", "-")) for word in name.strip("_").split("_")]
            shares[np.argmin(np.linalg.norm(CENTERS - place, axis=1))] = share
        return shares

    def test_each_hill_is_one_color_the_largest_first(self) -> None:
        found = modes(self.shares(_40_20=0.2, _50_20=0.2, _40_30=0.15, _m40_m20=0.45), CENTERS)
        np.testing.assert_allclose(found[0], (43.6, 22.7), atol=0.1)
        np.testing.assert_allclose(found[1], (-40, -20), atol=0.1)
        self.assertEqual(len(found), 2)

    def test_neighbors_are_no_choice_and_accidents_no_color(self) -> None:
        found = modes(self.shares(_0_0=0.6, _20_0=0.3, _m60_60=0.001, _60_60=0.099), CENTERS)
        self.assertEqual(len(found), 2)

    def test_there_are_not_too_many(self) -> None:
        found = modes(np.full(len(CENTERS), 1 / len(CENTERS), np.float32), CENTERS)
        self.assertEqual(len(found), MOST_COLORS)
        apart = [np.linalg.norm(one - other) for one in found for other in found if one is not other]
        self.assertGreaterEqual(min(apart), APART)


class PlaceTest(unittest.TestCase):
    def test_the_place_is_the_one_that_was_asked_for_at_its_own_light(self) -> None:
        shares = np.zeros((len(CENTERS), 20, 40), np.float32)
        red, blue = (np.argmin(np.linalg.norm(CENTERS - ab, axis=1)) for ab in ((40, 20), (0, -40)))
        shares[red, :, :20] = 1
        shares[blue, :, 20:] = 1
        light = np.full((20, 40), 40, np.float32)
        light[:, 20:] = 70
        drawn = Distribution(shares, CENTERS, light)
        np.testing.assert_allclose(lab_of(likely_colors(drawn, (0.1, 0.5))[0]), (40, 40, 20), atol=1)
        np.testing.assert_allclose(lab_of(likely_colors(drawn, (1.0, 1.0))[0])[0], 70, atol=1)
        self.assertLess(lab_of(likely_colors(drawn, (0.9, 0.5))[0])[2], -20)

    def test_where_light_has_no_room_there_is_one_color(self) -> None:
        shares = np.full((len(CENTERS), 4, 4), 1 / len(CENTERS), np.float32)
        self.assertEqual(
            likely_colors(Distribution(shares, CENTERS, np.zeros((4, 4), np.float32)), (0, 0)), ["#000000"]
        )


class GeneratorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.colorizer = Colorizer.load(SHIPPED)
        cls.photo = Image.fromarray(skimage.data.coffee()).convert("L")

    def test_the_shipped_weights_offer_a_choice_and_what_they_would_choose_is_near_it(self) -> None:
        found = self.colorizer.distribution(self.photo, size=self.photo.size)
        np.testing.assert_allclose(found.shares.sum(axis=0), 1, atol=0.02)
        self.assertEqual(found.shares.shape[1:], found.light.shape)
        colors = likely_colors(found, (0.5, 0.5))
        self.assertGreaterEqual(len(colors), 4)
        x, y = self.photo.width // 2, self.photo.height // 2
        chosen = lab_of("#" + bytes(self.colorizer.colorize(self.photo).getpixel((x, y))).hex())
        self.assertLess(min(np.linalg.norm((lab_of(color) - chosen)[1:]) for color in colors), 20)

    def test_doubt_is_told_by_place_and_as_a_share(self) -> None:
        found = spread(self.colorizer, self.photo.resize((300, 200)), size=self.photo.size)
        self.assertEqual(found.shape, (128, 192))
        self.assertGreater(float(found.max()), 2 * float(found.mean()))
        self.assertTrue(0 < unsure_share(found) < 1)


class MapTest(unittest.TestCase):
    def test_it_is_clear_where_all_agree_and_strongest_where_they_do_not(self) -> None:
        found = np.array([[0, UNSURE / 2], [STRONGEST, 90]], np.float32)
        alpha = np.asarray(heat_map(found))[..., 3]
        self.assertEqual(alpha.tolist(), [[0, 0], [MOST_COVER, MOST_COVER]])
        self.assertEqual(unsure_share(found), 0.5)
