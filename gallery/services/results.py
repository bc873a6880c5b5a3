"""What owners do with results: call the colors right, go back to an earlier result, have a newer model color again."""

from dataclasses import replace

from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch
from django.db.models.functions import Now

from gallery import queue
from gallery.models import CollectedImage, Job, Origin, Photo, Priority, Result
from gallery.models.photo import PhotoQuerySet
from gallery.models.state import JobQuerySet
from gallery.services import consent
from gallery.services.copying import AT_ONCE
from gallery.services.jobs import cancel
from gallery.services.turns import line_up
from gallery.services.versions import active_version
from gallery.variants import VariantSettings

COUNTED_EACH_TIME = 2000  # photographs; fewer are counted in some milliseconds
COUNT_KEPT_FOR_S = 60


def accept_result(job_id: int) -> bool:
    """These colors are right; of a photo's results one at most is. Upkeep collects it if consent covers the photo.

    False: the job has no result, or one that teaches nothing: the model's own guess, or beside the truth of an upload
    in color. Saying it twice changes nothing.
    """
    with transaction.atomic():
        result = _locked(job_id)
        if result is None or not result.is_corrected or result.job.photo.has_color:
            return False
        if result.accepted_at is None:
            forget_accepted(result.job.photo_id)
            Result.objects.filter(pk=result.pk).update(accepted_at=Now())
            _tell_open_pages(job_id)
    return True


def unaccept_result(job_id: int) -> int:
    """How many pictures were withdrawn from training by that: 1 or 0."""
    with transaction.atomic():
        result = _locked(job_id)
        if result is None or result.accepted_at is None:
            return 0
        withdrawn = forget_accepted(result.job.photo_id)
        _tell_open_pages(job_id)
    return withdrawn


def show_result(job_id: int) -> bool:
    """From now on, until a newer one, the photo shows the result of this job, proposed or not. False: it has none."""
    with transaction.atomic():
        if not Result.objects.filter(job_id=job_id).update(shown_at=Now()):
            return False
        Job.objects.filter(pk=job_id).update(is_proposal=False)
        _tell_open_pages(job_id)
    return True


def outdated_photos(photos: PhotoQuerySet) -> PhotoQuerySet:
    """Those in color, but never by the active version, and without a live job.

    Where the owner has said that the colors are right, there is nothing to do again.
    """
    active = active_version()
    if active is None:
        return photos.none()
    results = Result.objects.filter(job__photo=OuterRef("pk"), job__is_proposal=False)
    return photos.filter(
        ~Exists(results.filter(model_digest=active.digest)),  # first, since it settles most of a large gallery
        Exists(results),
        ~Exists(results.filter(accepted_at__isnull=False)),
        ~Exists(Job.objects.live().without_proposals().filter(photo=OuterRef("pk"))),
    )


def count_outdated(owner: AbstractBaseUser, photos: PhotoQuerySet, *, among: int) -> int:
    """Of the `photos` of one owner, `among` in all. Of a large gallery, as it was at most a minute ago.

    To look through 50,000 takes longer than all else on their page, and they have not changed since the last look.
    """
    active = active_version()
    if active is None or among < COUNTED_EACH_TIME:
        return outdated_photos(photos).count()
    return cache.get_or_set(
        f"outdated-{owner.pk}-{active.pk}-{among}", lambda: outdated_photos(photos).count(), COUNT_KEPT_FOR_S
    )


def color_again(photos: PhotoQuerySet) -> int:
    """How many of the photos wait now to be colored by the active version, after everything that somebody waits for.

    Their results stay, and stay shown until the new ones are there. What the owner asked for in the shown one, colors
    that were told for instance, is asked for again.
    """
    ids = list(outdated_photos(photos).order_by("pk").values_list("pk", flat=True))
    starts = range(0, len(ids), AT_ONCE)
    count = sum(_color_these_again(photos.filter(pk__in=ids[start : start + AT_ONCE])) for start in starts)
    if count:
        queue.ring_after_commit()
    return count


def _color_these_again(photos: PhotoQuerySet) -> int:
    # What _same_again reads, and no versions: their rows are large, and each result would bring its own.
    jobs = Job.objects.select_related("result").order_by("-id")
    photos = photos.prefetch_related(None).prefetch_related(
        Prefetch("jobs", queryset=jobs, to_attr="jobs_newest_first")
    )
    with transaction.atomic():
        outdated = list(outdated_photos(photos).select_for_update().order_by("pk"))
        again = line_up(map(_same_again, outdated))
        Job.objects.bulk_create(again, ignore_conflicts=True)  # of whoever was quicker with the same photo
    return len(again)


def color_chosen(photos: PhotoQuerySet) -> int:
    """How many of the photos wait now: those that color_again takes, and those that never came to be colored."""
    return color_again(photos) + color_uncolored(photos)


def color_uncolored(photos: PhotoQuerySet) -> int:
    """How many of the photos have no result, did not wait for one either, and do now."""
    result = Exists(Result.objects.filter(job__photo=OuterRef("pk"), job__is_proposal=False))
    live = Exists(Job.objects.live().without_proposals().filter(photo=OuterRef("pk")))
    with transaction.atomic():
        uncolored = list(photos.filter(~result, ~live).select_for_update().order_by("pk"))
        Job.objects.bulk_create(line_up(Job(photo=photo) for photo in uncolored), ignore_conflicts=True)
        if uncolored:
            queue.ring_after_commit()
    return len(uncolored)


def _same_again(photo: Photo) -> Job:
    """Not saved yet."""
    shown = photo.shown_result
    asked = replace(VariantSettings.parse(shown.job.settings if shown else {}), model_version=None)
    return Job(photo=photo, priority=Priority.BATCH, settings=asked.as_json(), settings_digest=asked.digest)


def batch_of(owner: AbstractBaseUser) -> JobQuerySet:
    """The owner's jobs that wait until nobody else does."""
    return Job.objects.in_line().filter(photo__owner=owner.pk, priority=Priority.BATCH)


def cancel_batch(owner: AbstractBaseUser) -> int:
    """How many of the owner's photos do not wait any more to be colored again. What has begun goes on."""
    with transaction.atomic():  # one commit for any number of them
        return sum(cancel(job_id) for job_id in list(batch_of(owner).values_list("pk", flat=True)))


def _locked(job_id: int) -> Result | None:
    """In turn with whoever collects; inside a transaction."""
    owner_id = Job.objects.filter(pk=job_id).values_list("photo__owner", flat=True).first()
    if owner_id is None or not consent.lock_account(owner_id):
        return None
    return Result.objects.select_related("job__photo").filter(job_id=job_id).first()


def forget_accepted(photo_id: int) -> int:
    """Inside a transaction that has locked the account: how many pictures were withdrawn from training by that."""
    Result.objects.filter(job__photo=photo_id, accepted_at__isnull=False).update(accepted_at=None)
    return consent.drop_images(CollectedImage.objects.filter(photo=photo_id, origin=Origin.ACCEPTED_RESULT))


def _tell_open_pages(job_id: int) -> None:
    Job.objects.filter(pk=job_id).update(changed_at=Now())
