"""From file to file with the shipped weights: light, depth, format, profile, resolution and words of the result."""

import hashlib
import io
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyvips
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from skimage.color import rgb2lab

from colorizer import Colorizer, NoColorError
from colorizer.__main__ import SHIPPED
from colorizer.errors import ColorizerError
from colorizer.exif import add_to_tiff, parse
from colorizer.file_to_file import Colored, Report, color_scan, colorize_file, write_colored
from colorizer.hints import Hints, Spot
from colorizer.inference import Settings
from colorizer.scans import read
from colorizer.writing import EXTENSIONS, Target
from tests import pictures
from tests.colorizer.test_scans import HEIC, profile_of, tiff

USUAL = Settings()
SMALL = (160, 120)
XMP = {
    "photolab": "urn:photo-lab:xmp:1/",
    "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "mm": "http://ns.adobe.com/xap/1.0/mm/",
    "ev": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
MAKE, MODEL, ORIENTATION, DATE, WIDTH, GPS_REF = 271, 272, 274, 36867, 40962, 1


def lightness(values: np.ndarray) -> np.ndarray:
    """L of sRGB values, or of grey ones, of 8 or 16 bits."""
    scaled = values / np.iinfo(values.dtype).max
    return rgb2lab(scaled if values.ndim == 3 else np.repeat(scaled[..., None], 3, axis=2))[..., 0]


def deep_grey(size: tuple[int, int] = (640, 480)) -> np.ndarray:
    """A scan with more tones than 8 bits have."""
    fine = np.random.default_rng(0).integers(0, 257, (size[1], size[0]))
    return np.minimum(np.asarray(pictures.grey(size)).astype(int) * 257 + fine, 65535).astype(np.uint16)


class FileToFileTestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.colorizer = Colorizer.load(SHIPPED)
        cls.colored: dict[tuple[bytes, Settings], Colored] = {}

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.source, self.target = self.folder / "source", self.folder / "out" / "result"

    def colorize(
        self, content: bytes, file_format: str | None = None, *, quality: int = 95, settings: Settings = USUAL
    ) -> Report:
        """What colorize_file does, but what is colored twice is colored once and written twice."""
        if (content, settings) not in self.colored:
            folder = tempfile.TemporaryDirectory()
            self.addClassCleanup(folder.cleanup)
            self.source.write_bytes(content)
            scan = read(self.source, Path(folder.name), target_format=file_format)
            self.colored[content, settings] = color_scan(self.colorizer, scan, settings=settings)
        colored = self.colored[content, settings]
        self.target.parent.mkdir(exist_ok=True)
        kind = Target(file_format or colored.scan.target_format, quality=quality)
        return write_colored(colored, self.target, kind=kind)

    def values(self) -> np.ndarray:
        """The result's pixels as any other program would read them."""
        return pyvips.Image.new_from_file(str(self.target)).numpy()

    def packet(self) -> ElementTree.Element:
        blob = pyvips.Image.new_from_file(str(self.target)).get("xmp-data")
        return ElementTree.fromstring(blob)


class LightTest(FileToFileTestCase):
    def test_sixteen_bits_stay_sixteen_with_all_their_tones(self) -> None:
        scan = deep_grey()
        for name in ("TIFF", "PNG"):
            with self.subTest(name):
                content = tiff(scan, photometric="minisblack")
                report = self.colorize(content, name)
                result = self.values()
                self.assertEqual((16, np.uint16, (480, 640, 3)), (report.bits, result.dtype, result.shape))
                self.assertLess(np.abs(lightness(result) - lightness(scan)).max(), 0.02)
                self.assertGreater(len(np.unique(result[..., 1])), 20_000)

    def test_eight_bits_stay_eight(self) -> None:
        grey = np.asarray(pictures.grey())
        for name in ("TIFF", "PNG", "JPEG", "WEBP", "AVIF"):
            with self.subTest(name):
                report = self.colorize(pictures.encoded(pictures.grey(), "PNG"), name)
                result = self.values()
                self.assertEqual((8, np.uint8), (report.bits, result.dtype))
                far = np.quantile(np.abs(lightness(result) - lightness(grey)), 0.999)
                self.assertLess(far, 0.5 if name in ("TIFF", "PNG") else 3)

    def test_a_deep_scan_becomes_any_format(self) -> None:
        for name, bits in (("JPEG", 8), ("WEBP", 8), ("AVIF", 10)):
            report = self.colorize(tiff(deep_grey(SMALL), photometric="minisblack"), name)
            self.assertEqual((name, bits), (report.format, report.bits))
            image = Image.open(self.target)
            self.assertEqual((name, SMALL), (image.format, image.size))

    def test_sepia_and_grey_copies_get_the_same_colors(self) -> None:
        levels = np.asarray(pictures.grey())
        sepia = np.stack((levels, levels * 0.85, levels * 0.66), axis=-1).round().astype(np.uint8)
        linear = np.where(sepia / 255 <= 0.04045, sepia / 255 / 12.92, ((sepia / 255 + 0.055) / 1.055) ** 2.4)
        y = linear @ (0.2126729, 0.7151522, 0.0721750)
        grey = np.where(y <= 0.0031308, 12.92 * y, 1.055 * np.maximum(y, 1e-9) ** (1 / 2.4) - 0.055)
        self.colorize(tiff((grey * 65535).round().astype(np.uint16), photometric="minisblack"), "TIFF")
        of_grey = self.values().astype(float) / 257
        self.colorize(tiff(sepia, photometric="rgb"), "TIFF")
        # The sepia copy is rounded to 8 bits, which a vivid network hears; its own tint would be worth up to 80.
        self.assertLess(np.quantile(np.abs(self.values() - of_grey), 0.999), 10)

    def test_vividness_and_warmth_change_color_and_not_light(self) -> None:
        grey = pictures.encoded(pictures.grey(), "PNG")
        self.colorize(grey)
        usual = rgb2lab(self.values())
        self.colorize(grey, settings=Settings(vividness=0.3, warmth=0.5))
        pale = rgb2lab(self.values())
        self.assertLess(np.hypot(*pale[..., 1:].T).mean(), 0.6 * np.hypot(*usual[..., 1:].T).mean())
        self.assertLess(np.quantile(np.abs(pale - usual)[..., 0], 0.999), 0.5)

    def test_no_color_is_an_error_and_leaves_no_file(self) -> None:
        self.source.write_bytes(pictures.encoded(Image.new("L", (200, 100), 255), "PNG"))
        with self.assertRaises(NoColorError):
            colorize_file(self.colorizer, self.source, self.target, settings=USUAL)
        self.assertEqual([], [p for p in self.folder.rglob("*") if p.is_file() and p != self.source])

    def test_any_shape_told_a_color(self) -> None:
        told = Settings(hints=Hints((Spot(10, 10, 5, (40, 20)),)))
        for size in ((16, 16), (30_000, 20), (20, 30_000), (100, 4097)):
            with self.subTest(size=size):
                report = self.colorize(pictures.encoded(pictures.grey(size), "PNG"), settings=told)
                self.assertEqual((size, (size[1], size[0])), ((report.width, report.height), self.values().shape[:2]))


class FormatTest(FileToFileTestCase):
    def test_by_default_a_result_is_of_its_sources_format(self) -> None:
        for name in EXTENSIONS:
            self.assertEqual(name, self.colorize(pictures.encoded(pictures.grey(SMALL), name)).format)
        self.assertEqual("JPEG", self.colorize(HEIC.read_bytes()).format)

    def test_the_quality_is_heard(self) -> None:
        grey = pictures.encoded(pictures.grey((320, 240)), "PNG")
        for name in ("JPEG", "WEBP", "AVIF"):
            self.assertLess(
                self.colorize(grey, name, quality=40).byte_size, 0.7 * self.colorize(grey, name, quality=95).byte_size
            )

    def test_jpeg_keeps_color_at_full_size_from_quality_90_on(self) -> None:
        for quality, sampling in ((90, "4:4:4"), (89, "4:2:0")):
            self.colorize(pictures.encoded(pictures.grey(), "PNG"), "JPEG", quality=quality)
            seen = pyvips.Image.new_from_file(str(self.target)).get("jpeg-chroma-subsample")
            self.assertEqual(sampling, seen)

    def test_tiff_is_packed_without_loss(self) -> None:
        self.colorize(tiff(deep_grey(), photometric="minisblack"))
        tags = tifffile.TiffFile(self.target).pages[0].tags
        self.assertEqual((8, 2), (tags["Compression"].value, tags["Predictor"].value))

    def test_a_side_too_long_for_the_format_is_told(self) -> None:
        with self.assertRaisesRegex(ColorizerError, "at most 16383 pixels on a side"):
            self.colorize(pictures.encoded(pictures.grey((17_000, 20)), "PNG"), "WEBP")


class ToldTest(FileToFileTestCase):
    def source_with_notes(self, name: str = "JPEG") -> bytes:
        exif = Image.Exif()
        exif[MAKE], exif[MODEL], exif[ORIENTATION] = "Kodak", "Brownie", 6
        exif.get_ifd(0x8769).update({DATE: "1931:07:14 10:00:00", WIDTH: 160})
        exif.get_ifd(0x8825)[GPS_REF] = "N"
        if name != "TIFF":
            return pictures.encoded(pictures.color(SMALL), name, exif=exif, dpi=(300, 600))
        self.source.write_bytes(pictures.encoded(pictures.color(SMALL), name, exif=exif, dpi=(300, 600)))
        add_to_tiff(self.source, parse(exif.tobytes()))
        return self.source.read_bytes()

    def test_exif_goes_on_upright_in_every_format(self) -> None:
        for source in ("JPEG", "TIFF"):
            for name in EXTENSIONS:
                with self.subTest(source=source, result=name):
                    self.colorize(self.source_with_notes(source), name)
                    image = Image.open(self.target)
                    exif = image.getexif()
                    photo = exif.get_ifd(0x8769)
                    self.assertEqual(SMALL[::-1], image.size)
                    self.assertEqual(("Kodak", "Brownie"), (exif[MAKE], exif[MODEL]))
                    self.assertEqual(1, exif.get(ORIENTATION, 1))
                    self.assertEqual("1931:07:14 10:00:00", photo[DATE])
                    self.assertIn(photo.get(WIDTH), (None, SMALL[1]))
                    self.assertEqual("N", exif.get_ifd(0x8825)[GPS_REF])

    def test_resolution_is_kept_and_turns_with_the_picture(self) -> None:
        for name in ("PNG", "TIFF"):
            self.colorize(self.source_with_notes(), name)
            across, down = Image.open(self.target).info["dpi"]
            self.assertAlmostEqual(600, across, delta=0.1)
            self.assertAlmostEqual(300, down, delta=0.1)

    def test_resolution_is_read_where_exif_alone_tells_it(self) -> None:
        exif = Image.Exif()
        exif[282], exif[283], exif[296] = 120.0, 240.0, 3  # in a centimeter
        for name in ("WEBP", "AVIF"):
            self.colorize(pictures.encoded(pictures.color(SMALL), name, exif=exif), "PNG")
            across, down = Image.open(self.target).info["dpi"]
            self.assertAlmostEqual(304.8, across, delta=0.1)
            self.assertAlmostEqual(609.6, down, delta=0.1)
            self.colorize(pictures.encoded(pictures.color(SMALL), name, exif=exif), name)
            told = Image.open(self.target).getexif()
            self.assertAlmostEqual(304.8, told[282] * (2.54 if told[296] == 3 else 1), delta=0.5)

    def test_letters_of_all_languages_survive(self) -> None:
        content = tiff(np.asarray(pictures.grey()), photometric="minisblack", software="Škoda".encode(), metadata=None)
        for name in ("TIFF", "JPEG"):
            self.colorize(content, name)
            self.assertIn("Škoda".encode(), self.target.read_bytes())

    def test_iptc_goes_on_between_jpeg_and_tiff(self) -> None:
        records = b"\x1c\x02\x78\x00\x06a farm\x1c\x02\x50\x00\x03Eva"
        resource = b"8BIM\x04\x04\0\0" + len(records).to_bytes(4, "big") + records
        app13 = b"Photoshop 3.0\0" + resource + bytes(len(records) % 2)
        jpeg = pictures.encoded(pictures.grey())
        jpeg = jpeg[:2] + b"\xff\xed" + (len(app13) + 2).to_bytes(2, "big") + app13 + jpeg[2:]
        self.colorize(jpeg, "JPEG")
        self.assertIn(records, self.target.read_bytes())
        self.colorize(jpeg, "TIFF")
        self.assertEqual(records, tifffile.TiffFile(self.target).pages[0].tags[33723].value[: len(records)])
        self.colorize(self.target.read_bytes(), "JPEG")
        self.assertIn(records, self.target.read_bytes())

    def test_the_sources_own_rgb_profile_is_the_results(self) -> None:
        """And the result looks the same as without: the profile is used both ways."""
        profile = profile_of(1.8, "RGB ")
        linear = np.asarray(pictures.color(), dtype=float) / 255
        linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
        scan = (linear ** (1 / 1.8) * 65535).round().astype(np.uint16)
        self.colorize(tiff(scan, photometric="rgb", iccprofile=profile))
        seen = pyvips.Image.new_from_file(str(self.target))
        self.assertEqual(profile, bytes(seen.get("icc-profile-data")))
        shown = seen.icc_transform("srgb", embedded=True, depth=16, intent="relative").numpy() / 257
        self.colorize(tiff(np.asarray(pictures.color()), photometric="rgb"))
        self.assertLess(np.quantile(np.abs(shown - self.values()), 0.99), 3)

    def test_a_grey_profile_becomes_srgb(self) -> None:
        self.colorize(tiff(deep_grey(), photometric="minisblack", iccprofile=profile_of(2.2, "GRAY")), "TIFF")
        profile = bytes(pyvips.Image.new_from_file(str(self.target)).get("icc-profile-data"))
        self.assertEqual(b"RGB ", profile[16:20])
        self.assertIn("sRGB".encode("utf-16-be"), profile)

    def test_the_result_says_how_it_came_about(self) -> None:
        for name in EXTENSIONS:
            with self.subTest(name):
                content = self.source_with_notes()
                report = self.colorize(content, name, settings=Settings(vividness=1.5, warmth=-0.25))
                packet = self.packet()
                words = ("ColorsAreSimulated", "Model", "ModelDigest", "Vividness", "Warmth", "Hints", "NetworkSize")
                said = {word: packet.find(f".//photolab:{word}", XMP).text for word in (*words, "FlipAveraged")}
                self.assertEqual(
                    {
                        "ColorsAreSimulated": "True",
                        "Model": self.colorizer.card.name,
                        "ModelDigest": self.colorizer.digest,
                        "Vividness": "1.5",
                        "Warmth": "-0.25",
                        "Hints": "0",
                        "NetworkSize": "256",
                        "FlipAveraged": "False",
                    },
                    said,
                )
                digest = hashlib.sha256(content).hexdigest()
                self.assertEqual(
                    (digest, digest), (report.original_digest, packet.find(".//photolab:OriginalDigest", XMP).text)
                )
                kind = packet.find(".//ext:DigitalSourceType", XMP).text
                self.assertTrue(kind.endswith("/compositeWithTrainedAlgorithmicMedia"))
                self.assertIn("colors are simulated", packet.find(".//dc:description//rdf:li", XMP).text)

    def test_what_the_source_says_in_xmp_goes_on(self) -> None:
        source = (
            b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            b'<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" '
            b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="SilverFast" xmp:Rating="4" '
            b'xmlns:own="https://archive.example/1/" own:box="7">'
            b'<dc:description xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Alt><rdf:li xml:lang="x-default">A farm'
            b"</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
        )
        self.colorize(pictures.encoded(pictures.grey(), "PNG"), "TIFF")
        self.colorize(pictures.encoded(pictures.grey(), "JPEG", xmp=source), "TIFF")
        said = self.target.read_bytes()
        for kept in (b"SilverFast", b"A farm", b"https://archive.example/1/", b"Rating"):
            self.assertIn(kept, said)
        self.assertNotIn(b"Orientation=", said)
        once = self.packet()
        self.colorize(said, "JPEG")  # colored twice: one statement, two events
        twice = self.packet()
        for packet, events in ((once, 1), (twice, 2)):
            self.assertEqual(1, len(packet.findall(".//photolab:Model", XMP)))
            self.assertEqual(events, len(packet.findall(".//ev:softwareAgent", XMP)))

    def test_a_long_packet_goes_on_without_its_thumbnails(self) -> None:
        source = (
            b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- by a scanner --><rdf:RDF '
            b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="SilverFast"><xmp:Thumbnails>'
            + b"A" * 60_000
            + b"</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"
        )
        picture = pyvips.Image.new_from_buffer(pictures.encoded(pictures.grey(), "PNG"), "").copy()
        picture.set_type(pyvips.GValue.blob_type, "xmp-data", source)
        self.colorize(picture.tiffsave_buffer(), "JPEG")
        self.assertIn(b"SilverFast", self.target.read_bytes())
        self.assertNotIn(b"AAAAAAAA", self.target.read_bytes())

    def test_the_texts_of_a_png_go_on(self) -> None:
        texts = PngInfo()
        texts.add_text("Title", "A farm near Uddel")
        texts.add_itxt("Author", "Åse Østby")
        texts.add_itxt("Copyright", "a\x01b")  # no XML can hold it
        for name in ("PNG", "JPEG"):
            self.colorize(pictures.encoded(pictures.grey(), "PNG", pnginfo=texts), name)
            told = [self.packet().find(f".//dc:{word}//rdf:li", XMP).text for word in ("title", "creator")]
            self.assertEqual(["A farm near Uddel", "Åse Østby"], told)

    def test_hostile_notes_are_left_out(self) -> None:
        bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&a;</x:xmpmeta>'
        frame = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">%s</rdf:RDF>'
        deep, edge = (frame % (b"<a>" * depth + b"</a>" * depth) for depth in (5000, 985))  # refused, and hardly not
        loop = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x0f\x01\x02\0\xff\xff\xff\x7f\x08\0\0\0" * 40
        for options in (
            {"xmp": bomb},
            {"xmp": b"<unclosed"},
            {"xmp": deep},
            {"xmp": edge},
            {"exif": loop},
            {"exif": b"Exif\0\0MM\0*\xff\xff\xff\xff"},
        ):
            self.colorize(pictures.encoded(pictures.grey(), "JPEG", **options), "TIFF")
            self.assertEqual("True", self.packet().find(".//photolab:ColorsAreSimulated", XMP).text)
            self.assertNotIn(b"ENTITY", self.target.read_bytes())

    def test_the_report_says_what_it_took(self) -> None:
        self.source.write_bytes(pictures.encoded(pictures.grey(), "PNG"))
        report = colorize_file(self.colorizer, self.source, self.target, settings=USUAL)
        self.assertEqual(self.target.stat().st_size, report.byte_size)
        self.assertGreaterEqual(report.gave_way, 0)
        self.assertGreater(min(report.decode_s, report.network_s, report.merge_s, report.encode_s), 0)
        self.assertGreater(report.planned_peak, 5e8)
        self.assertEqual("PNG", Image.open(io.BytesIO(self.target.read_bytes())).format)
