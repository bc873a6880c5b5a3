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
from PIL import Image

from colorizer import ImageError, TooLargeError
from colorizer.decoding import open_photo
from colorizer.planning import MEMORY_LIMIT, Header, answer_format, check_sides, plan
from tests import pictures
from tests.colorizer.test_scans import HEIC

ROOT = Path(__file__).parents[2]
PEAK = """
lines = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
"""
# Reads one file; tells the plan for a process that does nothing else and the peak, both in bytes.
READ = f"""
import sys
from pathlib import Path
from colorizer.planning import READER_PROCESS, plan
from colorizer.scans import read

scan = read(Path(sys.argv[1]), Path(sys.argv[2]), memory_limit=10**10)
{PEAK}
print(READER_PROCESS + plan(scan.header, "JPEG").decode, peak)
"""
# Writes one file as it was read, into another format; tells the same.
WRITE = f"""
import sys
from pathlib import Path
from colorizer.planning import READER_PROCESS, plan
from colorizer.scans import read
from colorizer.writing import Target, write
from colorizer.xmp import Statement

folder, target = Path(sys.argv[2]), Target(sys.argv[3])
scan = read(Path(sys.argv[1]), folder, memory_limit=10**10)
told = Statement(model="m", model_digest="d", original_digest="o")
write(scan.pixels, folder / "result", target, told=scan.metadata, statement=told, source_bits=scan.header.bits)
{PEAK}
planned = plan(scan.header, target.format)
print(READER_PROCESS + max(planned.decode, planned.encode), peak)
"""
# Colors one file; tells the plan, the peak, width, height and bits of the result.
COLOR = f"""
import sys
from pathlib import Path
from colorizer import Colorizer
from colorizer.__main__ import SHIPPED
from colorizer.file_to_file import colorize_file
from colorizer.hints import Hints, Spot
from colorizer.inference import Settings
from colorizer.writing import Target

colorizer = Colorizer.load(SHIPPED)
source, target = Path(sys.argv[1]), Path(sys.argv[2]) / "result"
told = Hints(tuple(Spot(50 + 3 * n, 400, 9, (40, 9)) for n in range(300)))
settings = Settings(network_size=int(sys.argv[4]), flip_averaged=True, hints=told)
report = colorize_file(colorizer, source, target, settings=settings, file_format=sys.argv[3])
{PEAK}
print(report.planned_peak, peak, report.width, report.height, report.bits)
"""


