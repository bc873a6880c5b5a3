"""Files that want to do harm: photographs broken by a seeded fuzzer, bombs, other files under a photograph's name.

The same seed gives the same files. Nothing here knows the product.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests import pictures

HEIC = Path(__file__).parent / "gallery" / "samples" / "portrait.heic"
SEED = 6
SIZE = (96, 72)
HEADER_BYTES = 400  # where most of what a decoder believes stands
TRICKY = [bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff\xff\xff\x7f", b"\x00\x01\x00\x00"]
NAMES = [
    "../../../../etc/passwd.jpg",
    "..\\..\\windows\\system32\\evil.jpg",
    "/dev/null",
    "photo\u202egpj.exe",
    "\u2066grandmother\u2069.jpg",
    "bell\x07 and escape\x1b[31m.jpg",
    "zero\x00byte.jpg",
    'quote".jpg; filename="other.html',
    "line\r\nSet-Cookie: a=b\r\n.jpg",
    "<script>alert(1)</script>.jpg",
    "{{ 7 * 7 }} {% debug %}.jpg",
    "%s%s%n%00.jpg",
    "=cmd|' /C calc'!A0.jpg",
    "long" * 220 + ".jpg",
    ".",
    "..",
    " ",
    ".htaccess",
    "CON.jpg",
    "Großtante \U0001f469\u200d\U0001f33e.jpg",
]


@dataclass(frozen=True)
class Hostile:
    """`what` says which harm it means, for whoever reads a failure."""

    what: str
    name: str
    content: bytes


def whole_photographs() -> dict[str, bytes]:
    """One small file of each kind that is accepted, by the name of the kind."""
    color, grey = pictures.color(SIZE), pictures.grey(SIZE)
    exif = color.getexif()
    exif[0x010F], exif[0x0112] = "A maker", 6
    return {
        "jpg": pictures.encoded(grey, quality=80, exif=exif),
        "progressive jpg": pictures.encoded(color, quality=80, progressive=True, icc_profile=bytes(3000)),
        "cmyk jpg": pictures.encoded(color.convert("CMYK")),
        "png": pictures.encoded(color, "PNG"),
        "palette png": pictures.encoded(color.quantize(16), "PNG", transparency=3),
        "16 bit png": pictures.encoded(pictures.sixteen_bit(SIZE), "PNG"),
        "webp": pictures.encoded(color, "WEBP", quality=70),
        "lossless webp": pictures.encoded(color, "WEBP", lossless=True, exif=exif),
        "tif": pictures.encoded(grey, "TIFF"),
        "lzw tif": pictures.encoded(color, "TIFF", compression="tiff_lzw"),
        "jpeg tif": pictures.encoded(color, "TIFF", compression="jpeg"),
        "16 bit tif": pictures.encoded(pictures.sixteen_bit(SIZE), "TIFF", compression="tiff_adobe_deflate"),
        "avif": pictures.encoded(color, "AVIF", quality=60),
        "heic": HEIC.read_bytes(),
    }


def mutants(count: int, *, seed: int = SEED) -> Iterator[Hostile]:
    """`count` broken photographs, the kinds in turn, each with one to eight things wrong."""
    chance = random.Random(seed)
    whole = whole_photographs()
    kinds = list(whole)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        content = whole[kind]
        harms = []
        for _ in range(chance.choice((1, 1, 2, 4, 8))):
            harm = chance.choice(HARMS)
            harms.append(harm.__name__)
            content = harm(content, chance)
        if chance.random() < 0.1:
            harms.append("crossed")
            content = crossed(content, whole[chance.choice(kinds)], chance)
        name = f"{number}.{kind.split()[-1]}" if number % 4 else NAMES[number // 4 % len(NAMES)]
        yield Hostile(f"mutant {number} of seed {seed}: {kind}, {', '.join(harms)}", name, content)


def _place(content: bytes, chance: random.Random) -> int:
    """Half of them within the header."""
    reach = len(content) if chance.random() < 0.5 else min(len(content), HEADER_BYTES)
    return chance.randrange(max(1, reach))


def flipped_bits(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 16)):
        if changed:
            changed[_place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def other_bytes(content: bytes, chance: random.Random) -> bytes:
    at, length = _place(content, chance), chance.randint(1, 64)
    return content[:at] + chance.randbytes(length) + content[at + length :]


def tricky_number(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    return content[:at] + chance.choice(TRICKY) + content[at + 4 :]


def cut_off(content: bytes, chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def left_out(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    return content[:at] + content[at + chance.randint(1, 200) :]


def said_twice(content: bytes, chance: random.Random) -> bytes:
    at, length = _place(content, chance), chance.randint(1, 400)
    return content[: at + length] + content[at:]


def put_in(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    return content[:at] + chance.choice(TRICKY) * chance.randint(1, 20) + content[at:]


def crossed(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """The beginning of one and the end of another."""
    return content[: _place(content, chance)] + other[_place(other, chance) :]


HARMS: list[Callable[[bytes, random.Random], bytes]] = [
    *(flipped_bits, other_bytes, tricky_number, cut_off, left_out, said_twice, put_in)
]


def bombs() -> Iterator[Hostile]:
    """Small files that would become large, or never end."""
    png = pictures.encoded(pictures.grey(SIZE), "PNG")
    zeros = zlib.compress(bytes(300 * 1024 * 1024), 9)
    yield Hostile("400 million pixels", "pixels.png", pictures.pixel_bomb())
    yield Hostile("99 million pixels of one color", "one.png", pictures.pixel_bomb(9_950))
    yield Hostile("300 MB of text in a PNG", "text.png", with_chunk(png, b"zTXt", b"Comment\0\0" + zeros))
    yield Hostile(
        "300 MB of text in a PNG, of the other kind", "i.png", with_chunk(png, b"iTXt", b"a\0\1\0\0\0" + zeros)
    )
    yield Hostile("300 MB of color profile in a PNG", "icc.png", with_chunk(png, b"iCCP", b"huge\0\0" + zeros))
    yield Hostile(
        "Exif of 65,535 entries that are not there",
        "exif.png",
        with_chunk(png, b"eXIf", b"II*\0\x08\0\0\0\xff\xff" + bytes(99)),
    )
    jpeg = pictures.jpeg(SIZE)
    yield Hostile("16 MB of color profile in a JPEG", "icc.jpg", jpeg[:2] + huge_profile() + jpeg[2:])
    yield Hostile("a JPEG of 65500 x 65500 pixels", "large.jpg", with_jpeg_size(jpeg, 65_500, 65_500))
    yield Hostile(
        "a JPEG of 9999 x 9999 pixels, most of them missing", "missing.jpg", with_jpeg_size(jpeg, 9_999, 9_999)
    )
    yield Hostile("a TIFF whose pages are a circle", "circle.tif", tiff([(256, 4, 96), (257, 4, 72)], next_at=8))
    yield Hostile(
        "a TIFF with 4 billion values in a tag", "values.tif", tiff([(256, 4, 96), (270, 2, 0)], count=2**32 - 1)
    )
    yield Hostile("a TIFF of 30,000 pages", "pages.tif", many_pages(30_000))
    yield Hostile("a TIFF of 90 million packed pixels", "deflate.tif", packed_tiff((9_500, 9_500)))
    frames = [pictures.grey(SIZE).rotate(turn) for turn in range(200)]
    yield Hostile(
        "a WebP of 200 frames", "frames.webp", pictures.encoded(frames[0], "WEBP", save_all=True, append_images=frames)
    )
    yield Hostile(
        "a PNG of 200 frames", "frames.png", pictures.encoded(frames[0], "PNG", save_all=True, append_images=frames)
    )


def disguised() -> Iterator[Hostile]:
    """Other files under a photograph's name. The last is a photograph and a web page in one."""
    page = b"<!doctype html><script>alert(document.cookie)</script>"
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/><script>alert(1)</script></svg>'
    )
    entity = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>'
    yield Hostile("a drawing", "drawing.jpg", drawing)
    yield Hostile("a drawing that reads a file", "entity.jpg", entity)
    yield Hostile("a web page", "page.jpg", page)
    yield Hostile(
        "PostScript", "script.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file"
    )
    yield Hostile("a program", "program.jpg", b"\x7fELF" + bytes(200))
    yield Hostile("a script", "shell.jpg", b"<?php system($_GET['c']); ?>")
    yield Hostile("a zip", "zip.jpg", b"PK\x03\x04" + bytes(200))
    yield Hostile("a HEIC that is a movie", "movie.heic", b"\0\0\0\x18ftypheic" + bytes(400))
    yield Hostile("nothing", "nothing.jpg", b"")
    jpeg = pictures.jpeg(SIZE)
    comment = b"\xff\xfe" + struct.pack(">H", len(page) + 2) + page
    yield Hostile("a photograph that is a web page", "page.html", jpeg[:2] + comment + jpeg[2:] + page)


