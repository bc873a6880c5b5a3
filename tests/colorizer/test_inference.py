"""Coloring a photograph with the shipped weights: size and light are the photograph's own."""

import math
import unittest
from dataclasses import replace

import numpy as np
import skimage.data
import torch
from PIL import Image
from skimage.color import deltaE_ciede2000

from colorizer import Colorizer, ImageError, NoColorError, OutOfMemoryError
from colorizer.__main__ import SHIPPED
from colorizer.color import lab_to_rgb, rgb_to_lab, to_tensor
from colorizer.hints import Hints
from colorizer.inference import LONGEST, SHORT_SIDE, SQUARES, Settings, network_size


def lightness(image: Image.Image) -> torch.Tensor:
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 255
    return rgb_to_lab(pixels)[0]


class ColorizerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.colorizer = Colorizer.load(SHIPPED)
        cls.portrait = Image.fromarray(skimage.data.astronaut()).convert("L")

    def test_the_size_is_kept_whatever_it_is(self) -> None:
        for size in ((640, 427), (333, 501), (90, 1200), (1500, 60), (40, 40)):
            with self.subTest(size=size):
                result = self.colorizer.colorize(self.portrait.resize(size))
                self.assertEqual((result.mode, result.size), ("RGB", size))

    def test_the_light_is_the_photographs_own(self) -> None:
        result = self.colorizer.colorize(self.portrait)
        difference = (lightness(result) - lightness(self.portrait)).abs().flatten()
        self.assertLess(float(difference.quantile(0.999)), 0.5)

    def test_it_really_colors(self) -> None:
        for name, mean_chroma in (("astronaut", 4), ("chelsea", 5), ("rocket", 10)):
            with self.subTest(name=name):
                photo = Image.fromarray(getattr(skimage.data, name)()).convert("L")
                lab = rgb_to_lab(
                    torch.from_numpy(np.array(self.colorizer.colorize(photo))).permute(2, 0, 1).float() / 255
                )
                self.assertGreater(float(lab[1:].square().sum(dim=0).sqrt().mean()), mean_chroma)

    def test_the_inputs_own_tint_is_not_looked_at(self) -> None:
        """A sepia print and a grey one of the same luminance."""
        light = np.asarray(self.portrait) / 255 * 0.8  # leaves room for the tint
        linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)[..., None]
        tint = np.array((1.25, 0.95, 0.7))
        tint /= tint @ (0.2126729, 0.7151522, 0.0721750)
        encoded = [
            np.where(y <= 0.0031308, 12.92 * y, 1.055 * np.maximum(y, 1e-9) ** (1 / 2.4) - 0.055) * 255
            for y in (linear * tint, linear)
        ]
        sepia, grey = encoded[0].round().astype(np.uint8), encoded[1][..., 0].round().astype(np.uint8)
        self.assertGreater(np.abs(sepia[..., 0].astype(int) - sepia[..., 2]).mean(), 20)
        toned, plain = (np.asarray(self.colorizer.colorize(Image.fromarray(x)), dtype=int) for x in (sepia, grey))
        self.assertLessEqual(np.quantile(np.abs(toned - plain), 0.99), 3)

    def test_other_modes_are_refused(self) -> None:
        with self.assertRaisesRegex(ImageError, "RGBA"):
            self.colorizer.colorize(self.portrait.convert("RGBA"))

    def test_no_color_is_an_error_and_never_a_grey_result(self) -> None:
        pale = without_color()
        with self.assertRaises(NoColorError):
            pale.colorize(self.portrait)

    def test_a_blank_sheet_is_told_as_such(self) -> None:
        for level in (0, 255):
            with self.assertRaises(NoColorError):
                self.colorizer.colorize(Image.new("L", (120, 90), level))

    def test_a_little_color_on_a_white_sheet_is_color(self) -> None:
        sheet = Image.new("L", (400, 400), 255)
        sheet.paste(self.portrait.resize((120, 120)), (140, 140))
        self.assertEqual(self.colorizer.colorize(sheet).size, (400, 400))

    def test_numbers_gone_wrong_are_an_error_too(self) -> None:
        broken = Colorizer.load(SHIPPED)
        torch.nn.init.constant_(broken._generator.to_ab.bias, float("nan"))
        with self.assertRaises(NoColorError):
            broken.colorize(self.portrait)

    def test_too_little_memory_is_told_as_such(self) -> None:
        greedy = Colorizer.load(SHIPPED)
        greedy._generator.to_ab.register_forward_pre_hook(lambda *_: torch.empty(1 << 50))
        with self.assertRaisesRegex(OutOfMemoryError, "too little memory to color even one photograph"):
            greedy.colorize(self.portrait)

    def test_other_mistakes_are_not_taken_for_too_little_memory(self) -> None:
        broken = Colorizer.load(SHIPPED)
        broken._generator.to_ab.register_forward_pre_hook(lambda *_: torch.ones(2) @ torch.ones(3))
        with self.assertRaisesRegex(RuntimeError, "size"):
            broken.colorize(self.portrait)


