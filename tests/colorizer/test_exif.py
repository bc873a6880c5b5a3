"""Directories of TIFF and Exif as strangers write them: what is good in them is read, what is bad costs nothing."""

import io
import struct
import tracemalloc
import unittest

from colorizer import exif

MAKE, MODEL, DATE = 271, 272, 36867


def directory(*entries: tuple[int, int, int, int], order: str = "<") -> bytes:
    """Of (tag, type, amount, value or offset)."""
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return struct.pack(order + "H", len(entries)) + body + bytes(4)


def little(*entries: tuple[int, int, int, int], behind: bytes = b"") -> bytes:
    return b"II*\0\x08\0\0\0" + directory(*entries) + behind


def big(offset: int, *entries: tuple[int, int, int, int]) -> bytes:
    """BigTIFF whose first directory is said to be at `offset`."""
    body = b"".join(struct.pack("<HHQQ", *entry) for entry in entries)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", offset, len(entries)) + body + bytes(8)


KODAK = (MAKE, 2, 4, int.from_bytes(b"Kod\0", "little"))


class ReadingTest(unittest.TestCase):
    def test_one_bad_pointer_hides_nothing_else(self) -> None:
        for tag in (exif.PHOTO, exif.GPS):
            for file in (little(KODAK, (tag, 4, 1, 0xFFFFFFF0)), big(16, KODAK, (tag, 16, 1, 1 << 62))):
                self.assertEqual({MAKE, tag}, set(exif.parse(file).main))

    def test_a_directory_below_is_read_when_the_other_is_lost(self) -> None:
        end = 8 + 6 + 12 * 2
        below = directory((DATE, 2, 4, int.from_bytes(b"193\0", "little")))
        notes = exif.parse(little((exif.PHOTO, 4, 1, end), (exif.GPS, 4, 1, 1 << 30), behind=below))
        self.assertEqual(({DATE}, {}), (set(notes.photo), notes.gps))

    def test_a_value_at_the_end_of_the_world_is_passed_over(self) -> None:
        notes = exif.parse(big(16, KODAK, (MODEL, 2, 100, 1 << 62)))
        self.assertEqual({MAKE}, set(notes.main))
        for offset in (1 << 62, (1 << 64) - 1):
            self.assertEqual(exif.Exif(), exif.parse(big(offset, KODAK)))
            self.assertEqual(0, exif.pieces_end(io.BytesIO(big(offset, KODAK))))

    def test_bytes_of_iptc_stay_as_they_are_in_files_of_either_order(self) -> None:
        records = b"\x1c\x02\x78\x00\x03abc"
        for mark, order in ((b"II*\0", "<"), (b"MM\0*", ">")):
            fields = directory((exif.IPTC, 4, 2, 26), order=order)
            notes = exif.parse(mark + struct.pack(order + "I", 8) + fields + records)
            self.assertEqual(records, notes.main[exif.IPTC].value)


class HostileTest(unittest.TestCase):
    """A small file that says the same large values again and again."""

    def peak(self, entries: list[tuple[int, int, int, int]], size: int) -> int:
        """Bytes that reading takes."""
        file = io.BytesIO(little(*entries, behind=bytes(size)))
        tracemalloc.start()
        try:
            exif.read(file)
            exif.pieces_end(file)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_tags_that_nobody_needs_are_not_read(self) -> None:
        self.assertLess(self.peak([(1000 + i, 1, 50_000, 100) for i in range(500)], 60_000), 1e6)

    def test_lists_of_strips_as_large_as_the_file_are_not_kept_as_numbers(self) -> None:
        places = [(exif.STRIP_OFFSETS, 4, 1 << 21, 100), (exif.STRIP_SIZES, 4, 1 << 21, 100)]
        self.assertLess(self.peak(places * 100, 9 << 20), 20e6)

    def test_notes_below_are_no_larger_than_a_result_can_hold(self) -> None:
        end = 8 + 6 + 12
        below = directory(*((40_000 + i, 1, 59_000, 100) for i in range(500)))
        entries = [(exif.PHOTO, 4, 1, end)]
        file = io.BytesIO(little(*entries, behind=below + bytes(60_000)))
        self.assertLessEqual(sum(len(note.value) for note in exif.read(file).photo.values()), exif.LARGEST_EXIF)
