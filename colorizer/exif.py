"""Exif (JEITA CP-3451) as fields of bytes, kept as they are: read, cleaned and written without interpreting them.

Exif is a small TIFF file, so the same code reads the fields of a TIFF scan and adds them to a TIFF result.
Values are kept little-endian. Unreadable directories are passed over: a photograph is worth more than its notes.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

# Bytes of one value of each type of TIFF 6.0 and BigTIFF, and of the numbers that it consists of.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBER_SIZES = {**_SIZES, 5: 4, 10: 4}
_CODES = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
MOST_FIELDS = 500
LARGEST_EXIF = 60_000  # a JPEG segment holds 65,533 bytes
MOST_PLACES = 1 << 23  # bytes of a list of strips or tiles
OWN_FILE = 1 << 31  # bytes of all values of a file that we wrote

ORIENTATION, SUBFILE_TYPE, DNG_VERSION = 274, 254, 50706
COMPRESSION, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH = 259, 278, 322, 323
STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES = 273, 279, 324, 325
IPTC = 33723
RESOLUTION = (282, 283, 296)  # across, down, and their unit
PER_INCH = {2: 1.0, 3: 2.54}  # by the number of the unit: inch, centimeter
PHOTO, GPS, INTEROP = 34665, 34853, 40965  # fields of the main directory that lead to another
MAKER_NOTE = 37500
# Of the main directory, what tells about the photograph and not about how its pixels are stored.
ABOUT_THE_PHOTO = {269, 270, 271, 272, 285, 305, 306, 315, 316, 33432, *range(40091, 40096)}
ABOUT_THE_FILE = {SUBFILE_TYPE, DNG_VERSION, COMPRESSION, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH}
# Of the Exif directory, what is no longer true of the result: color space, size, interoperability.
NO_LONGER_TRUE = {40961, 40962, 40963, INTEROP, MAKER_NOTE}


@dataclass(frozen=True)
class Field:
    kind: int  # TIFF's number of the type
    value: bytes  # little-endian

    @property
    def number(self) -> int:
        """The first value of a field of whole numbers."""
        return next(self.numbers)

    @property
    def numbers(self) -> Iterator[int]:
        """The values of a field of whole numbers, one after another: there may be a million of them."""
        return (number for (number,) in struct.iter_unpack(_CODES[_SIZES[self.kind]], self.value))


Fields = dict[int, Field]


@dataclass(frozen=True)
class Exif:
    main: Fields = field(default_factory=dict)
    photo: Fields = field(default_factory=dict)
    gps: Fields = field(default_factory=dict)

    @property
    def dpi(self) -> tuple[float, float] | None:
        """Across, down, as the pixels lie in the file; None where no sense is told."""
        across, down, unit = (self.main.get(tag) for tag in RESOLUTION)
        try:
            scale = PER_INCH[unit.number if unit else 2]
            x, y = (scale * over / under for over, under in (struct.unpack("<II", f.value) for f in (across, down)))
        except (AttributeError, KeyError, StopIteration, struct.error, ZeroDivisionError):
            return None
        return (round(x, 3), round(y, 3)) if min(x, y) > 0 else None

    def cleaned(self) -> "Exif":
        """Without orientation, sizes, thumbnail and the maker's notes, whose inner offsets a move breaks."""
        return Exif(
            main={tag: value for tag, value in self.main.items() if tag in ABOUT_THE_PHOTO},
            photo={tag: value for tag, value in self.photo.items() if tag not in NO_LONGER_TRUE},
            gps=self.gps,
        )

    def to_bytes(self) -> bytes:
        """As it follows `Exif\\0\\0` in a JPEG; empty when there is nothing to tell, or too much."""
        if not (self.main or self.photo or self.gps):
            return b""
        file = io.BytesIO(b"II*\0\x08\0\0\0")
        _append(file, self)
        blob = file.getvalue()
        return blob if len(blob) <= LARGEST_EXIF else b""


def parse(blob: bytes) -> Exif:
    """What can be read of an Exif block, with or without its `Exif\\0\\0`."""
    return read(io.BytesIO(blob.removeprefix(b"Exif\0\0")))


def read(file: BinaryIO) -> Exif:
    """What can be read, of what is needed, of the first directory of a TIFF file and of those below it."""
    needed = ABOUT_THE_PHOTO | ABOUT_THE_FILE | {IPTC, PHOTO, GPS, *RESOLUTION}
    try:
        layout = _Layout(file)
        main = layout.directory(layout.first, room=2 * LARGEST_EXIF, wanted=needed.__contains__)
    except (struct.error, KeyError):
        return Exif()
    return Exif(main, *(_below(layout, main[tag].number) if tag in main else {} for tag in (PHOTO, GPS)))


def _below(layout: "_Layout", offset: int) -> Fields:
    """Empty where nothing is: one bad pointer must not hide what stands elsewhere."""
    try:
        return layout.directory(offset, room=LARGEST_EXIF, wanted=lambda tag: tag not in NO_LONGER_TRUE)
    except struct.error:
        return {}


