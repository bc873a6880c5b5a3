"""Hints: how they are written, what the network hears, and that the answer keeps to them."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from colorizer.color import AB_MAX
from colorizer.errors import HintsError
from colorizer.hints import MOST_SPOTS, Hints, Spot, reveal
from colorizer.merging import Chroma
from colorizer.spreading import KINDS

PHOTO = (400, 200)
GREY = {"x": 1, "y": 2, "radius": 5}
RED = {"x": 100, "y": 50, "radius": 20, "color": "#ff0000"}


class ParsingTest(unittest.TestCase):
    def test_a_color_becomes_chroma(self) -> None:
        hints = Hints.parse({"hints": [RED], "keep_grey": [{"x": 1, "y": 2, "radius": 3}]})
        self.assertAlmostEqual(hints.colors[0].ab[0], 80.1, delta=0.2)  # sRGB red is Lab (53.2, 80.1, 67.2)
        self.assertAlmostEqual(hints.colors[0].ab[1], 67.2, delta=0.2)
        self.assertEqual(hints.grey, (Spot(1, 2, 3, (0, 0)),))
        self.assertTrue(hints)
        self.assertFalse(Hints.parse({}))

    def test_each_mistake_is_told_in_words(self) -> None:
        for value, reason in (
            ([], "must be an object"),
            ({"points": []}, "must be an object"),
            ({"hints": {}}, "must be lists"),
            ({"hints": [{**RED, "color": "red"}]}, "#rrggbb"),
            ({"hints": [{**RED, "x": -1}]}, "from 0"),
            ({"hints": [{**RED, "x": float("inf")}]}, "from 0"),
            ({"hints": [{**RED, "x": 10**400}]}, "from 0 to 1000000"),
            ({"hints": [{**RED, "x": float("nan")}]}, "from 0"),
            ({"hints": [{**RED, "radius": True}]}, "from 0"),
            ({"keep_grey": ["here"]}, "must be an object"),
            ({"hints": [RED] * (MOST_SPOTS + 1)}, "at most"),
        ):
            with self.subTest(reason, value=str(value)[:60]), self.assertRaisesRegex(HintsError, reason):
                Hints.parse(value)

    def test_a_file_that_is_no_json_is_named(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "wishes.json"
            for text in ("{", "[" * 100_000):
                path.write_text(text)
                with self.assertRaisesRegex(HintsError, "wishes.json"):
                    Hints.read(path)
            path.write_text(json.dumps({"hints": [RED]}))
            self.assertEqual(len(Hints.read(path).colors), 1)


class CorrectionTest(unittest.TestCase):
    def setUp(self) -> None:
        light = np.full((50, 100), 50, np.float32)
        light[:, 60:] = 90  # an edge
        self.seen = Chroma(ab=np.zeros((2, 50, 100), np.float32), light=light)

    def change(self, *spots: dict, seen: Chroma | None = None) -> np.ndarray:
        """What is added to a (50, 100)."""
        seen = seen or self.seen
        return Hints.parse({"hints": list(spots)}).correction(seen.ab, seen, PHOTO)[0]

    def test_inside_the_spot_the_wish_holds_exactly(self) -> None:
        self.assertAlmostEqual(float(self.change(RED)[12, 25]), 80.1, delta=0.2)

    def test_it_spreads_over_the_same_thing_and_not_across_its_edge(self) -> None:
        change = self.change({**RED, "x": 160})  # column 40, its border at 45
        self.assertGreater(float(change[12, 55]), 30)
        self.assertLess(float(change[:, 61:].max()), 2)

    def test_it_fades_with_distance(self) -> None:
        change = self.change({**RED, "x": 160})
        self.assertTrue(change[12, 30] > change[12, 20] > change[12, 2] > 0)

    def test_what_the_network_colors_otherwise_is_another_thing(self) -> None:
        ab = self.seen.ab.copy()
        ab[1, 30:] = 40
        change = self.change(RED, seen=Chroma(ab=ab, light=self.seen.light))
        self.assertGreater(float(change[28, 25]), 30)
        self.assertLess(float(change[32:].max()), 10)

    def test_what_the_network_says_belongs_together_is_one_thing_whatever_lies_between(self) -> None:
        alike = np.zeros((2 * KINDS, 25, 50), np.float32)  # at half the size
        alike[:, :, 7:17] = alike[:, :, 25:35] = 3
        even = np.full((50, 100), 50, np.float32)
        change = self.change(RED, seen=Chroma(ab=self.seen.ab, light=even, alike=alike))  # column 25
        self.assertGreater(float(change[12, 60]), 40)
        self.assertEqual(float(np.abs(change[:, 36:48]).max()), 0)

    def test_a_spot_that_others_cover_says_nothing(self) -> None:
        covered = {**RED, "color": "#00ff00"}
        np.testing.assert_array_equal(self.change(covered, RED), self.change(RED))
        hints = Hints.parse({"hints": [RED], "keep_grey": [{"x": 100, "y": 50, "radius": 30}]})
        self.assertEqual(float(np.abs(hints.correction(self.seen.ab, self.seen, PHOTO)).max()), 0)

    def test_hints_that_disagree_change_nothing_further_than_they_say(self) -> None:
        change = self.change(RED, {**RED, "x": 130, "color": "#00ff00"}, {**RED, "x": 70, "color": "#00ff00"})
        self.assertLessEqual(float(change.max()), 80.2)
        self.assertGreaterEqual(float(change.min()), -86.3)  # a of sRGB green

    def test_between_two_hints_the_nearer_one_has_more_to_say(self) -> None:
        change = self.change(RED, {**RED, "x": 220, "color": "#00ff00"})
        self.assertGreater(float(change[12, 32]), 10)
        self.assertLess(float(change[12, 48]), -10)

    def test_a_spot_beyond_the_photograph_is_refused_by_its_place(self) -> None:
        self.change({**RED, "x": 410})  # reaches over the border
        beyond_the_corner = {**RED, "x": 415, "y": 215}
        for value in (
            {"hints": [{**RED, "x": 421}]},
            {"hints": [beyond_the_corner]},
            {"keep_grey": [{**GREY, "y": 300}]},
        ):
            with self.assertRaisesRegex(HintsError, r"outside the photograph, which has 400 x 200 pixels"):
                Hints.parse(value).correction(self.seen.ab, self.seen, PHOTO)

    def test_a_grey_region_is_grey_and_ends_at_its_border(self) -> None:
        colored = self.seen.ab + 30
        hints = Hints.parse({"keep_grey": [{"x": 100, "y": 50, "radius": 20}]})
        after = colored + hints.correction(colored, self.seen, PHOTO)
        self.assertEqual(float(np.abs(after[:, 12, 25]).max()), 0)
        self.assertEqual(float(after[0, 12, 40]), 30)


class RevealTest(unittest.TestCase):
    def test_about_half_of_the_pictures_reveal_nothing(self) -> None:
        ab = torch.full((200, 2, 32, 32), 22.0)
        planes = reveal(ab, torch.Generator().manual_seed(1))
        silent = int((planes[:, 2].amax(dim=(1, 2)) == 0).sum())
        self.assertTrue(80 < silent < 120, silent)
        told = planes[:, 2] > 0
        torch.testing.assert_close(planes[:, 0][told], torch.full_like(planes[:, 0][told], 22 / AB_MAX))
        self.assertEqual(float(planes[:, 0][~told].abs().max()), 0)
