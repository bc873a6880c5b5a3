"""Zip files that staff upload: hostile until checked. Bounded in files, in bytes packed and unpacked, in memory.

What comes out are files on disk, one at a time, that gallery.images has yet to judge.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import TemporaryUploadedFile

from gallery.images import ImageRefused, check_signature
from gallery.uploading import max_upload_bytes

MOST_FILES = 10_000
MOST_UNPACKED_BYTES = 8 * 1024**3
# The list of files is read whole, and takes about ten times its own size in memory.
MOST_LIST_BYTES = 4 * 1024**2
CHUNK_BYTES = 256 * 1024
END_OF_LIST, LARGE_FORM, LONGEST_END = b"PK\x05\x06", b"PK\x06\x07", 65_536 + 22
ENCRYPTED = 0x1
# What archivers add on their own account.
NO_PICTURES = re.compile(r"(^|/)(__MACOSX/|\.[^/]*$|Thumbs\.db$|desktop\.ini$)")
BROKEN = (BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError, struct.error, zlib.error)

DAMAGED = "This zip file is damaged. Pack it again."
DAMAGED_MEMBER = "This file is damaged inside the zip. Pack it again."
TOO_MANY = f"This zip file has more than {MOST_FILES} files. Make several smaller ones."
TOO_LARGE = f"Unpacked, this zip file is larger than {MOST_UNPACKED_BYTES // 1024**3} GB. Make several smaller ones."
WITH_PASSWORD = "This file is locked with a password."
ODDLY_PACKED = "This file is packed in a way that is not read here. Pack it as an ordinary zip."


class ArchiveRefused(Exception):
    """str() is one plain sentence about the zip file, or about the rest of it."""


def is_archive(upload: File) -> bool:
    upload.seek(0)
    head = upload.read(4)
    upload.seek(0)
    return head in (b"PK\x03\x04", END_OF_LIST)


def unpack(upload: File) -> Iterator[tuple[str, File | str]]:
    """Name and file of each member, or why it cannot be had. Each file lives until the next is asked for.

    Raises ArchiveRefused, at the beginning or on the way. Names are as they stand in the zip: show them cleaned.
    """
    budget = MOST_UNPACKED_BYTES
    with _opened(upload) as archive:
        for info in archive.infolist():
            if info.is_dir() or NO_PICTURES.search(info.filename):
                continue
            with TemporaryUploadedFile("member", "", 0, None) as file:
                try:
                    _copy(archive, info, file, most=min(budget, max_upload_bytes()))
                except ImageRefused as refusal:
                    yield info.filename, str(refusal)
                except BROKEN:
                    yield info.filename, DAMAGED_MEMBER
                else:
                    yield info.filename, file
                budget -= file.size
            if budget <= 0:
                raise ArchiveRefused(TOO_LARGE)


@contextmanager
def _opened(upload: File) -> Iterator[ZipFile]:
    _check_list(upload)
    try:
        archive = ZipFile(upload)
    except BROKEN as error:
        raise ArchiveRefused(DAMAGED) from error
    with archive:
        if len(archive.infolist()) > MOST_FILES:
            raise ArchiveRefused(TOO_MANY)
        yield archive


def _check_list(upload: File) -> None:
    """How long the list of files says it is, before zipfile reads it: at every place that could be its end."""
    upload.seek(max(0, upload.size - LONGEST_END))
    end = upload.read(LONGEST_END)
    if LARGE_FORM in end:  # more than 65,535 files, or 4 GB: neither is taken
        raise ArchiveRefused(TOO_MANY)
    for found in re.finditer(re.escape(END_OF_LIST), end):
        length = end[found.start() + 12 : found.start() + 16]
        if len(length) == 4 and int.from_bytes(length, "little") > MOST_LIST_BYTES:
            raise ArchiveRefused(TOO_MANY)


def _copy(archive: ZipFile, info: ZipInfo, file: TemporaryUploadedFile, *, most: int) -> None:
    """Counts what really comes out, whatever the zip says; `file.size` tells how much of the budget is used.

    Raises ImageRefused, and what zipfile raises.
    """
    if info.flag_bits & ENCRYPTED:
        raise ImageRefused(WITH_PASSWORD)
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # the others unpack without a bound
        raise ImageRefused(ODDLY_PACKED)
    with archive.open(info) as member:
        for chunk in _chunks(member):
            if file.size == 0:
                check_signature(chunk[:32])
            file.size += len(chunk)
            if file.size > most:
                raise ImageRefused(
                    f"This file is larger than {settings.PHOTOLAB_MAX_UPLOAD_MB} MB, which is the limit for a picture."
                )
            file.write(chunk)
    file.flush()
    file.seek(0)


def _chunks(member: IO[bytes]) -> Iterator[bytes]:
    while chunk := member.read(CHUNK_BYTES):
        yield chunk
