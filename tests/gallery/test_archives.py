"""Zip files from elsewhere: what comes out, and what a hostile one cannot do."""

import io
import struct
import zipfile
from unittest.mock import patch

from django.core.files.base import File
from django.test import TestCase, override_settings

from gallery import archives
from gallery.archives import ArchiveRefused, is_archive, unpack
from tests import pictures
from tests.base import OwnStorage, as_upload

PICTURE = pictures.jpeg((64, 48))


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class ArchiveTests(OwnStorage, TestCase):
    def unpacked(self, content: bytes) -> dict[str, bytes | str]:
        """Name to bytes, or to why not."""
        return {
            name: member if isinstance(member, str) else member.read() for name, member in unpack(as_upload(content))
        }

    def refusal(self, content: bytes) -> str:
        with self.assertRaises(ArchiveRefused) as caught:
            self.unpacked(content)
        return str(caught.exception)

    def test_an_archive_is_known_by_its_bytes(self) -> None:
        self.assertTrue(is_archive(as_upload(zipped({"a.jpg": PICTURE}), "a.jpg")))
        self.assertTrue(is_archive(as_upload(zipped({}))))
        self.assertFalse(is_archive(as_upload(PICTURE, "a.zip")))

    def test_pictures_come_out_one_by_one_and_what_archivers_add_does_not(self) -> None:
        members = {"./a.jpg": PICTURE, "folder/../b.jpg": PICTURE, "/etc/c.jpg": PICTURE}
        added = {"__MACOSX/a.jpg": b"x", "folder/._a.jpg": b"x", ".DS_Store": b"x", "sub/Thumbs.db": b"x"}
        told = self.unpacked(zipped({**members, **added, "empty/": b""}))
        self.assertEqual(told, members)

    def test_a_file_is_on_disk_and_gone_when_the_next_is_asked_for(self) -> None:
        paths = [
            (member.temporary_file_path(), File(open(member.temporary_file_path(), "rb")).size)  # noqa: SIM115
            for _, member in unpack(as_upload(zipped({"a.jpg": PICTURE, "b.jpg": PICTURE})))
        ]
        self.assertEqual([size for _, size in paths], [len(PICTURE)] * 2)
        for path, _ in paths:
            self.assertRaises(FileNotFoundError, open, path)

    def test_odd_names_harm_nothing(self) -> None:
        names = ["x." + "e" * 300, "\u202egpj.exe", "a\\..\\b.jpg", "con.jpg", " "]
        self.assertEqual(list(self.unpacked(zipped(dict.fromkeys(names, PICTURE)))), names)

    def test_what_is_no_picture_is_left_packed(self) -> None:
        bomb = bytes(200_000_000)
        told = self.unpacked(
            zipped({"zeros.jpg": bomb, "notes.txt": b"hello", "inner.zip": zipped({"a.jpg": PICTURE})})
        )
        for name, why in told.items():
            self.assertIn("are accepted", why, name)

    @override_settings(PHOTOLAB_MAX_UPLOAD_MB=1)
    def test_a_member_beyond_the_limit_for_pictures_is_refused_whatever_it_says(self) -> None:
        content = zipped({"big.jpg": b"\xff\xd8\xff" + bytes(5_000_000), "fine.jpg": PICTURE})
        told = self.unpacked(content)
        self.assertIn("larger than 1 MB", told["big.jpg"])
        self.assertEqual(told["fine.jpg"], PICTURE)
        lying = content.replace(struct.pack("<I", 5_000_003), struct.pack("<I", 100))
        self.assertNotEqual(lying, content)
        self.assertIsInstance(self.unpacked(lying)["big.jpg"], str)

    @patch.object(archives, "MOST_UNPACKED_BYTES", 3 * len(PICTURE) - 1)
    def test_all_together_are_bounded(self) -> None:
        members = {f"{number}.jpg": PICTURE for number in range(5)}
        self.assertIn("Make several smaller ones", self.refusal(zipped(members)))

    @patch.object(archives, "MOST_FILES", 3)
    def test_the_number_of_files_is_bounded(self) -> None:
        self.assertIn("more than", self.refusal(zipped({f"{number}.jpg": b"" for number in range(4)})))

    def test_a_list_that_says_it_is_huge_is_not_read(self) -> None:
        content = bytearray(zipped({"a.jpg": PICTURE}))
        at = content.rindex(archives.END_OF_LIST)
        content[at + 12 : at + 16] = struct.pack("<I", 500_000_000)
        with patch.object(archives, "ZipFile", side_effect=AssertionError("it was read")):
            self.assertIn("more than", self.refusal(bytes(content)))

    def test_a_damaged_member_spoils_no_other(self) -> None:
        content = bytearray(zipped({"a.jpg": PICTURE, "b.jpg": PICTURE}, zipfile.ZIP_STORED))
        at = content.index(PICTURE) + 500
        content[at] ^= 0xFF
        told = self.unpacked(bytes(content))
        self.assertEqual(told, {"a.jpg": archives.DAMAGED_MEMBER, "b.jpg": PICTURE})

    def test_cut_off_and_senseless_archives_are_refused(self) -> None:
        whole = zipped({"a.jpg": PICTURE, "b.jpg": PICTURE})
        for content in (
            whole[: len(whole) // 2],
            b"PK\x03\x04",
            b"PK\x05\x06" + b"\xff" * 18,
            b"PK\x03\x04" + bytes(99),
        ):
            self.assertIn(self.refusal(content), {archives.DAMAGED, archives.TOO_MANY})

    def test_locked_and_oddly_packed_members_are_told(self) -> None:
        self.assertEqual(self.unpacked(zipped({"a.jpg": PICTURE}, zipfile.ZIP_LZMA)), {"a.jpg": archives.ODDLY_PACKED})
        content = bytearray(zipped({"a.jpg": PICTURE}))
        content[content.index(b"PK\x01\x02") + 8] |= archives.ENCRYPTED
        content[6] |= archives.ENCRYPTED
        self.assertEqual(self.unpacked(bytes(content)), {"a.jpg": archives.WITH_PASSWORD})
