"""What owners say of a scan's tone: a toned print read as grey, or colors of its own. It is measured at the upload.

Coloring goes by the light alone either way; what the page says, and whether the upload may teach, depends on it.
"""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from gallery.models import CollectedImage, Job, Origin, Photo
from gallery.services import consent


def say_tone(photo_id: int, *, is_toned: bool) -> bool:
    """False: the photo is plain grey, or this is what is known of it. Said twice it changes nothing."""
    with transaction.atomic():
        other = Photo.objects.filter(Q(has_color=True) | Q(is_toned=True), pk=photo_id).exclude(is_toned=is_toned)
        if not other.update(is_toned=is_toned, has_color=not is_toned):
            return False
        if is_toned:
            consent.drop_images(CollectedImage.objects.filter(photo=photo_id, origin=Origin.COLOR_UPLOAD))
        Job.objects.filter(photo=photo_id).update(changed_at=Now())  # open pages hear of it
    return True
