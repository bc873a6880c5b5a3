"""The trash: photos that are gone for everything but being restored, until they are deleted after 30 days."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from gallery.models import CollectedImage, Job, Photo, Removal
from gallery.services import consent
from gallery.services.jobs import cancel
from gallery.services.results import color_uncolored

KEPT_FOR_DAYS = 30
IN_TRASH = Q(trashed_at__isnull=False)
OVERDUE = Q(trashed_at__lt=Now() - timedelta(days=KEPT_FOR_DAYS))


def trash_photos(photo_ids: Iterable[int]) -> int:
    """How many are there now and were not. What is being colored is canceled; copies for training are deleted."""
    with transaction.atomic():
        photos = Photo.objects.outside_trash().filter(pk__in=list(photo_ids))
        locked = list(photos.select_for_update().order_by("pk").values_list("pk", "owner_id"))
        ids = [pk for pk, _ in locked]
        for job_id in list(Job.objects.live().filter(photo__in=ids).values_list("pk", flat=True)):
            cancel(job_id)
        consent.drop_images(CollectedImage.objects.filter(photo__in=ids))
        Photo.objects.filter(pk__in=ids).update(trashed_at=Now())
        Removal.objects.bulk_create(Removal(owner_id=owner_id, photo_id=pk) for pk, owner_id in locked)
    return len(ids)


def restore_photos(photo_ids: Iterable[int]) -> int:
    """How many were in the trash and are not any more. What never came to be colored is ordered again."""
    with transaction.atomic():
        photos = Photo.objects.filter(IN_TRASH, pk__in=list(photo_ids))
        ids = list(photos.select_for_update().order_by("pk").values_list("pk", flat=True))
        Photo.objects.filter(pk__in=ids).update(trashed_at=None)
        Job.objects.filter(photo__in=ids).update(changed_at=Now())  # for open pages, which show the cards again
        color_uncolored(Photo.objects.filter(pk__in=ids))
    return len(ids)


def overdue_in_trash(*, at_most: int) -> list[int]:
    """Ids of photos that were put into the trash more than 30 days ago, the oldest first."""
    return list(Photo.objects.filter(OVERDUE).order_by("trashed_at").values_list("pk", flat=True)[:at_most])
