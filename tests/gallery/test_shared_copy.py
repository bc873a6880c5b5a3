"""Copies for strangers: nothing of a file's notes is left, and its pixels are."""

import io
import json
import random
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import run
from unittest.mock import ANY

import numpy as np
import pyvips
from django.conf import settings
from django.test import SimpleTestCase
from PIL import Image, TiffImagePlugin

from gallery.cleaning import NotCleaned, Notes
from gallery.cleaning_tiff import clean_tiff
from gallery.shared_copy import AS_IT_IS, CLEANED, IN_COLOR, MARKED, draw_mark
from tests import pictures

PLACE, SERIAL, CONTACT = b"Gartenweg 7, Thale", b"SN-4711-0815", b"olga@example.org"
SECRETS = (PLACE, SERIAL, CONTACT, struct.pack("<II", 51_750_417, 1_000_003), struct.pack(">II", 51_750_417, 1_000_003))
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="51,45.025N"'
    b' xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" Iptc4xmpCore:Location="' + PLACE + b'"'
    b' Iptc4xmpCore:CreatorContactInfo="' + CONTACT + b'"/></rdf:RDF></x:xmpmeta>'
)
IPTC = b"\x1c\x02\x5c" + struct.pack(">H", len(PLACE)) + PLACE  # 2:92, sublocation
PHOTOSHOP = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC + bytes(len(IPTC) % 2)


def exif_with_everything(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8769).update({0xA431: SERIAL.decode(), 0x927C: b"Maker" + SERIAL, 0xA435: SERIAL.decode()})
    degrees = TiffImagePlugin.IFDRational(51_750_417, 1_000_003)
    exif.get_ifd(0x8825).update({1: "N", 2: (degrees, degrees, degrees), 0x1D: "1950:07:02"})
    return exif


def told_jpeg(orientation: int = 1, **options: object) -> bytes:
    """With everything, and behind its end a second picture that tells the same, as telephones write it."""
    image = pictures.color((320, 240))
    told = {"exif": exif_with_everything(orientation), "xmp": XMP, "comment": PLACE, "dpi": (300, 300)}
    plain = pictures.encoded(image, quality=85, **{**told, **options})
    segments = b"\xff\xed" + struct.pack(">H", len(PHOTOSHOP) + 2) + PHOTOSHOP
    segments += b"\xff\xe5" + struct.pack(">H", len(SERIAL) + 2) + SERIAL  # of a maker that nobody knows
    return plain[:2] + segments + plain[2:] + pictures.encoded(image, quality=50, exif=exif_with_everything())


def told_png(mode: str = "RGB") -> bytes:
    image = pictures.sixteen_bit() if mode == "I;16" else pictures.color((320, 240)).convert(mode)
    plain = pictures.encoded(image, "PNG", exif=exif_with_everything(6), dpi=(300, 300))
    chunks = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in {
            b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0" + XMP,
            b"zTXt": b"Raw profile type iptc\0\0" + zlib.compress(IPTC.hex().encode()),
            b"tEXt": b"Location\0" + PLACE,
            b"prVt": SERIAL,
        }.items()
    )
    return plain[:33] + chunks + plain[33:] + PLACE


def told_webp(**options: object) -> bytes:
    image = pictures.color((320, 240))
    return pictures.encoded(image, "WEBP", exif=exif_with_everything(8).tobytes(), xmp=XMP, **options) + PLACE


def told_tiff(image: Image.Image | None = None, **options: object) -> bytes:
    exif = exif_with_everything(3)
    fields = TiffImagePlugin.ImageFileDirectory_v2()
    fields[270], fields[315], fields[700], fields[33723] = PLACE.decode(), CONTACT.decode(), XMP, IPTC
    if "compression" not in options:  # Pillow writes no directories below where libtiff compresses
        fields[34853] = exif.get_ifd(0x8825)
        fields[34665] = exif.get_ifd(0x8769)
    fields[274] = 3
    return pictures.encoded(image or pictures.color((320, 240)), "TIFF", tiffinfo=fields, dpi=(300, 300), **options)


def pages_tiff() -> bytes:
    buffer = io.BytesIO()
    image = pictures.color((320, 240))
    image.save(buffer, "TIFF", save_all=True, append_images=[image], compression="tiff_lzw", description=PLACE.decode())
    return buffer.getvalue()