def without_color() -> Colorizer:
    """Every bin is grey, and nothing is refined."""
    colorizer = Colorizer.load(SHIPPED)
    for tensor in (colorizer._generator.centers, colorizer._generator.to_ab.weight, colorizer._generator.to_ab.bias):
        torch.nn.init.zeros_(tensor)
    return colorizer


class SilentTest(unittest.TestCase):
    """A network that finds no color: what the user told is all there is."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.silent = without_color()
        cls.photo = Image.fromarray(skimage.data.astronaut()).convert("L")

    def hint(self, color: str) -> Hints:
        return Hints.parse({"hints": [{"x": 150, "y": 440, "radius": 6, "color": color}]})

    def test_a_color_that_is_told_is_laid(self) -> None:
        red, _, blue = self.silent.colorize(self.photo, hints=self.hint("#b04030")).getpixel((150, 440))
        self.assertGreater(red - blue, 20)

    def test_a_grey_that_is_told_is_no_color(self) -> None:
        for hints in (self.hint("#808080"), Hints.parse({"keep_grey": [{"x": 150, "y": 440, "radius": 9}]})):
            with self.assertRaises(NoColorError):
                self.silent.colorize(self.photo, hints=hints)

    def test_numbers_gone_wrong_are_an_error_whatever_is_told(self) -> None:
        broken = Colorizer.load(SHIPPED)
        torch.nn.init.constant_(broken._generator.to_ab.bias, float("nan"))
        everywhere = Hints.parse({"hints": [{"x": 256, "y": 256, "radius": 900, "color": "#b04030"}]})
        with self.assertRaisesRegex(NoColorError, "not a number"):
            broken.colorize(self.photo, hints=everywhere)


class ToldTest(unittest.TestCase):
    """What the user asks for."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.colorizer = Colorizer.load(SHIPPED)
        cls.photo = Image.fromarray(skimage.data.astronaut()).convert("L").resize((700, 700))

    def chroma(self, **settings: object) -> torch.Tensor:
        result = self.colorizer.colorize(self.photo, **settings)
        return rgb_to_lab(torch.from_numpy(np.array(result)).permute(2, 0, 1).float() / 255)[1:]

    def test_a_color_is_where_it_was_wished_as_far_as_its_light_allows(self) -> None:
        x, y = 300, 600  # the suit
        hints = Hints.parse({"hints": [{"x": x, "y": y, "radius": 9, "color": "#5a7850"}]})
        own = lightness(self.photo)[y, x]
        wish = lab_to_rgb(torch.tensor([own, *hints.colors[0].ab]).view(3, 1, 1))
        told = self.colorizer.colorize(self.photo, hints=hints).getpixel((x, y))
        got = rgb_to_lab(torch.tensor(told).view(3, 1, 1) / 255)
        difference = deltaE_ciede2000(rgb_to_lab(wish).flatten().numpy(), got.flatten().numpy())
        self.assertLess(float(difference), 3)

    def test_a_color_spreads_over_the_thing_and_not_over_others(self) -> None:
        photo = Image.fromarray(skimage.data.camera())
        hints = Hints.parse({"hints": [{"x": 420, "y": 420, "radius": 8, "color": "#5f8a3a"}]})
        told, plain = (
            rgb_to_lab(to_tensor(self.colorizer.colorize(photo, hints=wish)).float() / 255)[1:]
            for wish in (hints, Hints())
        )
        change = (told - plain).norm(dim=0)
        lawn, coat, sky = change[350:500, 330:500], change[250:420, 60:160], change[20:150, 20:150]
        self.assertGreater(float(lawn.median()), 20)
        self.assertLess(float(coat.median()), 3)
        self.assertLess(float(sky.median()), 3)

    def test_a_region_is_kept_grey(self) -> None:
        hints = Hints.parse({"keep_grey": [{"x": 350, "y": 200, "radius": 80}]})
        self.assertLess(float(self.chroma(hints=hints)[:, 150:250, 300:400].abs().max()), 1.5)

    def test_vividness_makes_more_or_less_of_the_same_color(self) -> None:
        plain, vivid = self.chroma(), self.chroma(vividness=1.4)
        strong = plain.norm(dim=0) > 8
        self.assertAlmostEqual(float((vivid.norm(dim=0) / plain.norm(dim=0))[strong].median()), 1.4, delta=0.05)
        self.assertLess(float(self.chroma(vividness=0).abs().max()), 0.1)


