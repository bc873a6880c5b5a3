"""Copies of JPEG, PNG and WebP files that tell nothing beside the picture, pixels byte for byte (cleaning_tiff: TIFF).

A copy is put together from a list of what may stay: what shows the picture (pixels, color profile, resolution), and
the notes that the caller gives. Whatever else the file holds stays behind, whether anybody knows what it is or not,
and so does what follows the picture's end. Bytes in (a mapped file is fine), pieces of bytes out, in their order.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

# Of a JPEG file: frames, Huffman and arithmetic tables, scans, quantization, number of lines, restart interval.
JPEG_PICTURE = frozenset({*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD}) - {0xC8}
JPEG_APPS = {0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}  # the latter tells RGB from YCbCr
JFIF, EOI, SOS = 0xE0, 0xD9, 0xDA
END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
PNG_PICTURE = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs", b"cICP"}
)
WEBP_PICTURE = frozenset({b"ICCP", b"ALPH", b"VP8 ", b"VP8L"})
WEBP_EXIF, WEBP_XMP, WEBP_SHOWS = 0x08, 0x04, 0x30  # flags: notes, and what is kept of the others (profile, alpha)
ORIENTATION = 274


class NotCleaned(Exception):
    """The file is not built as its format says, or in a way that is not copied piece by piece."""


@dataclass(frozen=True)
class Notes:
    """All that a copy says beside its picture."""

    orientation: int = 1  # as Exif has it; 1 is upright
    xmp: bytes = b""

    @property
    def exif(self) -> bytes:
        """A TIFF file with that one field; empty where the picture is upright."""
        if self.orientation == 1:
            return b""
        exif = Image.Exif()
        exif[ORIENTATION] = self.orientation
        return exif.tobytes().removeprefix(b"Exif\0\0")


def clean_jpeg(data: bytes, notes: Notes) -> Iterator[bytes]:
    yield b"\xff\xd8"
    for marker, content, _ in _jpeg_segments(data):
        if marker == JFIF and content.startswith(b"JFIF\0") and len(content) >= 12:
            yield _jpeg_segment(JFIF, content[:12] + b"\0\0")  # resolution, and no thumbnail
            break
    if notes.exif:
        yield _jpeg_segment(0xE1, b"Exif\0\0" + notes.exif)
    if notes.xmp:
        yield _jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + notes.xmp)
    for marker, content, scan in _jpeg_segments(data):
        if marker in JPEG_PICTURE or (marker in JPEG_APPS and content.startswith(JPEG_APPS[marker])):
            yield _jpeg_segment(marker, content) + scan
    yield b"\xff\xd9"


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Marker, content, and behind a start of scan its coded pixels; to the end of the first picture."""
    place = 2
    while True:
        if data[place : place + 1] != b"\xff":
            raise NotCleaned("no marker where one should be")
        while data[place : place + 1] == b"\xff":  # may be filled up
            place += 1
        marker = _at_least(data[place : place + 1], 1)[0]
        if marker == EOI:
            return
        (size,) = struct.unpack(">H", _at_least(data[place + 1 : place + 3], 2))
        content = _at_least(data[place + 3 : place + 1 + size], max(size - 2, 0))
        place = end = place + 1 + size
        if marker == SOS:
            found = END_OF_SCAN.search(data, place)
            if found is None:
                raise NotCleaned("a scan without an end")
            place = found.start()
        yield marker, content, data[end:place]


def _jpeg_segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def clean_png(data: bytes, notes: Notes) -> Iterator[bytes]:
    yield data[:8]
    place, name = 8, b""
    while name != b"IEND":
        size, name = struct.unpack(">I4s", _at_least(data[place : place + 8], 8))
        if name in PNG_PICTURE:
            yield _at_least(data[place : place + 12 + size], 12 + size)
        place += 12 + size
        if name == b"IHDR" and notes.exif:
            yield _png_chunk(b"eXIf", notes.exif)
        if name == b"IHDR" and notes.xmp:
            yield _png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + notes.xmp)


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def clean_webp(data: bytes, notes: Notes) -> Iterator[bytes]:
    """A file of the simple form, which has no place for notes, gets none."""
    chunks = []
    for name, content in _webp_chunks(data):
        if name in WEBP_PICTURE:
            chunks.append(_webp_chunk(name, content))
        elif name == b"VP8X":
            told = (WEBP_EXIF if notes.exif else 0) | (WEBP_XMP if notes.xmp else 0)
            head = bytes([content[0] & WEBP_SHOWS | told]) + content[1:10]
            chunks.append(_webp_chunk(name, head))
        elif name in (b"ANIM", b"ANMF"):
            raise NotCleaned("moving pictures")
    if chunks and chunks[0].startswith(b"VP8X"):
        chunks += [_webp_chunk(b"EXIF", notes.exif)] if notes.exif else []
        chunks += [_webp_chunk(b"XMP ", notes.xmp)] if notes.xmp else []
    yield b"RIFF" + struct.pack("<I", 4 + sum(map(len, chunks))) + b"WEBP"
    yield from chunks


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    (size,) = struct.unpack("<I", _at_least(data[4:8], 4))
    place, end = 12, 8 + size
    while place + 8 <= end:
        name, size = struct.unpack("<4sI", _at_least(data[place : place + 8], 8))
        yield name, _at_least(data[place + 8 : place + 8 + size], size)
        place += 8 + size + size % 2


def _webp_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _at_least(piece: bytes, size: int) -> bytes:
    if len(piece) < size:
        raise NotCleaned("the file ends too early")
    return piece