def pieces_end(file: BinaryIO) -> int:
    """Where the last strip or tile of a TIFF file's first picture ends, by what its directory says."""
    needed = {STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES}
    try:
        layout = _Layout(file)
        main = layout.directory(layout.first, room=2 * MOST_PLACES, wanted=needed.__contains__)
        places = next(main[tag].numbers for tag in (STRIP_OFFSETS, TILE_OFFSETS) if tag in main)
        sizes = next(main[tag].numbers for tag in (STRIP_SIZES, TILE_SIZES) if tag in main)
    except (struct.error, KeyError, StopIteration):
        return 0
    return max((place + size for place, size in zip(places, sizes, strict=False)), default=0)


def add_to_tiff(path: Path, exif: Exif, *, iptc: bytes = b"") -> None:
    """Add fields to a TIFF file: a new first directory at its end takes the place of the old one."""
    with path.open("r+b") as file:
        layout = _Layout(file)
        own = layout.directory(layout.first, room=OWN_FILE, wanted=lambda tag: True)
        file.seek(0, io.SEEK_END)
        if layout.is_big or layout.order != "<" or file.tell() > 0xF0000000:
            return  # over 4 GB: the picture without its notes is better than none
        if iptc:
            own[IPTC] = Field(7, iptc)
        _append(file, Exif({**exif.main, **own}, exif.photo, exif.gps), pointer_at=4)


class _Layout:
    """How a TIFF file is read: order of bytes, width of offsets."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, io.SEEK_END)
        head = self._at(0, 16)
        self.order = {b"II": "<", b"MM": ">"}[head[:2]]
        self.is_big = struct.unpack_from(self.order + "H", head, 2)[0] == 43
        self.first = struct.unpack_from(self.order + ("Q" if self.is_big else "I"), head, 8 if self.is_big else 4)[0]

    def directory(self, offset: int, *, room: int, wanted: Callable[[int], bool]) -> Fields:
        """The wanted fields, whose values take at most `room` bytes. Raises struct.error where nothing is."""
        count_format, entry_format = ("Q", "HHQ8s") if self.is_big else ("H", "HHI4s")
        entry = struct.Struct(self.order + entry_format)
        count_size = struct.calcsize(self.order + count_format)
        count = struct.unpack(self.order + count_format, self._at(offset, count_size))[0]
        block = self._at(offset + count_size, min(count, MOST_FIELDS) * entry.size)
        fields = {}
        for tag, kind, amount, inline in entry.iter_unpack(block[: len(block) // entry.size * entry.size]):
            size = amount * _SIZES.get(kind, 0)
            if tag in fields or not wanted(tag) or not 0 < size <= room:
                continue
            room -= size
            value = inline[:size] if size <= len(inline) else self._at(self._offset(inline), size)
            if len(value) == size:
                # IPTC is bytes, often said to be LONG.
                fields[tag] = Field(7, value) if tag == IPTC else Field(kind, self._little_endian(value, kind))
        return fields

    def _offset(self, inline: bytes) -> int:
        return struct.unpack(self.order + ("Q" if self.is_big else "I"), inline)[0]

    def _at(self, offset: int, size: int) -> bytes:
        if offset >= self.size:
            return b""
        self.file.seek(offset)
        return self.file.read(size)

    def _little_endian(self, value: bytes, kind: int) -> bytes:
        step = _NUMBER_SIZES[kind]
        if self.order == "<" or step == 1:
            return value
        return b"".join(value[at : at + step][::-1] for at in range(0, len(value), step))


def _append(file: BinaryIO, exif: Exif, *, pointer_at: int | None = None) -> None:
    """Write the directories at the end; with `pointer_at`, the place of the main one is written there."""
    below = {PHOTO: exif.photo, GPS: exif.gps}
    main = {tag: value for tag, value in exif.main.items() if tag not in below}
    main |= {tag: Field(4, bytes(4)) for tag, fields in below.items() if fields}
    start = file.seek(0, io.SEEK_END)
    start += file.write(bytes(start % 2))
    end = start + _size(main)
    for tag, fields in below.items():
        if fields:
            main[tag] = Field(4, end.to_bytes(4, "little"))
            end += _size(fields)
    for fields in (main, *(fields for fields in below.values() if fields)):
        file.write(_directory(fields, file.tell()))
    if pointer_at is not None:
        file.seek(pointer_at)
        file.write(start.to_bytes(4, "little"))


def _size(fields: Fields) -> int:
    return 6 + 12 * len(fields) + sum(_padded(value) for value in fields.values())


def _padded(value: Field) -> int:
    """Bytes that a value takes outside its entry: values begin at even places."""
    return 0 if len(value.value) <= 4 else len(value.value) + len(value.value) % 2


def _directory(fields: Fields, offset: int) -> bytes:
    """A directory that stands at `offset` and leads to no further one, with its values behind it."""
    entries, values = [], b""
    place = offset + 6 + 12 * len(fields)
    for tag, value in sorted(fields.items()):
        if len(value.value) <= 4:
            stored = value.value.ljust(4, b"\0")
        else:
            stored = (place + len(values)).to_bytes(4, "little")
            values += value.value.ljust(_padded(value), b"\0")
        entries.append(struct.pack("<HHI", tag, value.kind, len(value.value) // _SIZES[value.kind]) + stored)
    return struct.pack("<H", len(fields)) + b"".join(entries) + bytes(4) + values
