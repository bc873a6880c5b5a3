"""Batches: what one person uploads together, from the first photo until none of it waits any more."""

from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from gallery.models import AccountPreferences, Job, PartialUpload, Result, UploadBatch
from gallery.services import webhooks

# A pause after which nothing more is expected, unless the page has said so before.
SILENT_FOR = timedelta(seconds=60)
# When a page has said so: another device of the same person may be between two files.
BETWEEN_FILES = timedelta(seconds=5)
FORGET_AFTER = timedelta(days=30)


def join_batch(owner: AbstractBaseUser) -> UploadBatch:
    """The owner's open batch, or a new one. Inside the transaction that adds the photo: it cannot end before."""
    open_batch = UploadBatch.objects.filter(owner=owner, done_at=None)
    if not open_batch.update(added_at=Now(), all_sent_at=None):
        try:
            with transaction.atomic():
                return UploadBatch.objects.create(owner=owner)
        except IntegrityError:  # another request of the same person was quicker
            open_batch.update(added_at=Now(), all_sent_at=None)
    return open_batch.get()


def say_all_sent(owner: AbstractBaseUser) -> None:
    UploadBatch.objects.filter(owner=owner, done_at=None).update(all_sent_at=Now())


def ended_batches() -> QuerySet[UploadBatch]:
    """Open ones of which nothing waits any more, and to which nothing seems to be on its way."""
    arriving = PartialUpload.objects.filter(owner=OuterRef("owner"), changed_at__gte=Now() - SILENT_FOR)
    return UploadBatch.objects.filter(
        Q(added_at__lt=Now() - SILENT_FOR) | Q(added_at__lt=Now() - BETWEEN_FILES, all_sent_at__isnull=False),
        ~Exists(arriving),
        ~Exists(Job.objects.live().without_proposals().filter(photo__batch=OuterRef("pk"))),
        done_at=None,
    )


def close_batches() -> int:
    """How many have ended. Their owners' open pages, webhooks and mails are told."""
    return sum(_close(batch) for batch in ended_batches())


def notices_of(owner: AbstractBaseUser) -> QuerySet[UploadBatch]:
    """Batches of several photos that are done and were not put away; a single photo speaks for itself."""
    done = UploadBatch.objects.filter(owner=owner, done_at__isnull=False, dismissed_at=None)
    return done.filter(Q(colored__gte=2) | Q(not_colored__gte=1, colored__gte=1) | Q(not_colored__gte=2))


def dismiss_batch(batch: UploadBatch) -> None:
    UploadBatch.objects.filter(pk=batch.pk).update(dismissed_at=Now())


def forget_batches() -> None:
    UploadBatch.objects.filter(done_at__lt=Now() - FORGET_AFTER).delete()


def wants_batch_mails(owner: AbstractBaseUser) -> bool:
    return AccountPreferences.objects.filter(owner=owner, mail_batches=True).exists()


def set_batch_mails(owner: AbstractBaseUser, wished: bool) -> None:
    AccountPreferences.objects.update_or_create(owner=owner, defaults={"mail_batches": wished})


def _close(batch: UploadBatch) -> bool:
    photos = batch.photos.outside_trash()
    colored = photos.filter(Exists(Result.objects.filter(job__photo=OuterRef("pk"), job__is_proposal=False))).count()
    not_colored = photos.count() - colored
    if not colored and not not_colored:  # all of it was deleted meanwhile, or is in the trash
        return bool(UploadBatch.objects.filter(pk=batch.pk, added_at__lte=batch.added_at).delete()[0])
    with transaction.atomic():
        here = UploadBatch.objects.filter(pk=batch.pk, done_at=None, added_at__lte=batch.added_at)
        if not here.update(done_at=Now(), colored=colored, not_colored=not_colored):
            return False  # a photo has joined it meanwhile
        webhooks.tell_of_batch(UploadBatch.objects.get(pk=batch.pk))
        # A change of a job is what open pages hear of; they look for notices then.
        newest = Job.objects.filter(photo__batch=batch).order_by("-pk").values_list("pk", flat=True).first()
        Job.objects.filter(pk=newest).update(changed_at=Now())
    return True
