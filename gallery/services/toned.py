"""What owners say of a scan's tone: a toned print read as grey, or colors of its own. It is measured at the upload.

Coloring goes by the light alone either way; what the page says, and whether the upload may teach, depends on it.
"""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from gallery.models import CollectedImage, Job, Origin, Photo
from gallery.services import consent
from gallery.services.results import forget_accepted


def say_tone(photo_id: int, *, is_toned: bool) -> bool:
    """False: the photo is gone or plain grey, or this is what is known of it. Said twice it changes nothing.

    Of a photograph in color the upload is the truth, so that no result is, whatever was said of it.
    """
    owner_id = Photo.objects.filter(pk=photo_id).values_list("owner", flat=True).first()
    with transaction.atomic():
        # In turn with whoever calls a result right.
        if owner_id is None or not consent.lock_account(owner_id):
            return False
        other = Photo.objects.filter(Q(has_color=True) | Q(is_toned=True), pk=photo_id).exclude(is_toned=is_toned)
        if not other.update(is_toned=is_toned, has_color=not is_toned):
            return False
        if is_toned:
            consent.drop_images(CollectedImage.objects.filter(photo=photo_id, origin=Origin.COLOR_UPLOAD))
        else:
            forget_accepted(photo_id)
        Job.objects.filter(photo=photo_id).update(changed_at=Now())  # open pages hear of it
    return True
