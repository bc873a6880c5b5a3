"""Laying chroma over the photograph's own light, held against the same in double precision and one piece."""

import math
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import skimage.data
import torch
import torch.nn.functional as F

from colorizer.color import lab_to_rgb, rgb_to_lab
from colorizer.merging import Chroma, adjust_chroma, guided_lines, merge

SHAPES = ((300, 700), (16, 16), (1, 900), (700, 1), (301, 517, 3), (301, 517, 1), (17, 3001), (70, 3001, 3))

# Merges 50 megapixels between two files and tells how much of its own memory that took: not the pages of the
# files, which the system drops whenever it likes.
MEASURE_MEMORY = """
import sys
import tempfile
from pathlib import Path
import numpy as np
from colorizer.merging import Chroma, merge

def own_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

side, folder = (5000, 10000), Path(sys.argv[1])
pixels = np.memmap(folder / "in", np.uint16, "w+", shape=side)
out = np.memmap(folder / "out", np.uint16, "w+", shape=(*side, 3))
chroma = Chroma(ab=np.full((2, 60, 120), 30, np.float32), light=np.full((60, 120), 50, np.float32))
merge(pixels[:64], chroma, out[:64])
before = own_mb()
merge(pixels, chroma, out)
print(own_mb() - before)
"""


def lab_of(pixels: np.ndarray) -> torch.Tensor:
    """Lab (3, H, W) in float64 of pixels (H, W), (H, W, 1) or (H, W, 3) of 8 or 16 bit."""
    pixels = np.broadcast_to(pixels.reshape(*pixels.shape[:2], -1), (*pixels.shape[:2], 3))
    return rgb_to_lab(torch.tensor(pixels / np.iinfo(pixels.dtype).max).permute(2, 0, 1))


def slowly(pixels: np.ndarray, chroma: Chroma) -> np.ndarray:
    """Codes (H, W, 3) before rounding, in double precision, in one piece, through Lab."""
    light = lab_of(pixels)[0]
    lines = torch.from_numpy(guided_lines(chroma)).double()[None]
    lines = F.interpolate(lines, light.shape, mode="bilinear", align_corners=False)[0]
    slope_x, slope_z, offset_x, offset_z, *ends = lines
    on_line = ((light + 16) / 116).clamp(*ends)
    a, b = 500 * (slope_x * on_line + offset_x), -200 * (slope_z * on_line + offset_z)
    return lab_to_rgb(torch.stack((light, a, b))).permute(1, 2, 0).numpy() * np.iinfo(pixels.dtype).max


def merged(pixels: np.ndarray, chroma: Chroma) -> np.ndarray:
    out = np.empty((*pixels.shape[:2], 3), pixels.dtype)
    merge(pixels, chroma, out)
    return out


def true_chroma(rgb: np.ndarray, width: int = 128) -> Chroma:
    """What a perfect network would say of a color picture (H, W, 3) of 8 bit."""
    size = (round(width * rgb.shape[0] / rgb.shape[1]), width)
    lab = F.interpolate(lab_of(rgb)[None], size, mode="area")[0].float().numpy()
    return Chroma(ab=lab[1:], light=lab[0])


class MergeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.random = np.random.default_rng(7)
        wild = self.random.random((3, 20, 31)) * [[[100]], [[160]], [[160]]] - [[[0]], [[80]], [[80]]]
        self.wild = Chroma(ab=wild[1:].astype(np.float32), light=wild[0].astype(np.float32))

    def test_a_scratch_lighter_than_all_around_has_no_color_beyond_those_said(self) -> None:
        """Blue cloth beside skin: along the line between both a white scratch on the cloth would be bright yellow."""
        light, b = np.full((16, 16), 30, np.float32), np.full((16, 16), -30, np.float32)
        light[:, 8:], b[:, 8:] = 60, 20
        chroma = Chroma(ab=np.stack((np.zeros_like(b), b)), light=light)
        codes = np.full((160, 160), 71, np.uint8)  # L is 30
        codes[:, 80:] = 145  # 60
        codes[40, :79] = 241  # 95
        scratch = lab_of(merged(codes, chroma))[2, 40, 60:78]
        self.assertLess(float(scratch.max()), 10)

    def test_what_is_told_to_stay_grey_is_grey_at_every_light(self) -> None:
        ab = self.wild.ab.copy()
        ab[:, :, :10] = 0
        out = merged(self.noise((200, 310), np.uint8), Chroma(ab=ab, light=self.wild.light))
        self.assertEqual(0, np.ptp(out[:, :94].astype(int), axis=2).max())

    def noise(self, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        return self.random.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)

    def test_any_size_and_depth_is_exact_to_a_rounding(self) -> None:
        # Of color input, L is taken in steps: light stays exact (the next test), wild chroma differs by a hair.
        most = {(np.uint8, False): 0.52, (np.uint8, True): 1, (np.uint16, False): 2, (np.uint16, True): 20}
        for dtype, off in ((np.uint8, 0.01), (np.uint16, 0.2)):
            for shape in SHAPES:
                with self.subTest(dtype=dtype.__name__, shape=shape):
                    pixels = self.noise(shape, dtype)
                    result, expected = merged(pixels, self.wild), slowly(pixels, self.wild)
                    self.assertLess(np.abs(result - expected).max(), most[dtype, shape[2:] == (3,)])
                    self.assertLess((result != np.round(expected)).mean(), off)

    def test_light_is_the_photographs_own_even_under_wild_colors(self) -> None:
        for dtype, most in ((np.uint8, 0.3), (np.uint16, 0.002)):
            for shape in ((301, 517), (301, 517, 3)):
                with self.subTest(dtype=dtype.__name__, shape=shape):
                    pixels = self.noise(shape, dtype)
                    result = merged(pixels, self.wild)
                    self.assertLess(float((lab_of(result)[0] - lab_of(pixels)[0]).abs().max()), most)

    def test_a_real_picture_gets_its_colors_back(self) -> None:
        rgb = skimage.data.astronaut()
        result = merged(rgb, true_chroma(rgb))
        self.assertLess(np.abs(result - slowly(rgb, true_chroma(rgb))).max(), 0.7)
        self.assertLess(float((lab_of(result)[1:] - lab_of(rgb)[1:]).abs().mean()), 3)

    def test_chroma_follows_edges_better_than_bilinearly(self) -> None:
        for name in ("astronaut", "coffee", "chelsea", "rocket"):
            for width in (40, 128):
                with self.subTest(name=name, width=width):
                    rgb = getattr(skimage.data, name)()
                    truth, chroma = lab_of(rgb)[1:], true_chroma(rgb, width)
                    bilinear = F.interpolate(
                        torch.from_numpy(chroma.ab)[None].double(), truth.shape[1:], mode="bilinear"
                    )[0]
                    followed = lab_of(merged(rgb, chroma))[1:]
                    errors = [(way - truth).norm(dim=0) for way in (followed, bilinear)]
                    edges = errors[1] > errors[1].quantile(0.93)
                    self.assertLess(float(errors[0].mean()), 0.97 * float(errors[1].mean()))
                    self.assertLess(float(errors[0][edges].mean()), 0.9 * float(errors[1][edges].mean()))

    def test_grain_does_not_tint(self) -> None:
        rgb = skimage.data.astronaut()
        grainy = (rgb + self.random.normal(0, 10, (*rgb.shape[:2], 1))).round().clip(0, 255).astype(np.uint8)
        smooth, grained = lab_of(merged(rgb, true_chroma(rgb)))[1:], lab_of(merged(grainy, true_chroma(rgb)))[1:]
        self.assertLess(float((grained - smooth).std()), 1.5)

    def test_without_chroma_there_is_no_tint_at_all(self) -> None:
        none = Chroma(ab=np.zeros((2, 20, 31), np.float32), light=self.wild.light)
        for dtype in (np.uint8, np.uint16):
            grey = self.noise((150, 400), dtype)
            np.testing.assert_array_equal(merged(grey, none), np.repeat(grey[..., None], 3, axis=2))
            colors = merged(self.noise((150, 400, 3), dtype), none)
            self.assertTrue((colors[..., :1] == colors).all())

    def test_a_photograph_smaller_than_its_chroma_is_merged_too(self) -> None:
        pixels = self.noise((9, 12), np.uint8)
        self.assertLess(np.abs(merged(pixels, self.wild) - slowly(pixels, self.wild)).max(), 0.52)

    def test_it_tells_how_many_colors_gave_way(self) -> None:
        grey = np.full((200, 300), 128, np.uint8)
        grey[:, 150:] = 250
        for ab, expected in ((0, 0), (10, 0.5), (90, 1)):
            chroma = Chroma(ab=np.full((2, 20, 30), ab, np.float32), light=np.full((20, 30), 50, np.float32))
            self.assertAlmostEqual(merge(grey, chroma, np.empty((200, 300, 3), np.uint8)).gave_way, expected, places=3)

    def test_what_cannot_be_merged_is_refused(self) -> None:
        good = np.zeros((20, 30), np.uint8)
        out = np.zeros((20, 30, 3), np.uint8)
        for pixels, target in (
            (good.astype(np.float32), out),
            (np.zeros((20, 30, 4), np.uint8), out),
            (good, out.astype(np.uint16)),
            (good, out[:10]),
        ):
            with self.assertRaises(ValueError):
                merge(pixels, self.wild, target)

    def test_chroma_without_bounds_is_refused(self) -> None:
        for wrong in (math.nan, math.inf, -1e30):
            ab = self.wild.ab.copy()
            ab[1, 5, 7] = wrong
            with self.subTest(wrong), self.assertRaises(ValueError):
                merged(np.zeros((20, 30), np.uint8), Chroma(ab=ab, light=self.wild.light))

    def test_what_may_not_be_written_is_compiled_as_well(self) -> None:
        pixels = self.noise((30, 40, 3), np.uint8)
        expected = merged(pixels, self.wild)
        pixels.flags.writeable = False
        np.testing.assert_array_equal(merged(pixels, self.wild), expected)


