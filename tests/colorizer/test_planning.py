"""The plan against what fresh processes really take: never less, and not absurdly more."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import pyvips
import tifffile

from colorizer import TooLargeError
from colorizer.planning import MEMORY_LIMIT, Header, answer_format, plan
from tests import pictures

ROOT = Path(__file__).parents[2]
LARGEST_RATIO = 1.7
# Colors one file and tells the plan and the peak, both in bytes.
MEASURE = """
import sys
from pathlib import Path
from colorizer import Colorizer
from colorizer.file_to_file import colorize_file
from colorizer.inference import Settings
from colorizer.writing import Target

colorizer = Colorizer.load("colorizer/weights/photolab-1.safetensors")
source, target, kind = Path(sys.argv[1]), Path(sys.argv[2]), Target(sys.argv[3])
report = colorize_file(colorizer, source, target, settings=Settings(), kind=kind)
lines = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
print(report.planned_peak, peak, report.width, report.height, report.bits)
"""


def large(width: int, height: int) -> pyvips.Image:
    """A photograph with its grain, 8 bits, streamed and never held whole."""
    small = pyvips.Image.new_from_array(np.asarray(pictures.color()))
    smooth = small.resize(width / small.width, vscale=height / small.height, kernel="linear")
    return (smooth + pyvips.Image.gaussnoise(width, height, sigma=3, mean=0)).cast("uchar").copy(interpretation="srgb")


@unittest.skipUnless(sys.platform == "linux", "reads the peak from /proc")
class MeasuredTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_planned(self, source: Path, target_format: str) -> tuple[int, ...]:
        """The plan holds and is no dream; answers width, height and bits of the result."""
        arguments = [sys.executable, "-c", MEASURE, source, self.folder / "result", target_format]
        done = subprocess.run(arguments, cwd=ROOT, env={"PATH": os.defpath}, capture_output=True, text=True, check=True)
        planned, peak, *rest = (int(word) for word in done.stdout.split())
        with self.subTest(source.name, planned=planned, peak=peak):
            self.assertLessEqual(peak, planned)
            self.assertLessEqual(planned, LARGEST_RATIO * peak)
            self.assertLessEqual(peak, MEMORY_LIMIT)
        return tuple(rest)

    def test_a_jpeg_of_100_megapixels(self) -> None:
        source = self.folder / "photo.jpg"
        large(10_000, 10_000).jpegsave(str(source), Q=75)
        self.assertEqual((10_000, 10_000, 8), self.assert_planned(source, "JPEG"))

    def test_a_deep_scan_of_50_megapixels(self) -> None:
        source = self.folder / "scan.tif"
        deep = (large(8000, 6250) * 257).cast("ushort").copy(interpretation="rgb16")
        deep.tiffsave(str(source))
        self.assertEqual((8000, 6250, 8), self.assert_planned(source, "JPEG"))

    def test_what_is_held_whole(self) -> None:
        photo = large(3000, 4000).copy_memory()
        photo.jpegsave(str(self.folder / "progressive.jpg"), interlace=True, subsample_mode="off")
        photo.pngsave(str(self.folder / "interlaced.png"), interlace=True, compression=1)
        photo.webpsave(str(self.folder / "photo.webp"), effort=0)
        turned = photo.copy()
        turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
        turned.jpegsave(str(self.folder / "turned.jpg"))
        for name, target_format in (
            ("progressive.jpg", "JPEG"),
            ("interlaced.png", "JPEG"),
            ("photo.webp", "WEBP"),
            ("turned.jpg", "JPEG"),
        ):
            self.assert_planned(self.folder / name, target_format)

    def test_one_packed_strip(self) -> None:
        values = large(3000, 4000).numpy()
        tifffile.imwrite(
            self.folder / "strip.tif",
            values,
            photometric="rgb",
            compression="zlib",
            compressionargs={"level": 1},
            rowsperstrip=4000,
        )
        self.assert_planned(self.folder / "strip.tif", "TIFF")


class PlanTest(unittest.TestCase):
    def test_what_streams_depends_on_the_width_and_not_on_the_area(self) -> None:
        few, many = (plan(Header("TIFF", 8000, rows, 3, 16), "TIFF") for rows in (6000, 60_000))
        self.assertEqual((few.decode, few.merge, few.encode), (many.decode, many.merge, many.encode))
        self.assertEqual(10 * few.disk, many.disk)

    def test_what_is_over_the_limit_is_refused_in_numbers(self) -> None:
        progressive = Header("JPEG", 10_000, 10_000, 3, 8, progressive=True)
        with self.assertRaisesRegex(TooLargeError, r"^This photograph needs about 1\.\d GB of memory, 1\.2 GB are"):
            plan(progressive, "JPEG").check(MEMORY_LIMIT, apart=False)
        plan(progressive, "JPEG").check(MEMORY_LIMIT, apart=True)
        plan(Header("JPEG", 10_000, 10_000, 3, 8), "JPEG").check(MEMORY_LIMIT, apart=False)

    def test_a_format_that_needs_too_much_gives_way_to_jpeg(self) -> None:
        for side, expected in ((2000, "AVIF"), (6000, "JPEG")):
            self.assertEqual(expected, answer_format(Header("AVIF", side, side, 3, 8), MEMORY_LIMIT, apart=True))
        self.assertEqual("TIFF", answer_format(Header("TIFF", 30_000, 30_000, 3, 16), MEMORY_LIMIT, apart=True))
        self.assertEqual("JPEG", answer_format(Header("HEIF", 100, 100, 3, 8), MEMORY_LIMIT, apart=True))