def vips_tiff(**options: object) -> bytes:
    """16 bits, tiles and predictors, as the worker writes results."""
    pixels = np.asarray(pictures.color((320, 240))).astype(np.uint16) * 257
    image = pyvips.Image.new_from_array(pixels).copy(interpretation="rgb16").copy()
    image.set_type(pyvips.GValue.blob_type, "xmp-data", XMP)
    return image.tiffsave_buffer(compression="deflate", predictor="horizontal", **options)


WHOLE = {  # name: bytes that tell everything, and that go on as pixels byte for byte
    "JPEG": told_jpeg,
    "progressive JPEG": lambda: told_jpeg(6, progressive=True),
    "PNG": told_png,
    "PNG with transparency": lambda: told_png("RGBA"),
    "PNG of 16 bits": lambda: told_png("I;16"),
    "WebP": told_webp,
    "WebP without losses": lambda: told_webp(lossless=True),
    "TIFF": told_tiff,
    "TIFF, LZW": lambda: told_tiff(compression="tiff_lzw"),
    "TIFF of one bit": lambda: told_tiff(pictures.grey().convert("1"), compression="group4"),
    "BigTIFF": lambda: told_tiff(big_tiff=True),
    "TIFF of two pages": pages_tiff,
    "TIFF of 16 bits in tiles": lambda: vips_tiff(tile=True),
    "BigTIFF of 16 bits": lambda: vips_tiff(bigtiff=True),
}
ANEW: dict[str, Callable[[], bytes]] = {
    "JPEG inside TIFF": lambda: told_tiff(compression="jpeg"),
    "AVIF": lambda: pictures.encoded(
        pictures.color((320, 240)), "AVIF", exif=exif_with_everything().tobytes(), xmp=XMP
    ),
}


