"""Stored files: reading them, and deleting them once the death of their rows is committed."""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage, storages
from django.db import transaction

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    key: str
    byte_size: int
    changed_at: datetime


def storage_errors() -> tuple[type[Exception], ...]:
    """What the storage in use raises when it cannot do something; botocore's errors are no OSError."""
    if not type(storages["default"]).__module__.startswith("storages.backends.s3"):
        return (OSError,)
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, Boto3Error, BotoCoreError, ClientError)


def is_outage(error: Exception) -> bool:
    """Whether the storage or the disk may do later what it could not do now: away, out of order, or full.

    What is not there is not, and decoders raise OSErrors without a number.
    """
    if isinstance(error, OSError):
        return error.errno is not None and not isinstance(error, FileNotFoundError | FileExistsError)
    return isinstance(error, storage_errors())


def store(key: str, content: File | bytes) -> None:
    """Names are never reused, so a storage that answers with another name is a fault."""
    stored = default_storage.save(key, ContentFile(content) if isinstance(content, bytes) else content)
    if stored != key:
        default_storage.delete(stored)
        raise FileExistsError(f"{key} is stored already")


def read_chunks(key: str) -> Iterator[bytes]:
    with default_storage.open(key) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def digest_of(key: str) -> str:
    """SHA-256 of the stored bytes, all of which are read for it."""
    digest = hashlib.sha256()
    for chunk in read_chunks(key):
        digest.update(chunk)
    return digest.hexdigest()


def list_stored() -> Iterator[StoredFile]:
    """Everything in the storage. A bucket is listed by pages, and not folder by folder, of which each photo has one."""
    if bucket := getattr(default_storage, "bucket", None):
        for entry in bucket.objects.all():
            yield StoredFile(entry.key, entry.size, entry.last_modified)
        return
    root = Path(default_storage.location)
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            try:
                facts = path.stat()
            except FileNotFoundError:  # deleted meanwhile
                continue
            changed_at = datetime.fromtimestamp(facts.st_mtime, UTC)
            yield StoredFile(path.relative_to(root).as_posix(), facts.st_size, changed_at)


def delete_after_commit(keys: Iterable[str]) -> None:
    transaction.on_commit(partial(delete, list(keys)), robust=True)


def delete_folder_after_commit(folder: str) -> None:
    transaction.on_commit(partial(delete_folder, folder), robust=True)


@contextmanager
def gone_unless_done(keys: Iterable[str]) -> Iterator[None]:
    """For files that are stored before their rows: without the rows they go again, whatever went wrong."""
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            delete(keys)


def delete(keys: Iterable[str]) -> None:
    """One file that will not go never keeps the others. The first failure is logged with its traceback."""
    doomed = list(keys)
    first: Exception | None = None
    for key in doomed:
        try:
            default_storage.delete(key)
        except storage_errors() as error:
            logger.error("The file %s could not be deleted (%s)", key, error, exc_info=first is None)  # noqa: TRY400
            first = first or error
    for folder in {str(PurePosixPath(key).parent) for key in doomed}:
        _delete_if_empty(folder)


def folders_in(folder: str) -> list[str]:
    """Their names. Empty where the folder was never made, or the storage does not answer."""
    return _list(folder)[0]


def delete_folder(folder: str) -> None:
    """Everything below a folder; a folder that was never made is fine."""
    folders, names = _list(folder)
    for inner in folders:
        delete_folder(f"{folder}/{inner}")
    delete(f"{folder}/{name}" for name in names)
    _delete_if_empty(folder)


def _list(folder: str) -> tuple[list[str], list[str]]:
    """Names of folders and of files."""
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    except storage_errors():
        logger.exception("The folder %s cannot be listed; what should go from it stays", folder)
        return [], []


def _delete_if_empty(folder: str) -> None:
    """Folders exist on local disks only; S3 has none and finds nothing to delete."""
    try:
        if default_storage.exists(folder) and not any(default_storage.listdir(folder)):
            default_storage.delete(folder)
    except storage_errors() as error:
        logger.info("The folder %s stays (%s)", folder, error)
