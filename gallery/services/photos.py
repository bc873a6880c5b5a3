"""How photographs come in and go. Files are stored before their rows, and deleted after them."""

import logging
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import Q

from gallery import files, images, queue
from gallery.dates import TakenOn
from gallery.keys import PhotoKeys, job_folder, new_photo_keys
from gallery.models import CollectedImage, Job, Origin, PartialUpload, Photo, Priority, Removal, SharedCopy
from gallery.services import batches, consent
from gallery.services.quotas import require_room
from gallery.services.sharing import drop_copies
from gallery.services.trash import restore_photos
from gallery.services.turns import line_up
from gallery.variants import VariantSettings

logger = logging.getLogger(__name__)

ANY = Q()
LONGEST_FILE_NAME = 255
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Uploaded:
    photo: Photo
    is_duplicate: bool


def upload_photo(
    owner: AbstractBaseUser,
    upload: File,
    *,
    wanted: VariantSettings | None = None,
    priority: Priority = Priority.INTERACTIVE,
) -> Uploaded:
    """Its first job colors it as `wanted`, or as usual. Of bytes that are there already nothing is ordered.

    Raises images.ImageRefused, of which QuotaReached is one, and NotKept while the storage or the disk is in trouble,
    and then nothing is stored and no row is made.
    """
    try:
        return _take_in(owner, upload, wanted or VariantSettings(), priority)
    except files.storage_errors() as error:
        logger.exception("%s could not be kept", upload.name)
        raise images.NotKept from error


def _take_in(owner: AbstractBaseUser, upload: File, wanted: VariantSettings, priority: Priority) -> Uploaded:
    measured = images.measure(upload)
    known = _known(owner, measured.digest)
    if known is not None:
        return known
    require_room(owner.pk, measured.byte_size)
    inspected = images.inspect(upload)
    keys = new_photo_keys(images.EXTENSIONS[inspected.format])
    photo = _described(owner, clean_file_name(upload.name), measured, inspected, keys)
    try:
        with files.gone_unless_done(photo.file_keys):
            _store(upload, inspected, keys)
            _add_rows(photo, wanted, priority)
    except IntegrityError:
        known = _known(owner, measured.digest)
        if known is None:
            raise  # the account went away meanwhile
        return known
    return Uploaded(photo, is_duplicate=False)


def _inspected_fields(inspected: images.Inspected) -> dict[str, Any]:
    return {
        "format": inspected.format,
        "width": inspected.width,
        "height": inspected.height,
        "has_color": inspected.has_color,
        "is_toned": inspected.is_toned,
        **taken_fields(inspected.taken),
    }


def _described(
    owner: AbstractBaseUser, file_name: str, measured: images.Measured, inspected: images.Inspected, keys: PhotoKeys
) -> Photo:
    return Photo(
        owner=owner,
        file_name=file_name,
        digest=measured.digest,
        byte_size=measured.byte_size,
        original_key=keys.original,
        preview_key=keys.preview,
        thumb_key=keys.thumb,
        **_inspected_fields(inspected),
    )


def _known(owner: AbstractBaseUser, digest: str) -> Uploaded | None:
    """What is there of the same bytes, out of the trash again if it was there."""
    known = Photo.objects.filter(owner=owner, digest=digest).first()
    if known is None:
        return None
    known.was_restored = known.trashed_at is not None and restore_photos([known.pk]) == 1
    return Uploaded(known, is_duplicate=True)


def describe_photo(photo_id: int, *, title: str, taken: TakenOn | None) -> None:
    """What its owner says about it. A blank title stands for the file's name."""
    Photo.objects.filter(pk=photo_id).update(title=clean_title(title), **taken_fields(taken))


def clean_title(title: str) -> str:
    """One line without control characters."""
    visible = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in title)
    return " ".join(unicodedata.normalize("NFC", visible).split())[:LONGEST_TITLE]


def taken_fields(taken: TakenOn | None) -> dict[str, Any]:
    """The fields of a Photo that say when it was taken."""
    if taken is None:
        return {"taken_on": None, "taken_precision": ""}
    return {"taken_on": taken.first, "taken_precision": taken.precision}


