"""A copy of a TIFF file's first picture that tells nothing beside it, pixels byte for byte; cleaning.py has the rest.

A new file is made: of the first directory the fields that show the picture, and the strips or tiles that they lead to.
Both orders of bytes, TIFF 6.0 and BigTIFF.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gallery.cleaning import NotCleaned, Notes

# Size, depth, compression, meaning and layout of pixels; resolution; the way up; halftone-free color: curves, profile.
SHOWS_THE_PICTURE = frozenset(
    {256, 257, 258, 259, 262, 266, 274, 277, 278, 282, 283, 284, 290, 291, 292, 293, 296, 301, 317, 318, 319, 320}
    | {322, 323, 332, 334, 338, 339, 340, 341, 529, 530, 531, 532, 34675}
)
STRIPS, TILES = (273, 279), (324, 325)  # places, and bytes at each
COMPRESSION, XMP = 259, 700
WITH_NOTES_OF_THEIR_OWN = frozenset({6, 7, 50001})  # JPEG twice, and WebP: each piece is a file
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
BYTES, LONG, LONG8 = 1, 4, 16


@dataclass(frozen=True)
class Form:
    """How the file writes numbers, and where it has room for a value in the directory itself."""

    order: str
    is_big: bool

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.is_big else "I")

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.is_big else "HHI4s"))

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.is_big else "H")

    @property
    def room(self) -> int:
        return 8 if self.is_big else 4

    @property
    def head(self) -> bytes:
        """Without the place of the directory, which follows it."""
        mark = b"II" if self.order == "<" else b"MM"
        return mark + struct.pack(self.order + ("HHH" if self.is_big else "H"), *((43, 8, 0) if self.is_big else (42,)))


@dataclass(frozen=True)
class Value:
    kind: int
    content: bytes  # in the file's own order


def clean_tiff(data: bytes, notes: Notes) -> Iterator[bytes]:
    """The notes' orientation is the file's own already."""
    form, fields = _read(data)
    if _numbers(form, fields[COMPRESSION])[0] in WITH_NOTES_OF_THEIR_OWN:
        raise NotCleaned("pieces that may have notes of their own")
    places, sizes = next((pair for pair in (STRIPS, TILES) if pair[0] in fields and pair[1] in fields), (0, 0))
    if not places:
        raise NotCleaned("no pixels, or nobody knows how many")
    pieces = list(zip(_numbers(form, fields[places]), _numbers(form, fields[sizes]), strict=False))
    if sum(size for _, size in pieces) > len(data):
        raise NotCleaned("the same bytes many times over: a small file would become a huge one")
    kept = {tag: value for tag, value in fields.items() if tag in SHOWS_THE_PICTURE}
    kept[sizes] = fields[sizes]
    if notes.xmp:
        kept[XMP] = Value(BYTES, notes.xmp)
    offset = struct.calcsize(form.offset)
    start = len(form.head) + offset
    new_places, end = [], start
    for _, size in pieces:
        new_places.append(end)
        end += size + size % 2
    kind = LONG8 if form.is_big else LONG
    kept[places] = Value(kind, struct.pack(f"{form.order}{len(pieces)}{NUMBERS[kind]}", *new_places))
    directory, values = _directory(form, kept, end)
    yield form.head + struct.pack(form.offset, end + len(values))
    for place, size in pieces:
        yield _slice(data, place, size) + bytes(size % 2)
    yield values + directory


def _read(data: bytes) -> tuple[Form, dict[int, Value]]:
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]), "<")
    form = Form(order, struct.unpack(order + "H", _slice(data, 2, 2))[0] == 43)
    (place,) = struct.unpack(form.offset, _slice(data, 8 if form.is_big else 4, struct.calcsize(form.offset)))
    (count,) = struct.unpack(form.count, _slice(data, place, struct.calcsize(form.count)))
    block = _slice(data, place + struct.calcsize(form.count), count * form.entry.size)
    wanted = SHOWS_THE_PICTURE.union(STRIPS, TILES)
    fields = {}
    for tag, kind, amount, inline in form.entry.iter_unpack(block):
        if tag in wanted and kind in SIZES:
            size = amount * SIZES[kind]
            at = struct.unpack(form.offset, inline)[0]
            fields[tag] = Value(kind, inline[:size] if size <= form.room else _slice(data, at, size))
    if sum(len(value.content) for value in fields.values()) > len(data):
        raise NotCleaned("values that are larger than the file")
    if COMPRESSION not in fields:
        raise NotCleaned("nobody knows how its pixels are stored")
    return form, fields


def _numbers(form: Form, value: Value) -> tuple[int, ...]:
    if value.kind not in NUMBERS or not value.content:
        raise NotCleaned("no whole numbers where they should be")
    return struct.unpack(f"{form.order}{len(value.content) // SIZES[value.kind]}{NUMBERS[value.kind]}", value.content)


def _directory(form: Form, fields: dict[int, Value], place: int) -> tuple[bytes, bytes]:
    """The directory, and the values that stand at `place`, before it, since it has no room for them."""
    entries, values = b"", b""
    for tag, value in sorted(fields.items()):
        if len(value.content) <= form.room:
            inline = value.content.ljust(form.room, b"\0")
        else:
            inline = struct.pack(form.offset, place + len(values))
            values += value.content + bytes(len(value.content) % 2)
        entries += form.entry.pack(tag, value.kind, len(value.content) // SIZES[value.kind], inline)
    return struct.pack(form.count, len(fields)) + entries + bytes(form.room), values


def _slice(data: bytes, place: int, size: int) -> bytes:
    piece = data[place : place + size]
    if len(piece) < size:
        raise NotCleaned("the file ends too early")
    return piece
