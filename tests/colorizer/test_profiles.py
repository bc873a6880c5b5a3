"""Profiles of scans: by what they do and not by what they are called, and every result can be written."""

import itertools
import tempfile
import unittest
from pathlib import Path

import numpy as np
import pyvips
from PIL import ImageCms

from colorizer import profiles, scans
from colorizer.writing import Target, write
from colorizer.xmp import Statement
from tests import pictures
from tests.colorizer.test_scans import profile_of, tiff

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
STATEMENT = Statement(model="m", model_digest="d", original_digest="o")
COLOR = np.asarray(pictures.color((96, 64)))


def named_srgb(profile: bytes) -> bytes:
    """The same profile that calls itself sRGB."""
    at = profile.index(b"plain")
    return profile[:at] + b"sRGB " + profile[at + 5 :]


def one_way() -> bytes:
    """A scanner's profile of RGB as a table: it leads to Lab, and nothing leads back."""
    corners = b""
    for r, g, b in itertools.product((0, 1), repeat=3):
        corners += bytes((round(255 * (0.2 * r + 0.7 * g + 0.1 * b)), 128 + 60 * (r - g), 128 + 60 * (g - b)))
    ramp = bytes(range(256)) * 3
    identity = b"".join((65536 if i in (0, 4, 8) else 0).to_bytes(4, "big") for i in range(9))
    table = b"mft1" + bytes(4) + b"\3\3\2\0" + identity + ramp + corners + ramp
    table += bytes(-len(table) % 4)
    white = b"XYZ " + bytes(4) + b"".join(n.to_bytes(4, "big") for n in (63190, 65536, 54061))
    head = bytearray(SRGB[:128])
    head[8:12], head[12:16], head[16:20], head[20:24] = b"\2\x40\0\0", b"scnr", b"RGB ", b"Lab "
    place = 132 + 24
    tags = (2).to_bytes(4, "big") + b"wtpt" + place.to_bytes(4, "big") + len(white).to_bytes(4, "big")
    tags += b"A2B0" + (place + len(white)).to_bytes(4, "big") + len(table).to_bytes(4, "big")
    head[:4] = (place + len(white) + len(table)).to_bytes(4, "big")
    return bytes(head) + tags + white + table


def garbage() -> bytes:
    """A header that is right, and nothing behind it."""
    return SRGB[:128] + b"\xff" * 400


class ProfileTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def read(self, values: np.ndarray, profile: bytes) -> scans.Scan:
        (self.folder / "source").write_bytes(tiff(values, photometric="rgb", iccprofile=profile))
        return scans.read(self.folder / "source", self.folder)

    def written(self, scan: scans.Scan) -> pyvips.Image:
        """The scan itself as its own result."""
        target = self.folder / "result.tif"
        write(scan.pixels, target, Target("TIFF"), told=scan.metadata, statement=STATEMENT, source_bits=8)
        return pyvips.Image.new_from_file(str(target))


class NameTest(ProfileTestCase):
    def test_what_does_as_srgb_does_is_srgb(self) -> None:
        for profile in (SRGB, bytes(pyvips.Image.profile_load("srgb"))):
            self.assertFalse(profiles.is_another(profile))
            self.assertEqual(8, self.read(COLOR, profile).pixels.bits)

    def test_what_only_calls_itself_srgb_is_honored(self) -> None:
        for space in ("RGB ", "GRAY"):
            self.assertTrue(profiles.is_another(named_srgb(profile_of(1, space))))
        scan = self.read(COLOR, named_srgb(profile_of(1, "RGB ")))
        with scan.pixels.mapped() as values:
            self.assertGreater(values.mean() / 257, COLOR.mean() + 30)


class WritingTest(ProfileTestCase):
    def test_a_profile_that_leads_one_way_is_read_with_and_the_result_is_srgb(self) -> None:
        scan = self.read(COLOR, one_way())
        self.assertEqual((b"", 16), (scan.metadata.profile, scan.pixels.bits))
        result = self.written(scan)
        with scan.pixels.mapped() as values:
            self.assertGreater(np.abs(values / 257 - COLOR).mean(), 5)
            self.assertLess(np.abs(result.numpy() - values / 257).max(), 1)
        self.assertFalse(profiles.is_another(bytes(result.get("icc-profile-data"))))

    def test_garbage_behind_a_plausible_header_is_passed_over(self) -> None:
        scan = self.read(COLOR, garbage())
        self.assertEqual(b"", scan.metadata.profile)
        np.testing.assert_array_equal(self.written(scan).numpy(), COLOR)

    def test_the_two_way_profile_of_a_scan_is_its_results(self) -> None:
        profile = profile_of(1.8, "RGB ")
        scan = self.read(COLOR, profile)
        result = self.written(scan)
        self.assertEqual(profile, bytes(result.get("icc-profile-data")))
        self.assertLess(np.abs(result.numpy().astype(int) - COLOR).max(), 3)
