"""The core of tus 1.0, the protocol for uploads that go on where the connection broke (https://tus.io/protocols).

Creation, termination and expiration; bytes lie in PHOTOLAB_DATA until the file is whole. What requests and answers
look like is in views/resumable.py. No picture is read here.
"""

import base64
import binascii
import fcntl
import logging
import os
from datetime import datetime, timedelta
from typing import IO

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.db.models import F, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from gallery.files import storage_errors
from gallery.images import ImageRefused, NotKept, SiteBusy
from gallery.models import PartialUpload
from gallery.sentences import said
from gallery.services.photos import clean_file_name, upload_photo
from gallery.services.quotas import QuotaReached, require_room
from gallery.uploading import max_upload_bytes

logger = logging.getLogger(__name__)

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
KEPT_FOR = timedelta(hours=24)
FINISHED_BY_PAGE_WITHIN = timedelta(minutes=2)
MOST_LARGEST_FILES = 8  # of one person at once, in sizes of the largest file
COPIED_AT_ONCE = 1 << 20


class UploadRefused(Exception):
    """`status` is HTTP's, str() one plain sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def create(owner: AbstractBaseUser, *, length: str, metadata: str) -> PartialUpload:
    """By the headers Upload-Length and Upload-Metadata."""
    if not length.isdecimal() or len(length) > 18 or int(length) == 0:
        raise UploadRefused(400, "Upload-Length must be the size of the file in bytes.")
    size = int(length)
    if size > max_upload_bytes():
        raise UploadRefused(413, _("This file is larger than %(mb)d MB.") % {"mb": settings.PHOTOLAB_MAX_UPLOAD_MB})
    under_way = PartialUpload.objects.filter(owner=owner).aggregate(bytes=Sum("byte_size"))["bytes"] or 0
    if under_way + size > MOST_LARGEST_FILES * max_upload_bytes():
        raise UploadRefused(413, _("Too many large uploads of yours are unfinished. Finish some first, or wait a day."))
    try:
        require_room(owner.pk, under_way + size)
    except QuotaReached as refusal:
        raise UploadRefused(413, said(str(refusal))) from refusal
    upload = PartialUpload(owner=owner, file_name=clean_file_name(file_name_in(metadata)), byte_size=size)
    settings.PHOTOLAB_PARTIAL.mkdir(mode=0o700, exist_ok=True)
    upload.path.touch(mode=0o600)
    upload.save(force_insert=True)
    return PartialUpload.objects.get(pk=upload.pk)


def file_name_in(metadata: str) -> str:
    """Pairs of a key and a value in base64, with commas between them."""
    for pair in metadata.split(","):
        key, _space, value = pair.strip().partition(" ")
        if key == "filename":
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise UploadRefused(400, "The file's name in Upload-Metadata is not text in base64.") from error
    return ""


def append(upload: PartialUpload, *, offset: str, body: IO[bytes]) -> int:
    """The offset after the bytes of `body`. They are on disk before the row counts them."""
    if offset != str(upload.offset):
        raise UploadRefused(409, f"The upload is at {upload.offset}, not at {offset or 'nothing'}.")
    with upload.path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UploadRefused(423, "Another request is adding to this upload.") from error
        file.seek(upload.offset)
        while chunk := body.read(COPIED_AT_ONCE):
            if file.tell() + len(chunk) > upload.byte_size:
                raise UploadRefused(413, "There are more bytes than were announced.")
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        reached = file.tell()
        here = PartialUpload.objects.filter(pk=upload.pk, offset=upload.offset)
        if not here.update(offset=reached, changed_at=Now()):
            raise UploadRefused(409, "Another request has added to this upload.")
    return reached


def finish_left() -> int:
    """How many files that are whole became photos, since the page that sent them was closed before it said so.

    Several at once are harmless: of the same bytes of one owner there is one photo. What is no photograph is removed,
    and told to nobody, since nobody waits. What cannot be stored now, or is too much for this day, is tried again as if
    it had just arrived, so that trouble that lasts longer than a day loses nothing.
    """
    old_enough = Now() - FINISHED_BY_PAGE_WITHIN
    whole = PartialUpload.objects.filter(offset=F("byte_size"), changed_at__lt=old_enough).select_related("owner")
    finished = 0
    for upload in whole.order_by("changed_at"):
        if not upload.path.exists():  # somebody else was quicker
            continue
        try:
            with upload.path.open("rb") as file:
                finished += not upload_photo(upload.owner, File(file, name=upload.file_name)).is_duplicate
        except (NotKept, *storage_errors()):
            if PartialUpload.objects.filter(pk=upload.pk).update(changed_at=Now()):
                logger.exception("%s cannot be stored now, and is tried again", upload)
            continue
        except SiteBusy:
            break
        except ImageRefused as refusal:
            if isinstance(refusal, QuotaReached) and refusal.wait_s:
                PartialUpload.objects.filter(pk=upload.pk).update(changed_at=Now())
                continue
            logger.info("%s, which nobody waited for any more, was refused: %s", upload, refusal)
        remove(upload)
    return finished


def remove(upload: PartialUpload) -> None:
    PartialUpload.objects.filter(pk=upload.pk).delete()
    upload.path.unlink(missing_ok=True)


def expires_at(upload: PartialUpload) -> datetime:
    return upload.changed_at + KEPT_FOR


def remove_expired() -> int:
    """What nobody has added to for a day, and files whose rows went with their account."""
    expired = list(PartialUpload.objects.filter(changed_at__lt=Now() - KEPT_FOR))
    for upload in expired:
        remove(upload)
    rows = {str(pk) for pk in PartialUpload.objects.values_list("pk", flat=True)}
    for path in settings.PHOTOLAB_PARTIAL.glob("*"):
        # A file is made a moment before its row, and read again here only when it is old.
        try:
            is_old = datetime.now().timestamp() - path.stat().st_mtime > KEPT_FOR.total_seconds()
        except FileNotFoundError:  # its upload was finished or given up meanwhile
            continue
        if path.name not in rows and is_old:
            path.unlink(missing_ok=True)
    return len(expired)