def _store(upload: File, inspected: images.Inspected, keys: PhotoKeys) -> None:
    upload.seek(0)
    files.store(keys.original, upload)
    files.store(keys.preview, inspected.preview)
    files.store(keys.thumb, inspected.thumb)


def _add_rows(photo: Photo, wanted: VariantSettings, priority: Priority) -> None:
    with transaction.atomic():
        photo.batch = batches.join_batch(photo.owner)
        require_room(photo.owner_id, photo.byte_size)  # others of the same person may have come in meanwhile
        photo.save(force_insert=True)
        settings, digest = wanted.as_json(), wanted.digest
        job = Job(photo=photo, settings=settings, settings_digest=digest, priority=priority)
        line_up([job])[0].save(force_insert=True)
        queue.ring_after_commit()
    logger.info("Job %s is ordered", job.pk, extra={"job": job.pk})


def clean_file_name(name: str | None) -> str:
    """What is shown and offered for download: no folders, no control characters, the ending kept."""
    bare = PurePosixPath((name or "").replace("\\", "/")).name
    visible = "".join(sign for sign in bare if unicodedata.category(sign)[0] != "C").strip()
    visible = unicodedata.normalize("NFC", visible)
    if not visible.strip("."):  # nothing, or a folder
        visible = "photo"
    if len(visible) <= LONGEST_FILE_NAME:
        return visible
    ending = PurePosixPath(visible).suffix[:16]
    return visible[: LONGEST_FILE_NAME - len(ending)] + ending


def delete_photos(photo_ids: Iterable[int], *, only_if: Q = ANY) -> int:
    """Rows first, files after the commit. A worker that is coloring one finds its claim lost.

    `only_if` is asked of each when it is locked: it may have been restored since it was found in the trash.
    """
    with transaction.atomic():
        # Locked in this order, so that neither a finishing worker nor a retry adds a row in between.
        photos = list(Photo.objects.select_for_update().filter(only_if, pk__in=list(photo_ids)).order_by("pk"))
        _delete_locked(photos)
        Removal.objects.bulk_create(Removal(owner_id=photo.owner_id, photo_id=photo.pk) for photo in photos)
    return len(photos)


def delete_jobs(job_ids: Iterable[int]) -> int:
    with transaction.atomic():
        jobs = Job.objects.filter(pk__in=list(job_ids))
        locked = list(jobs.select_for_update().values_list("pk", flat=True))
        _delete_attempts_after_commit(locked)
        drop_copies(SharedCopy.objects.filter(photo__jobs__in=locked))
        accepted = Photo.objects.filter(jobs__in=locked, jobs__result__accepted_at__isnull=False)
        consent.drop_images(CollectedImage.objects.filter(photo__in=accepted, origin=Origin.ACCEPTED_RESULT))
        jobs.filter(pk__in=locked).delete()
    return len(locked)


def delete_account(user: AbstractBaseUser) -> None:
    """The user, every row that hangs on it, and every stored file."""
    with transaction.atomic():
        locked = get_user_model().objects.select_for_update().get(pk=user.pk)
        _delete_locked(list(Photo.objects.select_for_update().filter(owner=locked).order_by("pk")))
        consent.drop_images(CollectedImage.objects.filter(owner=locked))
        for upload in PartialUpload.objects.filter(owner=locked):
            transaction.on_commit(partial(upload.path.unlink, missing_ok=True), robust=True)
        locked.delete()


def _delete_locked(photos: list[Photo]) -> None:
    ids = [photo.pk for photo in photos]
    jobs = list(Job.objects.select_for_update().filter(photo_id__in=ids).values_list("pk", flat=True))
    for photo in photos:
        files.delete_after_commit(photo.file_keys)
    _delete_attempts_after_commit(jobs)
    consent.drop_images(CollectedImage.objects.filter(photo_id__in=ids))
    drop_copies(SharedCopy.objects.filter(photo__in=ids))
    Photo.objects.filter(pk__in=ids).delete()


def _delete_attempts_after_commit(job_ids: Iterable[int]) -> None:
    """By folder: an attempt whose worker was killed has files that no row names."""
    for job_id in job_ids:
        files.delete_folder_after_commit(job_folder(job_id))