def large(width: int, height: int) -> pyvips.Image:
    """A photograph with its grain, 8 bits: made once and laid side by side, which is quick at any size."""
    small = pyvips.Image.new_from_array(np.asarray(pictures.color((1000, 1000))))
    grainy = (small + pyvips.Image.gaussnoise(1000, 1000, sigma=3, mean=0)).cast("uchar").copy_memory()
    whole = grainy.replicate(-(-width // 1000), -(-height // 1000)).crop(0, 0, width, height)
    return whole.copy(interpretation="srgb")


def deep(width: int, height: int) -> pyvips.Image:
    return (large(width, height) * 257).cast("ushort").copy(interpretation="rgb16")


@unittest.skipUnless(sys.platform == "linux", "reads the peak from /proc")
class MeasuredTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def measure(self, script: str, source: Path, *rest: str, ratio: float) -> list[int]:
        """The plan holds and is no dream; answers what else was told."""
        command = [sys.executable, "-c", script, source, self.folder, *rest]
        done = subprocess.run(command, cwd=ROOT, env={"PATH": os.defpath}, capture_output=True, text=True, check=True)
        planned, peak, *told = (int(word) for word in done.stdout.split())
        with self.subTest(source.name, planned=planned, peak=peak):
            self.assertLessEqual(peak, planned)
            self.assertLessEqual(planned, ratio * peak)
            self.assertLessEqual(peak, MEMORY_LIMIT)
        return told

    def test_a_jpeg_of_100_megapixels(self) -> None:
        source = self.folder / "photo.jpg"
        large(10_000, 10_000).jpegsave(str(source), Q=75)
        self.assertEqual([10_000, 10_000, 8], self.measure(COLOR, source, "JPEG", "256", ratio=1.7))

    def test_the_largest_that_a_network_sees(self) -> None:
        source = self.folder / "wide.jpg"
        large(2500, 1000).jpegsave(str(source))
        self.assertEqual([2500, 1000, 8], self.measure(COLOR, source, "JPEG", "512", ratio=1.3))

    def test_results_that_are_held_whole(self) -> None:
        deep(1200, 1000).tiffsave(str(self.folder / "deep.tif"))
        self.measure(WRITE, self.folder / "deep.tif", "AVIF", ratio=2)
        large(1200, 1000).tiffsave(str(self.folder / "photo.tif"))
        self.measure(WRITE, self.folder / "photo.tif", "AVIF", ratio=2)
        large(4000, 3000).tiffsave(str(self.folder / "photo.tif"))
        self.measure(WRITE, self.folder / "photo.tif", "WEBP", ratio=2)

    def read(self, name: str) -> None:
        self.measure(READ, self.folder / name, ratio=3)

    def test_jpegs_that_are_held_whole(self) -> None:
        photo = Image.fromarray(large(6000, 4000).numpy())
        for sampling in ("4:4:4", "4:2:2", "4:2:0"):
            photo.save(self.folder / "progressive.jpg", progressive=True, subsampling=sampling)
            self.read("progressive.jpg")

    def test_other_photographs_that_are_held_whole(self) -> None:
        photo = large(4800, 4000).copy_memory()
        photo.pngsave(str(self.folder / "interlaced.png"), interlace=True, compression=1)
        photo.webpsave(str(self.folder / "photo.webp"), effort=0)
        photo.heifsave(str(self.folder / "photo.avif"), compression="av1", effort=0)
        deep(2400, 2000).heifsave(str(self.folder / "deep.avif"), compression="av1", effort=0, bitdepth=10)
        for name in ("interlaced.png", "photo.webp", "photo.avif", "deep.avif"):
            self.read(name)
        self.measure(READ, HEIC, ratio=3)  # small: no encoder of HEVC is at hand

    def test_turning(self) -> None:
        turned = large(6000, 4000).copy()
        turned.set_type(pyvips.GValue.gint_type, "orientation", 6)
        turned.jpegsave(str(self.folder / "turned.jpg"))
        self.read("turned.jpg")

    def test_pieces_of_tiff(self) -> None:
        tiles = {"tile": True, "tile_width": 1024, "tile_height": 1024}
        deep(6000, 3000).tiffsave(str(self.folder / "tiles.tif"), **tiles)
        large(6000, 3000).tiffsave(str(self.folder / "packed-tiles.tif"), compression="deflate", level=1, **tiles)
        options = {"photometric": "rgb", "compression": "zlib", "compressionargs": {"level": 1}}
        tifffile.imwrite(self.folder / "strip.tif", large(3000, 4000).numpy(), rowsperstrip=4000, **options)
        for name in ("tiles.tif", "packed-tiles.tif", "strip.tif"):
            self.read(name)


class PlanTest(unittest.TestCase):
    def test_what_streams_depends_on_the_width_and_not_on_the_area(self) -> None:
        few, many = (plan(Header("TIFF", 8000, rows, 3, 16), "TIFF") for rows in (6000, 60_000))
        self.assertEqual((few.decode, few.color, few.encode), (many.decode, many.color, many.encode))
        self.assertEqual(10 * few.disk, many.disk)

    def test_what_is_over_the_limit_is_refused_in_numbers(self) -> None:
        progressive = Header("JPEG", 10_000, 10_000, 3, 8, progressive=True)
        with self.assertRaisesRegex(TooLargeError, r"^This photograph needs about 1\.\d GB of memory, 1\.2 GB are"):
            plan(progressive, "JPEG").check(MEMORY_LIMIT, apart=False)
        plan(progressive, "JPEG").check(MEMORY_LIMIT, apart=True)
        plan(Header("JPEG", 10_000, 10_000, 3, 8), "JPEG").check(MEMORY_LIMIT, apart=False)

    def test_what_a_jpeg_stores_is_read_from_its_header(self) -> None:
        for sampling, expected in (("4:4:4", 1), ("4:2:2", 2 / 3), ("4:2:0", 1 / 2)):
            with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
                pictures.color((64, 64)).save(file, "JPEG", progressive=True, subsampling=sampling)
                self.assertAlmostEqual(expected, open_photo(Path(file.name)).header.stored)

    def test_tiles_count_as_large_as_they_are(self) -> None:
        with tempfile.NamedTemporaryFile(suffix=".tif") as file:
            tifffile.imwrite(file, np.zeros((64, 64), np.uint8), tile=(256, 256), compression="zlib")
            file.flush()
            self.assertEqual(2 * 256 * 256, open_photo(Path(file.name)).header.piece_bytes)

    def test_disk_is_counted_with_the_result(self) -> None:
        scan = Header("TIFF", 1000, 1000, 1, 16)
        self.assertEqual(2e6 + 6e6 + 6e6, plan(scan, "TIFF").disk)
        self.assertEqual(2e6 + 6e6 + 1.5e6, plan(scan, "JPEG").disk)

    def test_a_side_too_long_for_its_format_gives_way_to_jpeg_or_is_refused(self) -> None:
        ribbon = Header("AVIF", 20_000, 100, 3, 8)
        self.assertEqual("JPEG", answer_format(ribbon, MEMORY_LIMIT, apart=True))
        with self.assertRaisesRegex(ImageError, "at most 16383 pixels on a side: choose PNG or TIFF"):
            check_sides(20_000, 100, "WEBP")
        check_sides(20_000, 100, "TIFF")

    def test_a_format_that_needs_too_much_gives_way_to_jpeg(self) -> None:
        for side, expected in ((2000, "AVIF"), (6000, "JPEG")):
            self.assertEqual(expected, answer_format(Header("AVIF", side, side, 3, 8), MEMORY_LIMIT, apart=True))
        self.assertEqual("TIFF", answer_format(Header("TIFF", 30_000, 30_000, 3, 16), MEMORY_LIMIT, apart=True))
        self.assertEqual("JPEG", answer_format(Header("HEIF", 100, 100, 3, 8), MEMORY_LIMIT, apart=True))