class WayTest(unittest.TestCase):
    """At which size the network sees the photograph, and whether its mirror image is seen too."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.colorizer = Colorizer.load(SHIPPED)
        cls.photo = Image.fromarray(skimage.data.chelsea()).convert("L").resize((512, 384))

    def propose(self, photo: Image.Image, **settings: object) -> np.ndarray:
        return self.colorizer.propose(photo, Settings(**settings), size=photo.size).ab

    def test_the_network_sees_the_size_that_was_asked_for(self) -> None:
        for side in (128, 192, 256, 384):
            with self.subTest(side=side):
                self.assertEqual(
                    self.propose(self.photo, network_size=side).shape,
                    (2, side // 2, math.ceil(round(side * 4 / 3) / 2)),
                )

    def test_another_size_is_another_answer(self) -> None:
        small, usual = (
            self.colorizer.predict(self.photo, Settings(network_size=side), size=self.photo.size).ab.mean(axis=(1, 2))
            for side in (128, 256)
        )
        self.assertGreater(float(np.abs(small - usual).max()), 0.2)

    def test_the_mean_with_the_mirror_image_is_the_same_for_both(self) -> None:
        mirrored = self.photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        plain = np.abs(self.propose(self.photo) - self.propose(mirrored)[..., ::-1])
        averaged = np.abs(
            self.propose(self.photo, flip_averaged=True) - self.propose(mirrored, flip_averaged=True)[..., ::-1]
        )
        self.assertGreater(float(plain.mean()), 0.5)
        self.assertLess(float(averaged.mean()), 0.1)

    def test_what_belongs_together_is_said_at_the_places_of_the_colors(self) -> None:
        odd = self.photo.crop((0, 0, 501, 333))
        said = self.colorizer.propose(odd, Settings(flip_averaged=True), size=odd.size)
        self.assertEqual(said.alike.shape[1:], tuple(math.ceil(side / 2) for side in said.ab.shape[1:]))
        hints = Hints.parse({"hints": [{"x": 250, "y": 60, "radius": 8, "color": "#4060c0"}]})
        with_it, without = (
            hints.correction(said.ab, replace(said, alike=alike), odd.size) for alike in (said.alike, None)
        )
        self.assertGreater(float(np.abs(with_it - without).max()), 5)  # so it is listened to

    def test_sizes_of_no_use_are_refused(self) -> None:
        for side in (0, 63, 513):
            with self.assertRaisesRegex(ValueError, "network size"):
                Settings(network_size=side)


class SizeTest(unittest.TestCase):
    def test_the_network_sees_the_photographs_aspect(self) -> None:
        for size in ((4000, 3000), (3000, 4000), (640, 640), (300, 200), (2500, 1000)):
            for side in (SHORT_SIDE, 384):
                width, height = network_size(size, side)
                self.assertAlmostEqual(width / height, size[0] / size[1], delta=0.02)
                self.assertLessEqual(width * height, SQUARES * side**2)
                self.assertLessEqual(min(width, height), side)

    def test_a_ribbon_is_bounded_by_its_long_side(self) -> None:
        self.assertEqual(network_size((10_000, 10)), (LONGEST * SHORT_SIDE, 1))

    def test_a_panorama_is_seen_as_large_as_its_area_allows(self) -> None:
        self.assertEqual(network_size((10_000, 2500)), (810, 202))
        self.assertEqual(network_size((1000, 10_000)), (128, 1280))
