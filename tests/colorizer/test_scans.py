"""Reading: every format, depth and orientation becomes the same tones, and what cannot be read is told in words."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageOps

from colorizer import ImageError, TooLargeError, decoding, scans
from tests import pictures

ROOT = Path(__file__).parents[2]
HEIC = ROOT / "tests" / "gallery" / "samples" / "portrait.heic"
SIZE = (320, 240)
GREY = np.asarray(pictures.grey(SIZE), dtype=float)
COLOR = np.asarray(pictures.color(SIZE), dtype=float)


def tiff(values: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def profile_of(gamma: float, space: str) -> bytes:
    """A profile of RGB with sRGB's primaries, or of grey, with a plain power for its curve."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big") + bytes(2)
    at = {srgb[i : i + 4]: (srgb[i + 4 : i + 8], srgb[i + 8 : i + 12]) for i in range(132, 132 + 12 * srgb[131], 12)}
    parts = {tag: srgb[int.from_bytes(o, "big") :][: int.from_bytes(n, "big")] for tag, (o, n) in at.items()}
    kept = (b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ") if space == "RGB " else (b"wtpt",)
    curves = (b"rTRC", b"gTRC", b"bTRC") if space == "RGB " else (b"kTRC",)
    tags = {tag: parts[tag] for tag in kept} | dict.fromkeys(curves, curve)
    named = b"desc" + bytes(4) + (5).to_bytes(4, "big") + b"plain" + bytes(100)
    tags[b"desc"] = named + bytes(-len(named) % 4)
    table, body, place = b"", b"", 132 + 12 * len(tags)
    for tag, blob in tags.items():
        table += tag + (place + len(body)).to_bytes(4, "big") + len(blob).to_bytes(4, "big")
        body += blob
    head = bytearray(srgb[:128])
    head[:4] = (132 + len(table) + len(body)).to_bytes(4, "big")
    head[8:12], head[16:20] = b"\2\x40\0\0", space.encode()
    return bytes(head) + len(tags).to_bytes(4, "big") + table + body


class ScanTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def read(self, content: bytes, **options: object) -> tuple[scans.Scan, np.ndarray]:
        (self.folder / "source").write_bytes(content)
        scan = scans.read(self.folder / "source", self.folder, max_pixels=10**8, **options)
        with scan.pixels.mapped() as values:
            return scan, np.array(values).squeeze()


class ReadingTest(ScanTestCase):
    def assert_tones(self, content: bytes, expected: np.ndarray, *, within: float = 0, bits: int = 8) -> None:
        """`expected` is in 0..255, whatever the depth of what was read."""
        _, values = self.read(content)
        self.assertEqual({8: np.uint8, 16: np.uint16}[bits], values.dtype)
        self.assertEqual(expected.shape, values.shape)
        self.assertLessEqual(float(np.abs(values / (257 if bits == 16 else 1) - expected).max()), within)

    def test_each_format_is_told_by_its_bytes(self) -> None:
        for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
            with self.subTest(name):
                scan, values = self.read(pictures.encoded(pictures.color(SIZE), name, quality=95))
                self.assertEqual((name, 320, 240, 8), (scan.header.format, *values.shape[1::-1], scan.header.bits))
                self.assertLess(float(np.abs(values - COLOR).mean()), 3)

    def test_the_photographs_of_phones_are_read(self) -> None:
        scan, values = self.read(HEIC.read_bytes())
        self.assertEqual(("HEIF", "JPEG"), (scan.header.format, scan.target_format))
        self.assertLess(float(np.abs(values - COLOR).mean()), 6)

    def test_every_depth_keeps_its_values(self) -> None:
        deep = np.random.default_rng(1).integers(0, 65536, (240, 320)).astype(np.uint16)
        deep_color = np.random.default_rng(2).integers(0, 65536, (240, 320, 3)).astype(np.uint16)
        line = np.asarray(pictures.grey(SIZE).convert("1"), dtype=float) * 255
        cases = {
            "16 bit TIFF": (tiff(deep, photometric="minisblack"), deep / 257, 16),
            "big-endian": (tiff(deep, photometric="minisblack", byteorder=">"), deep / 257, 16),
            "counted from white": (tiff(65535 - deep, photometric="miniswhite"), deep / 257, 16),
            "8 bit from white": (tiff(np.uint8(255 - GREY), photometric="miniswhite"), GREY, 8),
            "16 bit color": (tiff(deep_color, photometric="rgb"), deep_color / 257, 16),
            "planes": (
                tiff(np.moveaxis(deep_color, 2, 0).copy(), photometric="rgb", planarconfig="separate"),
                deep_color / 257,
                16,
            ),
            "tiles": (tiff(np.uint8(COLOR), photometric="rgb", tile=(64, 64)), COLOR, 8),
            "one strip": (tiff(np.uint8(COLOR), photometric="rgb", compression="zlib", rowsperstrip=240), COLOR, 8),
            "BigTIFF": (tiff(np.uint8(COLOR), photometric="rgb", bigtiff=True), COLOR, 8),
            "floats": (tiff(np.float32(GREY / 255)), GREY, 16),
            "floats of color": (tiff(np.float32(COLOR / 255), photometric="rgb"), COLOR, 16),
            "long integers": (tiff(np.uint32(GREY * 257)), GREY, 16),
            "16 bit PNG": (pictures.encoded(Image.fromarray(deep), "PNG"), deep / 257, 16),
            "1 bit TIFF": (pictures.encoded(pictures.grey(SIZE).convert("1"), "TIFF"), line, 8),
            "1 bit PNG": (pictures.encoded(pictures.grey(SIZE).convert("1"), "PNG"), line, 8),
        }
        for name, (content, expected, bits) in cases.items():
            with self.subTest(name):
                self.assert_tones(content, expected, within=0.001, bits=bits)

    def test_every_orientation_becomes_upright_in_every_format(self) -> None:
        for name in ("PNG", "TIFF", "WEBP", "JPEG"):
            options = {"lossless": True} if name == "WEBP" else {"quality": 95, "subsampling": 0}
            for orientation in range(1, 9):
                picture = pictures.color(SIZE)
                exif = picture.getexif()
                exif[0x0112] = orientation
                with self.subTest(name, orientation=orientation):
                    content = pictures.encoded(picture, name, exif=exif, **options)
                    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
                    scan, values = self.read(content)
                    self.assertEqual(upright.size, (scan.header.width, scan.header.height))
                    self.assertLess(np.abs(values - np.asarray(upright, dtype=float)).mean(), 1)

    def test_transparent_parts_are_white_paper(self) -> None:
        glass = pictures.color((64, 64)).convert("RGBA")
        glass.putalpha(0)
        deep = np.zeros((64, 64, 4), np.uint16)
        for content in (
            pictures.encoded(glass, "PNG"),
            pictures.encoded(glass.convert("LA"), "PNG"),
            tiff(deep, photometric="rgb", extrasamples=["unassalpha"]),
        ):
            _, values = self.read(content)
            self.assertEqual(np.iinfo(values.dtype).max, values.min())

    def test_transparent_parts_of_floats_and_of_four_inks_are_white_paper_too(self) -> None:
        """The left half is glass, the right half black."""
        black = {"rgb": np.zeros((64, 64, 4)), "minisblack": np.zeros((64, 64, 2)), "separated": np.ones((64, 64, 5))}
        for photometric, values in black.items():
            kinds = (np.uint8, np.uint16) if photometric == "separated" else (np.float32, np.uint32)
            for kind in kinds:
                opaque = np.iinfo(kind).max if np.issubdtype(kind, np.integer) else 1
                pixels = (values * opaque).astype(kind)
                pixels[..., -1] = 0
                pixels[:, 32:, -1] = opaque
                with self.subTest(photometric, kind=kind.__name__):
                    scan, seen = self.read(
                        tiff(pixels, photometric=photometric, extrasamples=["unassalpha"], planarconfig="contig")
                    )
                    seen = seen.reshape(64, 64, -1) / (257 if scan.pixels.bits == 16 else 1)
                    self.assertGreater(seen[:, :32].min(), 254)
                    self.assertLess(seen[:, 32:].max(), 60)

    def test_floats_keep_their_tones_beside_an_alpha(self) -> None:
        glass = np.dstack((COLOR / 255, np.ones(COLOR.shape[:2]))).astype(np.float32)
        self.assert_tones(tiff(glass, photometric="rgb", extrasamples=["unassalpha"]), COLOR, within=0.01, bits=16)

    def test_packed_strips_whose_height_nobody_tells(self) -> None:
        whole = bytearray(tiff(np.uint8(COLOR), photometric="rgb", compression="zlib", rowsperstrip=240))
        place = whole.index((278).to_bytes(2, "little"), int.from_bytes(whole[4:8], "little"))
        whole[place : place + 2] = (280).to_bytes(2, "little")  # the smallest sample's value, which nobody reads
        self.assert_tones(bytes(whole), COLOR)

    def test_the_profile_of_a_scan_is_honored(self) -> None:
        """A curve of gamma 1 is much darker than sRGB's for the same tones."""
        linear = np.where(GREY / 255 <= 0.04045, GREY / 255 / 12.92, ((GREY / 255 + 0.055) / 1.055) ** 2.4)
        color = np.where(COLOR / 255 <= 0.04045, COLOR / 255 / 12.92, ((COLOR / 255 + 0.055) / 1.055) ** 2.4)
        grey_scan = tiff(np.uint16(linear * 65535), photometric="minisblack", iccprofile=profile_of(1, "GRAY"))
        self.assert_tones(grey_scan, GREY, within=1, bits=16)
        rgb_scan = tiff(np.uint16(color * 65535), photometric="rgb", iccprofile=profile_of(1, "RGB "))
        self.assert_tones(rgb_scan, COLOR, within=1, bits=16)

    def test_a_profile_that_is_no_profile_is_passed_over(self) -> None:
        for nonsense in (b"no profile", b"acsp" * 100, profile_of(1, "GRAY")):
            self.assert_tones(pictures.encoded(pictures.color(SIZE), "PNG", icc_profile=nonsense), COLOR)

    def test_four_inks_are_read_through_a_profile(self) -> None:
        inks = pictures.encoded(pictures.color(SIZE).convert("CMYK"), "JPEG", quality=95)
        _, values = self.read(inks)
        light = values.mean(axis=2) / 257
        self.assertGreater(np.corrcoef(light.ravel(), COLOR.mean(axis=2).ravel())[0, 1], 0.98)

    def test_only_the_first_page_counts(self) -> None:
        first, second = pictures.grey(SIZE), pictures.grey((100, 100))
        self.assert_tones(pictures.encoded(first, "TIFF", save_all=True, append_images=[second]), GREY)

    def test_long_ribbons_are_read(self) -> None:
        for size in ((30_000, 16), (16, 30_000)):
            scan, _ = self.read(pictures.encoded(pictures.grey(size), "PNG"))
            self.assertEqual(size, (scan.pixels.width, scan.pixels.height))

    def test_another_process_reads_what_was_left(self) -> None:
        scan, _ = self.read(pictures.encoded(pictures.color(SIZE), "TIFF", dpi=(300, 400)))
        scans.save(scan, self.folder)
        self.assertEqual(scan, scans.load(self.folder))


class RefusedTest(ScanTestCase):
    def assert_refused(self, content: bytes, because: str, **options: object) -> None:
        with self.assertRaisesRegex(ImageError, because):
            self.read(content, **options)
        self.assertFalse((self.folder / "lying.raw").exists())

    def test_a_file_that_is_cut_off(self) -> None:
        for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
            whole = pictures.encoded(pictures.grey((800, 600)), name)
            for share in (0.05, 0.5, 0.9):
                with self.subTest(name, share=share):
                    self.assert_refused(whole[: int(len(whole) * share)], "Try copying it again")
        packed = pictures.encoded(pictures.grey((800, 600)), "TIFF", compression="tiff_adobe_deflate")
        self.assert_refused(packed[: len(packed) // 2], "Try copying it again")
        self.assert_refused(HEIC.read_bytes()[:4000], "cut off")

    def test_what_is_damaged_inside(self) -> None:
        for name in ("JPEG", "PNG", "WEBP"):
            whole = bytearray(pictures.encoded(pictures.color((800, 600)), name))
            with self.subTest(name):
                self.assert_refused(bytes(whole[:30]) + b"\xff\xd9" * 400, "Try copying it again")

    def test_other_files_are_no_photographs(self) -> None:
        for content in (
            b"",
            b"Dear diary",
            b"1,2,3\n4,5,6\n",
            b"<svg xmlns='http://www.w3.org/2000/svg' width='300' height='300'></svg>",
            pictures.encoded(pictures.grey(SIZE), "GIF"),
            pictures.encoded(pictures.grey(SIZE), "PPM"),
            b"%PDF-1.7 and more",
        ):
            self.assert_refused(content, "no photograph that can be read")

    def test_camera_raw(self) -> None:
        self.assert_refused(pictures.encoded(pictures.grey(SIZE), "TIFF", tiffinfo={254: 1}), "Camera raw")

    def test_too_small_and_too_large(self) -> None:
        self.assert_refused(pictures.encoded(Image.new("L", (8, 600)), "PNG"), "too small to color")
        self.assert_refused(pictures.pixel_bomb()[:1000], "400 megapixels .20000 x 20000.; at most 100")

    def test_too_much_memory_is_told_in_numbers_before_a_pixel_is_decoded(self) -> None:
        header = pictures.encoded(Image.new("RGB", (9000, 9000)), "JPEG", quality=1, progressive=True, subsampling=0)[
            :2000
        ]
        with self.assertRaisesRegex(TooLargeError, r"needs about 1\.\d GB of memory, 1\.2 GB are allowed"):
            self.read(header)
        with self.assertRaisesRegex(ImageError, "cut off"):
            self.read(header, memory_limit=10**10)

    def test_a_side_too_long_for_the_format_is_told_before_a_pixel_is_decoded(self) -> None:
        cut = pictures.encoded(pictures.grey((17_000, 20)), "PNG")[:2000]
        self.assert_refused(cut, "at most 16383 pixels on a side", target_format="WEBP")

    def test_a_full_disk_is_told_in_numbers(self) -> None:
        with self.assertRaisesRegex(TooLargeError, "of temporary disk"):
            scans._check_disk(1 << 60, self.folder)


class ChildTest(ScanTestCase):
    def run_child(self, content: bytes) -> tuple[int, str, Path]:
        source = self.folder / "source"
        source.write_bytes(content)
        done = subprocess.run(
            [sys.executable, "-m", "colorizer.scans", source, self.folder, "100000000"],
            cwd=ROOT,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.strip(), self.folder

    def test_it_leaves_pixels_and_facts(self) -> None:
        status, said, folder = self.run_child(pictures.encoded(pictures.sixteen_bit(SIZE), "TIFF"))
        self.assertEqual((0, ""), (status, said))
        scan = scans.load(folder)
        self.assertEqual((SIZE, 16), ((scan.pixels.width, scan.pixels.height), scan.pixels.bits))
        self.assertEqual(scan.pixels.byte_size, scan.pixels.path.stat().st_size)
        self.assertEqual("TIFF", json.loads((folder / "facts.json").read_text())["target_format"])

    def test_it_refuses_in_one_sentence(self) -> None:
        status, said, _ = self.run_child(pictures.jpeg()[:2000])
        self.assertEqual((3, 1), (status, len(said.splitlines())))
        self.assertIn("cut off", said)

    def run_limited(self, limit: str) -> tuple[int, str]:
        """A WebP of 9 megapixels, which is held whole, under a limit of bytes."""
        source = self.folder / "source"
        source.write_bytes(pictures.encoded(pictures.grey((3000, 3000)), "WEBP", quality=50, method=0))
        script = f"import resource, sys; from colorizer import scans; {limit}; sys.exit(scans.main(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", script, source, self.folder, "100000000"],
            cwd=ROOT,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.strip()

    def test_too_little_memory_is_not_told_as_damage(self) -> None:
        now = "int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()"
        status, said = self.run_limited(f"scans.ADDRESS_SPACE_BYTES = {now} + 25_000_000")
        self.assertEqual((3, decoding.TOO_MUCH_MEMORY), (status, said))

    def test_a_disk_that_is_full_in_the_middle_is_not_told_as_damage(self) -> None:
        status, said = self.run_limited("resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))")
        self.assertEqual((3, decoding.DISK_FULL), (status, said))

    def test_it_loads_neither_torch_nor_numpy(self) -> None:
        script = (
            "import sys; from colorizer import scans; "
            "print(sorted({'torch', 'numpy', 'PIL', 'django', 'skimage', 'pi_heif', 'tifffile'} & set(sys.modules)))"
        )
        told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        self.assertEqual("[]", told.stdout.strip())

    def test_it_is_limited(self) -> None:
        script = "from colorizer import scans; scans.limit_resources(); bytearray(4 * 1024**3)"
        told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertIn("MemoryError", told.stderr)
        script = "from colorizer import scans as s; s.MAX_CPU_S = 1; s.limit_resources()\nwhile True: pass"
        slow = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
        self.assertEqual(-signal.SIGXCPU, slow.returncode)

    def test_the_librarys_first_import_is_light(self) -> None:
        script = (
            "import sys, colorizer; print('torch' in sys.modules); colorizer.Colorizer; print('torch' in sys.modules)"
        )
        told = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        self.assertEqual("False\nTrue", told.stdout.strip())
        with contextlib.suppress(AttributeError):
            import colorizer

            self.fail(str(colorizer.nothing_of_this_name))
