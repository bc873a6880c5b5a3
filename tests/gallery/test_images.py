"""What becomes of a user's bytes: every format that people have, and every way in which a file can be bad."""

import io
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from django.conf import settings
from django.test import SimpleTestCase, override_settings
from PIL import Image, ImageCms
from skimage import data

from gallery import decoding, images
from gallery.decoding import PREVIEW_SIDE, THUMB_SIDE
from tests import pictures
from tests.base import as_upload

HEIC = Path(__file__).parent / "samples" / "portrait.heic"


def inspected(content: bytes, name: str = "photo.jpg") -> images.Inspected:
    upload = as_upload(content, name)
    images.measure(upload)
    return images.inspect(upload)


def pixels(content: bytes) -> Image.Image:
    """What the child would make the preview of."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return decoding.decode(decoding.open_checked(Path(file.name), 10**8))


def blue_first_profile() -> bytes:
    """sRGB with the first and the last of its channels exchanged, and without its name."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * profile[131], 12)}
    red, blue = entries[b"rXYZ"] + 4, entries[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be"))


class AcceptedTests(SimpleTestCase):
    def test_it_tells_the_format_by_the_bytes_and_not_by_the_name(self) -> None:
        for file_format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
            with self.subTest(file_format):
                found = inspected(pictures.encoded(pictures.grey(), file_format), name="misnamed.gif")
                self.assertEqual((found.format, found.width, found.height), (file_format, 640, 480))

    def test_it_makes_a_preview_and_a_thumbnail_that_fit_their_boxes(self) -> None:
        found = inspected(pictures.encoded(pictures.grey((2400, 1800))))
        self.assertEqual(Image.open(io.BytesIO(found.preview)).size, (1600, 1200))
        self.assertEqual(Image.open(io.BytesIO(found.thumb)).size, (480, 360))
        self.assertEqual((found.width, found.height), (2400, 1800))

    def test_it_enlarges_nothing(self) -> None:
        found = inspected(pictures.jpeg((100, 60)))
        self.assertEqual(Image.open(io.BytesIO(found.preview)).size, (100, 60))

    def test_it_applies_the_orientation(self) -> None:
        found = inspected(pictures.turned_by_exif((640, 480)))
        self.assertEqual((found.width, found.height), (480, 640))
        self.assertEqual(Image.open(io.BytesIO(found.preview)).size, (480, 640))
        upright = np.asarray(pixels(pictures.turned_by_exif((640, 480))), dtype=float)
        expected = np.asarray(pictures.grey((640, 480)).transpose(Image.Transpose.ROTATE_270), dtype=float)
        self.assertLess(np.abs(upright - expected).mean(), 3)

    def test_a_large_turned_photograph_keeps_its_full_size_in_the_facts(self) -> None:
        found = inspected(pictures.turned_by_exif((4000, 3000)))
        self.assertEqual((found.width, found.height), (3000, 4000))

    def test_sixteen_bits_are_scaled_and_never_clipped(self) -> None:
        for file_format in ("TIFF", "PNG"):
            with self.subTest(file_format):
                eight = np.asarray(pixels(pictures.encoded(pictures.sixteen_bit(), file_format)), dtype=int)
                expected = np.asarray(pictures.grey((320, 240)), dtype=int)
                self.assertLessEqual(np.abs(eight - expected).max(), 1)

    def test_big_endian_sixteen_bits_are_read_alike(self) -> None:
        values = np.asarray(pictures.sixteen_bit())
        swapped = Image.frombytes("I;16B", (320, 240), values.astype(">u2").tobytes())
        eight = np.asarray(pixels(pictures.encoded(swapped, "TIFF")), dtype=int)
        self.assertLessEqual(np.abs(eight - np.asarray(pictures.grey((320, 240)), dtype=int)).max(), 1)

    def test_a_sixteen_bit_scan_that_counts_from_white_is_no_negative(self) -> None:
        inverted = Image.fromarray(65535 - np.asarray(pictures.sixteen_bit()))
        eight = np.asarray(pixels(pictures.encoded(inverted, "TIFF", tiffinfo={262: 0})), dtype=int)
        self.assertLessEqual(np.abs(eight - np.asarray(pictures.grey((320, 240)), dtype=int)).max(), 1)

    def test_sixteen_bit_color_keeps_its_tones(self) -> None:
        import tifffile

        buffer = io.BytesIO()
        tifffile.imwrite(buffer, np.asarray(pictures.color()).astype(np.uint16) * 257, photometric="rgb")
        error = np.abs(np.asarray(pixels(buffer.getvalue()), dtype=int) - np.asarray(pictures.color(), dtype=int))
        self.assertLessEqual(error.max(), 1)

    def test_floats_are_read_as_tones_from_black_to_white(self) -> None:
        floats = Image.fromarray(np.asarray(pictures.grey((320, 240)), dtype=np.float32) / 255)
        eight = np.asarray(pixels(pictures.encoded(floats, "TIFF")), dtype=int)
        self.assertLessEqual(np.abs(eight - np.asarray(pictures.grey((320, 240)), dtype=int)).max(), 2)

    def test_transparent_parts_become_white(self) -> None:
        glass = pictures.color((64, 64)).convert("RGBA")
        glass.putalpha(0)
        red = Image.new("RGB", (64, 64), (200, 10, 10)).quantize(4)
        cases = {
            "RGBA": pictures.encoded(glass, "PNG"),
            "LA": pictures.encoded(glass.convert("LA"), "PNG"),
            "P": pictures.encoded(red, "PNG", transparency=red.getpixel((0, 0))),
        }
        for mode, content in cases.items():
            with self.subTest(mode):
                self.assertEqual(pixels(content).convert("L").getextrema(), (255, 255))

    def test_four_inks_become_the_same_picture(self) -> None:
        inks = pictures.encoded(pictures.color((320, 240)).convert("CMYK"), "JPEG", quality=95)
        seen = np.asarray(pixels(inks), dtype=float)
        self.assertLess(np.abs(seen - np.asarray(pictures.color((320, 240)), dtype=float)).mean(), 4)

    def test_a_color_profile_is_applied(self) -> None:
        profiled = pixels(pictures.encoded(pictures.color((320, 240)), "PNG", icc_profile=blue_first_profile()))
        expected = np.asarray(pictures.color((320, 240)), dtype=float)[:, :, ::-1]
        self.assertLess(np.abs(np.asarray(profiled, dtype=float) - expected).mean(), 2)

    def test_a_profile_that_is_no_profile_is_passed_over(self) -> None:
        seen = pixels(pictures.encoded(pictures.color((64, 64)), "PNG", icc_profile=b"no profile at all"))
        self.assertEqual(seen.tobytes(), pictures.color((64, 64)).tobytes())

    def test_only_the_first_page_of_a_scan_counts(self) -> None:
        pages = pictures.encoded(
            pictures.grey((320, 240)), "TIFF", save_all=True, append_images=[pictures.grey((100, 100))]
        )
        found = inspected(pages)
        self.assertEqual((found.width, found.height), (320, 240))

    def test_it_reads_the_photographs_of_phones(self) -> None:
        found = inspected(HEIC.read_bytes(), name="IMG_1.heic")
        self.assertEqual((found.format, found.width, found.height), ("HEIF", 320, 240))
        reference = np.asarray(Image.fromarray(data.astronaut()).resize((320, 240)), dtype=float)
        self.assertLess(np.abs(np.asarray(pixels(HEIC.read_bytes()), dtype=float) - reference).mean(), 6)

    def test_previews_of_results_are_made_like_those_of_originals(self) -> None:
        original = inspected(pictures.encoded(pictures.grey((2000, 1500)), "PNG"))
        self.assertEqual(images.encode_preview(pictures.grey((2000, 1500)), PREVIEW_SIDE), original.preview)
        preview = Image.open(io.BytesIO(images.encode_preview(pictures.grey((2000, 1500)), THUMB_SIDE)))
        self.assertEqual(preview.size, (480, 360))


class ColorTests(SimpleTestCase):
    def test_it_knows_color_from_grey_and_from_toned(self) -> None:
        grey = pictures.grey()
        sepia = Image.merge("RGB", (grey, grey.point(lambda v: int(v * 0.85)), grey.point(lambda v: int(v * 0.66))))
        shadows = grey.point(lambda v: 40 + int(v * 0.84))
        lights = grey.point(lambda v: int(v * (0.95 - v / 800)))
        noisy = np.asarray(grey.convert("RGB"), dtype=int) + np.random.default_rng(7).integers(-6, 7, (480, 640, 3))
        cases = {
            "grey": (grey, False),
            "grey saved as color": (grey.convert("RGB"), False),
            "sepia": (sepia, False),
            "split tones": (Image.merge("RGB", (shadows, grey, lights)), False),
            "noisy scan": (Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), False),
            "astronaut": (pictures.color(), True),
            "coffee": (Image.fromarray(data.coffee()), True),
            "cat": (Image.fromarray(data.chelsea()), True),
            "rocket": (Image.fromarray(data.rocket()), True),
        }
        for name, (image, expected) in cases.items():
            with self.subTest(name):
                self.assertIs(inspected(pictures.encoded(image, quality=90)).has_color, expected)