def named_badly() -> Iterator[Hostile]:
    """Good photographs under each of NAMES."""
    for mark, name in enumerate(NAMES):
        yield Hostile(f"the name {name[:40]!r}", name, pictures.jpeg(SIZE, mark=mark))


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """Behind the header of a PNG."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return png[:33] + chunk + png[33:]


def huge_profile() -> bytes:
    pieces = [b"ICC_PROFILE\0" + bytes([number, 255]) + bytes(65_000) for number in range(1, 256)]
    return b"".join(b"\xff\xe2" + struct.pack(">H", len(piece) + 2) + piece for piece in pieces)


def with_jpeg_size(jpeg: bytes, width: int, height: int) -> bytes:
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def tiff(tags: list[tuple[int, int, int]], *, next_at: int = 0, count: int = 1) -> bytes:
    """Tags are (number, type, value); `count` is that of all."""
    entries = b"".join(struct.pack("<HHII", number, kind, count, value) for number, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", next_at)


def many_pages(count: int) -> bytes:
    """One small page, and behind it directories without anything in them."""
    first = pictures.encoded(pictures.grey(SIZE), "TIFF")
    at = len(first) + len(first) % 2
    content = bytearray(first.ljust(at, b"\0"))
    directory = struct.unpack_from("<I", content, 4)[0]
    end = directory + 2 + 12 * struct.unpack_from("<H", content, directory)[0]
    struct.pack_into("<I", content, end, at)
    for number in range(count):
        following = at + 18 * (number + 1) if number + 1 < count else 0
        content += struct.pack("<HHHIII", 1, 256, 4, 1, 96, following)
    return bytes(content)


def packed_tiff(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size).save(buffer, "TIFF", compression="tiff_adobe_deflate")
    return buffer.getvalue()
