"""Consent to training: off until it is given, for the account or for one photo, dated, and revocable at any time.

A photo is covered when its owner's last word about the account is yes, or their last word about the photo itself is
yes and they have not said no for the account since. A no for a photo holds until a yes for that photo. A photo in the
trash is not covered, and is again when it is restored.
"""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from gallery import files
from gallery.models import Admission, CollectedImage, KeptOut, Photo, TrainingConsent
from gallery.services import snapshots


def give_consent(user: AbstractBaseUser, photo: Photo | None = None) -> TrainingConsent:
    """For the account, or for one photo of the user. Upkeep collects what it covers, some pictures at each pass.

    A yes that holds already is not said again. Raises ValueError for another's photo.
    """
    return _say(user, photo, is_given=True)


def revoke_consent(user: AbstractBaseUser, photo: Photo | None = None) -> int:
    """How many pictures were withdrawn: from now on no snapshot has them. A no that holds is not said again."""
    with transaction.atomic():
        _say(user, photo, is_given=False)
        own = CollectedImage.objects.filter(owner_id=user.pk, photo__isnull=False)
        covered = covered_photos(Photo.objects.filter(owner_id=user.pk))
        return drop_images(own.exclude(photo__in=covered.values("pk")))


def account_consent(user: AbstractBaseUser) -> TrainingConsent | None:
    """The last word about the account; None when there was none."""
    return TrainingConsent.objects.filter(user_id=user.pk, photo=None).first()


def covered_photos(photos: QuerySet[Photo]) -> QuerySet[Photo]:
    """Those whose owners consent. Nothing is learned from what is in the trash."""
    about_photo = TrainingConsent.objects.filter(photo=OuterRef("pk"), user=OuterRef("owner")).order_by("-pk")
    about_account = TrainingConsent.objects.filter(photo=None, user=OuterRef("owner")).order_by("-pk")
    return (
        photos.filter(Exists(TrainingConsent.objects.filter(user=OuterRef("owner"), is_given=True)), trashed_at=None)
        .annotate(
            photo_word=Subquery(about_photo.values("pk")[:1]),
            photo_yes=Subquery(about_photo.values("is_given")[:1]),
            account_word=Subquery(about_account.values("pk")[:1]),
            account_yes=Subquery(about_account.values("is_given")[:1]),
        )
        .filter(Q(photo_yes__isnull=True) | Q(photo_yes=True))
        .filter(
            Q(account_yes=True)
            | Q(photo_yes=True, account_word__isnull=True)
            | Q(photo_yes=True, account_word__lt=F("photo_word"))
        )
    )


def consented_at(photo_id: int) -> datetime | None:
    """When the word was said that covers the photo; None when none does, or the photo is gone."""
    photo = covered_photos(Photo.objects.filter(pk=photo_id)).first()
    if photo is None:
        return None
    word = photo.account_word if photo.account_yes else photo.photo_word
    return TrainingConsent.objects.get(pk=word).said_at


def lock_account(user_id: int) -> bool:
    """False: it is gone. Whoever says a word and whoever collects take turns, inside a transaction."""
    users = get_user_model().objects.select_for_update(no_key=True)
    return users.filter(pk=user_id).first() is not None


def drop_images(images: QuerySet[CollectedImage]) -> int:
    """Inside a transaction: rows now, files and samples that show them after the commit. Snapshots keep the digests.

    What staff had excluded is kept out from then on: a consent given later does not overrule them.
    """
    doomed = list(images.select_for_update())
    keep_out(
        KeptOut(owner_id=image.owner_id, digest=image.digest, reason=image.reason, decided_by_id=image.decided_by_id)
        for image in doomed
        if image.status == Admission.EXCLUDED and image.photo_id is not None
    )
    snapshots.drop_samples_of(CollectedImage.objects.filter(pk__in=[image.pk for image in doomed]))
    files.delete_after_commit([key for image in doomed for key in image.file_keys])
    CollectedImage.objects.filter(pk__in=[image.pk for image in doomed]).delete()
    return len(doomed)


def keep_out(pictures: Iterable[KeptOut]) -> None:
    """What is kept out already stays so by the decision that was first."""
    KeptOut.objects.bulk_create(pictures, ignore_conflicts=True)


def is_kept_out(owner_id: int, digest: str) -> bool:
    return KeptOut.objects.filter(owner=owner_id, digest=digest).exists()


def _say(user: AbstractBaseUser, photo: Photo | None, *, is_given: bool) -> TrainingConsent:
    if photo is not None and photo.owner_id != user.pk:
        raise ValueError("only the owner of a photo consents to anything")
    with transaction.atomic():
        lock_account(user.pk)
        last = TrainingConsent.objects.filter(user_id=user.pk, photo=photo).first()
        if last is not None and last.is_given == is_given and not _is_overruled(last):
            return last
        return TrainingConsent.objects.create(user_id=user.pk, photo=photo, is_given=is_given)


def _is_overruled(word: TrainingConsent) -> bool:
    """A yes for a photo by a later no for the account; a no for the account by a later yes for a photo."""
    contrary = TrainingConsent.objects.filter(user=word.user_id, pk__gt=word.pk, is_given=not word.is_given)
    if word.photo_id is None:
        return not word.is_given and contrary.filter(photo__isnull=False).exists()
    return word.is_given and contrary.filter(photo=None).exists()
