"""Stored files: reading them, and deleting them once the death of their rows is committed."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

logger = logging.getLogger(__name__)


def store(key: str, content: File | bytes) -> None:
    """Names are never reused, so a storage that answers with another name is a fault."""
    stored = default_storage.save(key, ContentFile(content) if isinstance(content, bytes) else content)
    if stored != key:
        default_storage.delete(stored)
        raise FileExistsError(f"{key} is stored already")


def delete_after_commit(keys: Iterable[str]) -> None:
    """One commit hook for each file: whatever a storage raises for one, Django logs it and goes on."""
    for key in keys:
        transaction.on_commit(partial(delete, [key]), robust=True)


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
    """One file that will not go never keeps the others."""
    doomed = list(keys)
    for key in doomed:
        try:
            default_storage.delete(key)
        except OSError:
            logger.exception("The file %s could not be deleted", key)
    for folder in {str(PurePosixPath(key).parent) for key in doomed}:
        _delete_if_empty(folder)


def delete_folder(folder: str) -> None:
    """Everything below a folder; a folder that was never made is fine."""
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for inner in folders:
        delete_folder(f"{folder}/{inner}")
    delete(f"{folder}/{name}" for name in names)
    _delete_if_empty(folder)


def _delete_if_empty(folder: str) -> None:
    """Folders exist on local disks only; S3 has none and finds nothing to delete."""
    try:
        if default_storage.exists(folder) and not any(default_storage.listdir(folder)):
            default_storage.delete(folder)
    except OSError as error:
        logger.info("The folder %s stays (%s)", folder, error)