class CompiledTest(unittest.TestCase):
    def tell(self, **environment: str) -> str:
        script = "from colorizer import merging, painting; merging.prepare(); print(painting.paint.stats.cache_path)"
        command, root = [sys.executable, "-c", script], Path(__file__).parents[2]
        environment = {"PATH": os.defpath, **environment}
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout

    def test_what_was_compiled_is_remembered(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn(folder, self.tell(NUMBA_CACHE_DIR=folder))
            remembered = {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*.nb?")}
            self.assertEqual(len(remembered), 3)  # one index, 8 and 16 bits
            self.tell(NUMBA_CACHE_DIR=folder)
            self.assertEqual(remembered, {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*.nb?")})

    def test_it_compiles_anew_where_no_folder_can_be_written(self) -> None:
        # The only place that numba is given to look for one is none of a program's.
        self.assertEqual(self.tell(NUMBA_CACHE_LOCATOR_CLASSES="IPythonCacheLocator").strip(), "None")


class AdjustTest(unittest.TestCase):
    def setUp(self) -> None:
        self.ab = np.random.default_rng(3).normal(0, 30, (2, 40, 50)).astype(np.float32)

    def test_nothing_asked_nothing_changed(self) -> None:
        np.testing.assert_array_equal(adjust_chroma(self.ab, vividness=1, warmth=0), self.ab)

    def test_hue_stays(self) -> None:
        for vividness, warmth in ((0.4, 0), (2, 1), (1, -1), (1.5, 0.3)):
            a, b = adjust_chroma(self.ab, vividness=vividness, warmth=warmth)
            np.testing.assert_allclose(np.arctan2(b, a), np.arctan2(self.ab[1], self.ab[0]), atol=1e-5)

    def test_light_stays_at_full_size(self) -> None:
        grey = skimage.data.camera()
        plain = Chroma(ab=self.ab, light=np.full((40, 50), 50, np.float32))
        strong = Chroma(ab=adjust_chroma(self.ab, vividness=2, warmth=1), light=plain.light)
        difference = lab_of(merged(grey, strong))[0] - lab_of(merged(grey, plain))[0]
        self.assertLess(float(difference.abs().quantile(0.999)), 0.5)

    def test_warmth_strengthens_skin_and_weakens_sky(self) -> None:
        skin, sky = 20 * np.exp(1j * math.radians(55)), 20 * np.exp(1j * math.radians(-115))
        ab = np.array([[[skin.real, sky.real]], [[skin.imag, sky.imag]]], np.float32)
        warm, cold = (np.hypot(*adjust_chroma(ab, vividness=1, warmth=warmth))[0] for warmth in (1, -1))
        self.assertGreater(warm[0], 25)
        self.assertLess(warm[1], 15)
        self.assertLess(cold[0], 15)
        self.assertGreater(cold[1], 25)

    def test_no_vividness_is_grey(self) -> None:
        self.assertEqual(np.abs(adjust_chroma(self.ab, vividness=0, warmth=1)).max(), 0)

    def test_what_is_out_of_range_is_refused(self) -> None:
        for vividness, warmth in ((-0.1, 0), (2.1, 0), (1, 1.1), (1, math.nan), (math.nan, 0)):
            with self.assertRaises(ValueError):
                adjust_chroma(self.ab, vividness=vividness, warmth=warmth)


class MemoryTest(unittest.TestCase):
    @unittest.skipUnless(Path("/proc/self/status").exists(), "reads a process's memory from /proc")
    def test_fifty_megapixels_take_no_more_memory_than_one_tile(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            told = subprocess.run(
                [sys.executable, "-c", MEASURE_MEMORY, folder],
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                check=True,
            )
        self.assertLess(float(told.stdout), 10)
