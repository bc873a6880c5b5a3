"""What an owner is told about training and one of their photos: may it be learned from, and was it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy

from gallery import services
from gallery.models import Admission, CollectedImage, KeptOut, ModelVersion, Photo
from gallery.sentences import said

EXCLUDED = gettext_lazy("it was excluded by those who run this site.")


@dataclass(frozen=True)
class Learning:
    """`consented_at` is None where no consent covers the photo; `set_aside` says why its picture is not used."""

    consented_at: datetime | None
    is_for_account: bool
    can_teach: bool  # it is in color, or one of its results has colors that its owner called right
    is_collected: bool
    set_aside: str
    versions: list[ModelVersion]  # that learned from it, whatever the owner says now


def learning_of(photo: Photo) -> Learning:
    consented_at = services.consented_at(photo.pk)
    word = services.account_consent(photo.owner)
    image = CollectedImage.objects.filter(photo=photo).first()
    return Learning(
        consented_at=consented_at,
        is_for_account=consented_at is not None and word is not None and word.is_given,
        can_teach=photo.has_color or any(result.accepted_at for result in photo.results),
        is_collected=image is not None,
        set_aside=_why_not_used(photo, image),
        versions=services.versions_that_learned_from(Photo.objects.filter(pk=photo.pk)),
    )


def _why_not_used(photo: Photo, image: CollectedImage | None) -> str:
    """Empty where it is used, or is not there. Staff need not say why."""
    if image is None:
        digests = [photo.digest, *(result.digest for result in photo.results if result.accepted_at)]
        kept_out = KeptOut.objects.filter(owner=photo.owner_id, digest__in=digests).exists()
        return str(EXCLUDED) if kept_out else ""
    if image.status == Admission.INCLUDED:
        return ""
    return said(image.reason) or str(EXCLUDED)