class SharedCopyTests(SimpleTestCase):
    def copy(self, content: bytes, how: str = AS_IT_IS) -> tuple[bytes, str]:
        """The copy, and its format."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "source").write_bytes(content)
            command = [sys.executable, "-m", "gallery.shared_copy", folder / "source", folder, "1000000", how]
            told = run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
            self.assertEqual(told.returncode, 0, told.stdout + told.stderr)
            return (folder / "copy").read_bytes(), json.loads((folder / "facts.json").read_text())["format"]

    def assert_tells_nothing(self, content: bytes) -> None:
        for secret in SECRETS:
            self.assertNotIn(secret, content)
        image = Image.open(io.BytesIO(content))
        self.assertLessEqual(set(image.getexif()) - set(getattr(image, "tag_v2", ())), {0x0112})
        self.assertEqual(dict(image.getexif().get_ifd(0x8825)), {})
        for word in (b"GPSLatitude", b"Location", b"MakerNote", b"Camera"):
            self.assertNotIn(word, content)

    def assert_same_pixels(self, before: bytes, after: bytes) -> None:
        for load in (Image.open(io.BytesIO(before)), Image.open(io.BytesIO(after))):
            load.load()
        first, second = (pyvips.Image.new_from_buffer(content, "") for content in (before, after))
        self.assertEqual((first.format, first.bands), (second.format, second.bands))
        self.assertTrue(np.array_equal(first.numpy(), second.numpy()))
        self.assertAlmostEqual(first.xres, second.xres, places=3)
        turned = [image.get("orientation") if image.get_typeof("orientation") else 1 for image in (first, second)]
        self.assertEqual(turned[0], turned[1])

    def test_the_sources_tell_what_must_go(self) -> None:
        for name, make in WHOLE.items():
            with self.subTest(name):
                self.assertTrue(any(secret in make() for secret in SECRETS))
        self.assertTrue(all(secret in told_jpeg() for secret in SECRETS[:3]))
        self.assertTrue(any(secret in told_jpeg() for secret in SECRETS[3:]))

    def test_pixels_go_on_byte_for_byte_and_nothing_else_does(self) -> None:
        for name, make in WHOLE.items():
            with self.subTest(name):
                content = make()
                copy, file_format = self.copy(content)
                self.assert_tells_nothing(copy)
                self.assert_same_pixels(content, copy)
                self.assertEqual(file_format, Image.open(io.BytesIO(content)).format.replace("MPO", "JPEG"))

    def test_what_cannot_be_copied_piece_by_piece_is_encoded_anew(self) -> None:
        for name, make in ANEW.items():
            with self.subTest(name):
                copy, file_format = self.copy(make())
                self.assertEqual(file_format, "JPEG")
                self.assert_tells_nothing(copy)
                self.assertEqual(Image.open(io.BytesIO(copy)).size, (320, 240))

    def test_a_copy_in_color_says_that_its_colors_are_simulated(self) -> None:
        for name, make in (WHOLE | ANEW).items():
            with self.subTest(name):
                copy, _ = self.copy(make(), IN_COLOR)
                self.assert_tells_nothing(copy)
                packet = pyvips.Image.new_from_buffer(copy, "").get("xmp-data")
                self.assertIn(b"<photolab:ColorsAreSimulated>True<", packet)
        self.assertNotIn(b"ColorsAreSimulated", self.copy(told_jpeg())[0])

    def test_the_color_profile_stays(self) -> None:
        profile = pyvips.Image.profile_load("p3")
        for content in (
            told_jpeg(icc_profile=profile),
            told_tiff(icc_profile=profile),
            told_webp(icc_profile=profile),
            pictures.encoded(pictures.color((64, 48)), "PNG", icc_profile=profile, exif=exif_with_everything()),
        ):
            copy, file_format = self.copy(content)
            with self.subTest(file_format):
                self.assertEqual(Image.open(io.BytesIO(copy)).info["icc_profile"], profile)
                self.assert_tells_nothing(copy)

    def test_a_file_that_is_not_what_it_says_is_refused_or_encoded_anew(self) -> None:
        for content in (told_jpeg()[:4000], told_png()[:4000], told_webp()[:2000], told_tiff()[:4000]):
            with tempfile.TemporaryDirectory() as name:
                (Path(name) / "source").write_bytes(content)
                command = [sys.executable, "-m", "gallery.shared_copy", f"{name}/source", name, "1000000", AS_IT_IS]
                told = run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
                self.assertEqual((told.returncode, told.stdout), (3, ANY), told.stderr)

    def test_a_file_whose_bytes_are_spoiled_makes_no_copy_that_grows(self) -> None:
        chance = random.Random(7)
        for name, make in WHOLE.items():
            content = make()
            clean = CLEANED[Image.open(io.BytesIO(content)).format.replace("MPO", "JPEG")]
            for _ in range(40):
                spoiled = bytearray(content)
                for _ in range(3):
                    spoiled[chance.randrange(min(len(spoiled), 600))] = chance.randrange(256)
                with self.subTest(name), suppress(NotCleaned, struct.error):
                    copied = b"".join(clean(bytes(spoiled), Notes()))
                    self.assertLess(len(copied), 2 * len(spoiled))

    def test_a_tiff_whose_strips_are_one_and_the_same_is_not_copied(self) -> None:
        content = bytearray(told_tiff())
        image = Image.open(io.BytesIO(content))
        size = struct.pack("<I", image.tag_v2[279][0])
        content = content.replace(size, struct.pack("<I", len(content) * 2), 1)
        with self.assertRaises(NotCleaned):
            b"".join(clean_tiff(bytes(content), Notes()))

    def test_a_marked_copy_has_the_mark_in_its_corner_alone(self) -> None:
        copy, file_format = self.copy(told_jpeg(), MARKED)
        self.assertEqual(file_format, "JPEG")
        self.assert_tells_nothing(copy)
        before = np.asarray(Image.open(io.BytesIO(told_jpeg())).convert("RGB"), dtype=int)
        apart = np.abs(np.asarray(Image.open(io.BytesIO(copy)), dtype=int) - before).max(axis=2)
        self.assertLess(apart[:180].max(), 40)
        self.assertLess(apart[:, :260].max(), 40)
        self.assertGreater(apart[200:, 280:].max(), 100)

    def test_the_mark_is_seen_on_light_and_on_dark(self) -> None:
        for level in (0, 128, 255):
            picture = Image.new("RGB", (640, 480), (level, level, level))
            draw_mark(picture)
            apart = np.abs(np.asarray(picture, dtype=int) - level).max(axis=2)
            self.assertGreater((apart > 90).sum(), 200, level)

    def test_the_smallest_pictures_have_room_for_it(self) -> None:
        for size in ((16, 16), (16, 900), (30, 17)):
            draw_mark(Image.new("RGB", size))
