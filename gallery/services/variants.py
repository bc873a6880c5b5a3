"""Orders to color a photograph in another way: one variant, or four to choose from."""

import logging

from django.db import transaction
from django.utils.translation import gettext as _

from gallery import queue
from gallery.models import Job, JobState, ModelVersion, Photo, Priority, VersionState
from gallery.models.state import LIVE_STATES
from gallery.services.quotas import require_room_for_colors
from gallery.services.turns import line_up
from gallery.services.versions import active_version, versions_before
from gallery.variants import SettingsRefused, VariantSettings

logger = logging.getLogger(__name__)

MOST_LIVE = 20  # of one photograph: nobody looks at more, and others wait


class PhotoGone(SettingsRefused):
    """It was deleted or went into the trash since it was looked up; `status` is HTTP's."""

    status = 404


def order_variant(
    photo: Photo,
    settings: VariantSettings,
    *,
    is_proposal: bool = False,
    priority: Priority = Priority.INTERACTIVE,
) -> Job:
    """The live job with these settings: a new one, or the one that is there. Raises SettingsRefused."""
    check_version(settings)
    settings.check_places(photo.width, photo.height)
    require_room_for_colors(photo.owner_id)
    with transaction.atomic():
        # One after the other, as whoever else adds jobs does, and not while it is deleted or put into the trash.
        if Photo.objects.outside_trash().select_for_update().filter(pk=photo.pk).first() is None:
            raise PhotoGone(_("This photograph was deleted meanwhile."))
        live = photo.jobs.live()
        same = live.filter(settings_digest=settings.digest).first()
        if same is not None:
            _take_seriously(same, is_proposal=is_proposal)
            return same
        if live.count() >= MOST_LIVE:
            raise SettingsRefused(_("This photograph has enough variants waiting. Try again when they are done."))
        job = Job(
            photo=photo,
            settings=settings.as_json(),
            settings_digest=settings.digest,
            is_proposal=is_proposal,
            priority=priority,
        )
        line_up([job])[0].save(force_insert=True)
        queue.ring_after_commit()
        logger.info("Job %s is ordered", job.pk, extra={"job": job.pk})
        return job


def order_four(photo: Photo) -> list[Job]:
    """A job for each of `four_settings`; what is there in today's colors is not colored again."""
    there = jobs_of_today(photo)
    return [
        there.get(settings.digest) or order_variant(photo, settings, is_proposal=True) for settings in four_settings()
    ]


def four_settings() -> list[VariantSettings]:
    """Four ways to color that look different, each for one reason: what a contact sheet shows."""
    active = active_version()
    earlier = versions_before(active)[:1] if active else []
    return [
        VariantSettings(network_size=384, flip_averaged=True),
        VariantSettings(network_size=192, flip_averaged=True),
        VariantSettings(vividness=1.4),
        VariantSettings(model_version=earlier[0].number) if earlier else VariantSettings(warmth=0.6),
    ]


def sheet_jobs(photo: Photo) -> list[Job]:
    """One for each of `four_settings`, in that order, if any is there: of today, or else the newest not canceled."""
    newest: dict[str, Job] = {}
    for job in photo.all_jobs:
        if job.status != JobState.CANCELLED:
            newest.setdefault(job.settings_digest, job)
    shown = newest | jobs_of_today(photo)
    digests = [settings.digest for settings in four_settings()]
    return [shown[digest] for digest in digests if digest in shown]


def is_sheet_whole(photo: Photo) -> bool:
    """Whether `order_four` would color nothing."""
    return {settings.digest for settings in four_settings()} <= jobs_of_today(photo).keys()


def jobs_of_today(photo: Photo) -> dict[str, Job]:
    """By the digest of their settings: what is on its way, and what is there in the colors of the active version."""
    active = active_version()
    found: dict[str, Job] = {}
    for job in photo.all_jobs:
        if job.is_live or (job.has_result and (active is None or _is_of_today(job, active))):
            found.setdefault(job.settings_digest, job)
    return found


def check_version(settings: VariantSettings) -> None:
    """Raises SettingsRefused for a version that cannot color: never active, or its weights removed."""
    if settings.model_version is None:
        return
    served = ModelVersion.objects.filter(
        status__in=(VersionState.ACTIVE, VersionState.RETIRED), weights_removed_at=None, number=settings.model_version
    )
    if not served.exists():
        text = _("Version %(number)d of the model cannot be used for coloring.")
        raise SettingsRefused(text % {"number": settings.model_version})


def _is_of_today(job: Job, active: ModelVersion) -> bool:
    return "model_version" in job.settings or job.result.model_digest == active.digest


def _take_seriously(job: Job, *, is_proposal: bool) -> None:
    """What was proposed and is now asked for is shown as soon as it is there."""
    if job.is_proposal and not is_proposal:
        Job.objects.filter(pk=job.pk, status__in=LIVE_STATES).update(is_proposal=False)
