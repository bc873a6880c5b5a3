"""What one photograph was told, told to others of its owner: places and radii grow and shrink with the photographs."""

from dataclasses import dataclass, replace

from django.db import transaction

from gallery.models import Job, Photo, Priority
from gallery.models.photo import PhotoQuerySet
from gallery.services.variants import PhotoGone, check_version, jobs_of_today, order_variant
from gallery.variants import SettingsRefused, Spot, VariantSettings

AT_ONCE = 100  # in one transaction: nobody else waits long, and what is ordered stays so whatever comes after


@dataclass
class Copied:
    """How many of the photos wait now, were colored so already or waited for it, and were refused; why the last was."""

    ordered: int = 0
    there: int = 0
    refused: int = 0
    reason: str = ""


def copy_settings(job: Job, photos: PhotoQuerySet) -> Copied:
    """Orders the photos to be colored as the job was told, after what somebody waits for.

    Raises SettingsRefused if none of them can be.
    """
    told = VariantSettings.parse(job.settings)
    check_version(told)
    copied = Copied()
    ids = list(photos.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        with transaction.atomic():
            for photo in photos.filter(pk__in=ids[start : start + AT_ONCE]).order_by("pk"):  # as whoever locks several
                _order(photo, told, job.photo, copied)
    return copied


def _order(photo: Photo, told: VariantSettings, source: Photo, copied: Copied) -> None:
    try:
        settings = scaled(told, source, photo)
        there = jobs_of_today(photo).get(settings.digest)
        if there is not None and not there.is_proposal:
            copied.there += 1
            return
        order_variant(photo, settings, priority=Priority.BATCH)
        copied.ordered += 1
    except PhotoGone:
        pass  # it was nobody's wish to color what is deleted
    except SettingsRefused as refusal:
        copied.refused += 1
        copied.reason = str(refusal)


def scaled(told: VariantSettings, source: Photo, target: Photo) -> VariantSettings:
    """The same places in a photograph of another size: what was in the middle is in the middle again.

    Raises SettingsRefused when one of them would be too large there.
    """
    across, down = target.width / source.width, target.height / source.height

    def there(spot: Spot) -> Spot:
        return replace(spot, x=spot.x * across, y=spot.y * down, radius=spot.radius * min(across, down))

    hints, keep_grey = tuple(map(there, told.hints)), tuple(map(there, told.keep_grey))
    return VariantSettings.parse(replace(told, hints=hints, keep_grey=keep_grey).everything())
