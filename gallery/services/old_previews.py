"""Previews and thumbnails from the time when they took over the comment of an uploaded JPEG, freed of it.

Links give them out as they are, so whoever has photographs from that time cleans them once: manage.py clean_previews.
"""

import logging

from django.core.files.storage import default_storage
from django.db import transaction

from gallery import files
from gallery.cleaning import NotCleaned, Notes, clean_jpeg
from gallery.keys import new_photo_keys
from gallery.models import Photo

logger = logging.getLogger(__name__)


def clean_previews() -> int:
    """Of how many photos they were stored anew; of all others nothing was to be cleaned. The pixels stay."""
    return sum(_clean(photo) for photo in Photo.objects.order_by("pk").iterator(chunk_size=500))


def _clean(photo: Photo) -> bool:
    before = {"preview_key": photo.preview_key, "thumb_key": photo.thumb_key}
    try:
        stored = [_read(key) for key in before.values()]
        cleaned = [b"".join(clean_jpeg(content, Notes())) for content in stored]
    except (*files.storage_errors(), NotCleaned) as error:
        logger.warning("The previews of photo %s stay as they are (%s)", photo.pk, error)
        return False
    if cleaned == stored:
        return False
    keys = new_photo_keys("jpg")
    after = {"preview_key": keys.preview, "thumb_key": keys.thumb}
    with files.gone_unless_done(after.values()):
        for key, content in zip(after.values(), cleaned, strict=True):
            files.store(key, content)
        with transaction.atomic():
            # None if the photo was deleted meanwhile: then no row names the new files.
            done = Photo.objects.filter(pk=photo.pk, **before).update(**after) == 1
            files.delete_after_commit((before if done else after).values())
    return done


def _read(key: str) -> bytes:
    with default_storage.open(key) as file:
        return file.read()