class RefusedTests(SimpleTestCase):
    def assert_refused(self, content: bytes, because: str, name: str = "photo.jpg") -> None:
        with self.assertRaisesMessage(images.ImageRefused, because):
            inspected(content, name)

    def test_a_photograph_cut_off_in_any_format(self) -> None:
        for file_format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
            whole = pictures.encoded(pictures.grey((800, 600)), file_format)
            with self.subTest(file_format):
                self.assert_refused(whole[: len(whole) * 6 // 10], "Try copying it again.")
        self.assert_refused(HEIC.read_bytes()[:4000], "Try copying it again.")

    def test_a_png_whose_pixels_are_broken_in_the_middle(self) -> None:
        for image in (pictures.color((320, 240)), pictures.sixteen_bit()):
            whole = pictures.encoded(image, "PNG")
            middle = len(whole) // 2
            self.assert_refused(whole[:middle] + whole[middle - 300 :], "Try copying it again.")

    def test_a_cut_off_jpeg_says_that_it_is_cut_off(self) -> None:
        whole = pictures.jpeg((3000, 2000))
        self.assert_refused(whole[: len(whole) * 9 // 10], "only part of the photograph is there")

    def test_what_is_no_photograph_is_named(self) -> None:
        cases = {
            "This is a GIF": pictures.encoded(pictures.grey((64, 64)), "GIF"),
            "This is a drawing": b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
            "This is a PDF document": b"%PDF-1.7 and more",
            "This is a BMP picture": pictures.encoded(pictures.grey((64, 64)), "BMP"),
            "This is a camera raw file": b"II*\0\x10\0\0\0CR\x02\0" + bytes(100),
            "This is not a photograph": b"Dear diary, today I renamed a text to photo.jpg",
        }
        for because, content in cases.items():
            with self.subTest(because):
                self.assert_refused(content, because)
                self.assert_refused(content, "JPEG, PNG, WebP, TIFF, HEIC and AVIF are accepted.")

    def test_an_empty_file(self) -> None:
        self.assert_refused(b"", "This file is empty.")

    def test_a_signature_with_nothing_behind_it(self) -> None:
        self.assert_refused(b"\xff\xd8\xff" + bytes(500), "damaged")

    def test_a_camera_raw_file_that_pretends_to_be_its_small_preview(self) -> None:
        self.assert_refused(pictures.encoded(pictures.grey((160, 120)), "TIFF", tiffinfo={254: 1}), "Camera raw")

    def test_a_picture_too_small_to_color(self) -> None:
        self.assert_refused(pictures.encoded(Image.new("L", (8, 600)), "PNG"), "too small to color")

    def test_a_pixel_bomb_is_refused_by_its_header(self) -> None:
        self.assert_refused(pictures.pixel_bomb(), "This photograph has 400 megapixels (20000 x 20000)")

    def test_a_header_that_promises_too_much_is_refused_before_a_pixel_is_decoded(self) -> None:
        """The pixels are missing altogether: only a decoder that reads them would notice."""
        header_only = pictures.pixel_bomb()[:1000]
        self.assert_refused(header_only, "at most 100 are accepted")

    @override_settings(PHOTOLAB_MAX_PIXELS=100_000)
    def test_the_limit_of_pixels_is_a_setting(self) -> None:
        self.assert_refused(pictures.jpeg((640, 480)), "at most 0.1 are accepted")

    @override_settings(PHOTOLAB_MAX_UPLOAD_MB=1)
    def test_the_limit_of_bytes_is_a_setting_and_comes_first(self) -> None:
        self.assert_refused(b"\0" * (1024 * 1024 + 1), "at most 1 MB are accepted")


class ChildTests(SimpleTestCase):
    def test_the_child_loads_neither_django_nor_numpy_for_an_ordinary_photograph(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "photo.jpg"
            source.write_bytes(pictures.jpeg())
            script = (
                "import sys; from gallery import decoding; "
                f"status = decoding.answer([{str(source)!r}, {folder!r}, '100000000'], decoding.inspect); "
                "print(status, sorted({'django', 'numpy', 'celery', 'pi_heif'} & set(sys.modules)))"
            )
            told = subprocess.run(
                [sys.executable, "-c", script], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
            )
        self.assertEqual(told.stdout.strip(), "0 []")

    def test_the_child_may_not_take_more_memory_than_its_limit(self) -> None:
        script = "from gallery import decoding; decoding.limit_resources(); bytearray(3 * 1024**3)"
        told = subprocess.run(
            [sys.executable, "-c", script], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
        )
        self.assertIn("MemoryError", told.stderr)

    def test_the_child_is_told_from_a_damaged_file_when_its_processor_time_is_up(self) -> None:
        script = "from gallery import decoding as d; d.MAX_CPU_S = 1; d.limit_resources()\nwhile True: pass"
        told = subprocess.run([sys.executable, "-c", script], cwd=settings.BASE_DIR, check=False)
        self.assertEqual(told.returncode, -signal.SIGXCPU)
        self.assertEqual(images._why_it_ended(told.returncode), images.TOO_SLOW)

    def test_a_child_that_the_system_killed_had_too_little_memory(self) -> None:
        self.assertIn("more memory", images._why_it_ended(-signal.SIGKILL))
        for other in (1, -signal.SIGSEGV):
            self.assertIn("damaged", images._why_it_ended(other))


class TemporaryFileTests(SimpleTestCase):
    def test_copies_and_previews_lie_below_the_data_and_are_gone_afterwards(self) -> None:
        seen = []
        with tempfile.TemporaryDirectory() as folder, override_settings(PHOTOLAB_TMP=Path(folder)):
            upload = as_upload(pictures.jpeg())
            with images.as_path(upload) as source, images.temporary_folder() as previews:
                images.read_in_child("gallery.decoding", source, previews)
                seen += [source.parent, previews.parent]
                self.assertTrue((previews / "preview.jpg").exists())
            self.assertEqual([Path(folder)] * 2, seen)
            self.assertEqual([], list(Path(folder).iterdir()))
