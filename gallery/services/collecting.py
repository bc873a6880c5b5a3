"""How color pictures come to be admitted to training, and how they go. Consent is consent.py's matter."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from gallery import admission, files, images
from gallery.keys import new_collected_keys
from gallery.models import Admission, CollectedImage, KeptOut, Origin, Photo, Result
from gallery.services import consent, nearness

logger = logging.getLogger(__name__)

FILE_IS_GONE = "The file is no longer in the storage."
FAILURES_AT_MOST = 3  # of one call


@dataclass(frozen=True)
class Collected:
    """`image.status` says whether it is included, `image.reason` why not."""

    image: CollectedImage
    is_duplicate: bool  # the same bytes of the same owner were there before


class ConsentMissing(Exception):
    """Revoked, taken back, photo called toned, or photo or account deleted, while the picture was being looked at."""


def collect_upload(by: AbstractBaseUser, upload: File) -> Collected:
    """What staff upload for training, with the right to do so. Raises images.ImageRefused, and then there is no row.

    A picture that can be read but teaches nothing is kept and set aside: look at `image.status`.
    """
    measured = images.measure(upload)
    image = CollectedImage(owner_id=by.pk, origin=Origin.STAFF_UPLOAD, digest=measured.digest)
    known = _known(image)
    if known is not None:
        return known
    image.consented_at = timezone.now()
    return _add(image, admission.look(upload))


def collect_photo(photo_id: int) -> Collected | None:
    """An upload in color. None: it has no color, no consent covers it, or it is gone.

    Raises images.SiteBusy and the storage's errors: it may be collected later.
    """
    photo = Photo.objects.filter(pk=photo_id, has_color=True).first()
    if photo is None:
        return None
    image = CollectedImage(owner_id=photo.owner_id, photo=photo, origin=Origin.COLOR_UPLOAD, digest=photo.digest)
    return _collect_stored(image, photo.original_key, size=(photo.width, photo.height))


def collect_result(job_id: int) -> Collected | None:
    """A result whose owner said that its colors are right. None: not accepted, not covered by a consent, or gone.

    Errors as for a photo. Its digest is written down at the result, where it stays when the picture is withdrawn.
    """
    accepted = Result.objects.filter(job_id=job_id, accepted_at__isnull=False)
    result = accepted.select_related("job__photo").first()
    if result is None or consent.consented_at(result.job.photo_id) is None:
        return None
    digest = _digest_of(result.image_key)
    accepted.update(digest=digest)
    photo = result.job.photo
    image = CollectedImage(owner_id=photo.owner_id, photo=photo, origin=Origin.ACCEPTED_RESULT, digest=digest)
    return _collect_stored(image, result.image_key, size=(result.width, result.height))


def collect_waiting(*, at_most: int) -> int:
    """Collects what consent covers and is not yet there: uploads in color, then accepted results.

    In no order, so that files that cannot be read keep no others waiting; after a few of them it is the storage that is
    down, or the site that is busy, and the rest is left to the next call.
    """
    collected = failed = 0
    for collect, number in _waiting(at_most):
        try:
            collected += collect(number) is not None
        except (images.SiteBusy, *files.storage_errors()) as error:
            logger.info("%s(%s) has to wait (%s)", collect.__name__, number, error)
            failed += 1
            if failed == FAILURES_AT_MOST:
                break
    return collected


def _waiting(at_most: int) -> list[tuple[Callable[[int], Collected | None], int]]:
    """What to call with which number."""
    photos = consent.covered_photos(Photo.objects.filter(*_is_new("owner"), has_color=True))
    covered = consent.covered_photos(Photo.objects.all())
    accepted = Result.objects.filter(accepted_at__isnull=False, job__photo__in=covered.values("pk"))
    results = accepted.filter(*_is_new("job__photo__owner"))
    return [
        *((collect_photo, pk) for pk in photos.order_by("?").values_list("pk", flat=True)[:at_most]),
        *((collect_result, pk) for pk in results.order_by("?").values_list("job_id", flat=True)[:at_most]),
    ][:at_most]


def _is_new(owner: str) -> list[Exists]:
    """Neither collected nor kept out, for rows with a digest and an owner of that name."""
    same = {"owner": OuterRef(owner), "digest": OuterRef("digest")}
    return [~Exists(CollectedImage.objects.filter(**same)), ~Exists(KeptOut.objects.filter(**same))]


def include_images(image_ids: Iterable[int], by: AbstractBaseUser) -> int:
    """How many were not included and are now. What could not be read never is."""
    able = CollectedImage.objects.filter(pk__in=list(image_ids)).exclude(file_key="")
    return able.exclude(status=Admission.INCLUDED).update(
        status=Admission.INCLUDED, reason="", decided_by_id=by.pk, decided_at=Now()
    )


def exclude_images(image_ids: Iterable[int], by: AbstractBaseUser, *, reason: str = "") -> int:
    """How many were not excluded and are now, and copies of them with them. Snapshots that are frozen keep them."""
    ids = list(image_ids)
    others = CollectedImage.objects.filter(pk__in=ids).exclude(status=Admission.EXCLUDED)
    with transaction.atomic():
        nearness.rule_out_copies(ids)
        return others.update(status=Admission.EXCLUDED, reason=reason.strip(), decided_by_id=by.pk, decided_at=Now())


def delete_images(image_ids: Iterable[int], by: AbstractBaseUser) -> int:
    """Rows first, files after the commit. What came from visitors is kept out from then on, whatever they allow."""
    images = CollectedImage.objects.filter(pk__in=list(image_ids))
    with transaction.atomic():
        visitors = images.exclude(photo=None)
        consent.keep_out(
            KeptOut(owner_id=owner_id, digest=digest, reason="Deleted by staff.", decided_by_id=by.pk)
            for owner_id, digest in visitors.values_list("owner_id", "digest")
        )
        nearness.rule_out_copies(visitors.values_list("pk", flat=True))
        return consent.drop_images(images)


def _collect_stored(image: CollectedImage, key: str, *, size: tuple[int, int]) -> Collected | None:
    if consent.consented_at(image.photo_id) is None or consent.is_kept_out(image.owner_id, image.digest):
        return None
    known = _known(image)
    if known is not None:
        return known
    try:
        with default_storage.open(key, "rb") as stored:
            return _add(image, admission.look(stored))
    except images.SiteBusy:
        raise
    except images.ImageRefused as refused:
        reason = str(refused)
    except FileNotFoundError:
        reason = FILE_IS_GONE
    except ConsentMissing:
        return None
    return _add_unreadable(image, reason, size=size)


def _add(image: CollectedImage, looked: admission.Looked) -> Collected:
    """Raises ConsentMissing."""
    image.reason = admission.why_set_aside(looked)
    image.width, image.height = looked.width, looked.height
    image.colorfulness, image.phash, image.byte_size = looked.colorfulness, looked.phash, len(looked.picture)
    keys = new_collected_keys()
    image.file_key, image.thumb_key = keys.picture, keys.thumb
    try:
        with files.gone_unless_done(image.file_keys):
            files.store(keys.picture, looked.picture)
            files.store(keys.thumb, looked.thumb)
            _save(image)
    except IntegrityError:
        known = _known(image)
        if known is None:
            raise
        return known
    return Collected(image, is_duplicate=False)


def _add_unreadable(image: CollectedImage, reason: str, *, size: tuple[int, int]) -> Collected | None:
    """A row without files, so that nobody tries again and again."""
    image.reason, image.colorfulness, image.byte_size = reason, 0.0, 0
    image.width, image.height = size
    try:
        _save(image)
    except ConsentMissing:
        return None
    except IntegrityError:
        known = _known(image)
        if known is None:
            raise
        return known
    return Collected(image, is_duplicate=False)


def _save(image: CollectedImage) -> None:
    """In turn with whoever revokes or deletes, and with a last look at the consent and at what is there."""
    with transaction.atomic():
        if not consent.lock_account(image.owner_id):
            raise ConsentMissing
        if image.photo_id is not None:
            photo = Photo.objects.select_for_update(no_key=True).filter(pk=image.photo_id).first()
            said_at = consent.consented_at(image.photo_id) if photo else None
            if said_at is None or (image.origin == Origin.COLOR_UPLOAD and not photo.has_color):
                raise ConsentMissing
            image.consented_at = said_at
        if image.origin == Origin.ACCEPTED_RESULT:
            accepted = Result.objects.filter(job__photo=image.photo_id, accepted_at__isnull=False)
            if not accepted.filter(digest=image.digest).exists():
                raise ConsentMissing
        image.reason = image.reason or nearness.why_near(image)
        image.status = Admission.SET_ASIDE if image.reason else Admission.INCLUDED
        image.save(force_insert=True)


def _digest_of(key: str) -> str:
    """That of the name where the file is gone: no other file has it, and nobody looks for this one again."""
    digest = hashlib.sha256()
    try:
        with default_storage.open(key, "rb") as stored:
            for chunk in stored.chunks():
                digest.update(chunk)
    except FileNotFoundError:
        return hashlib.sha256(key.encode()).hexdigest()
    return digest.hexdigest()


def _known(image: CollectedImage) -> Collected | None:
    """What is there of the same bytes and the same owner."""
    known = CollectedImage.objects.filter(owner_id=image.owner_id, digest=image.digest).first()
    return None if known is None else Collected(known, is_duplicate=True)
