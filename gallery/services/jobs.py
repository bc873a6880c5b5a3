"""The verbs that change a job: claim, finish, fail, requeue, cancel, and the owner's second try.

Each is one compare-and-set on the row; `attempt` is the fence that keeps out a worker thought dead.
"""

import logging
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from gallery import files, queue
from gallery.keys import attempt_folder
from gallery.models import Cause, Job, JobState, Photo, Result, Worker
from gallery.models.state import LIVE_STATES, JobQuerySet
from gallery.services import webhooks
from gallery.services.queues import may_take
from gallery.services.quotas import require_room_for_colors
from gallery.services.turns import line_up
from gallery.variants import SettingsRefused, VariantSettings

logger = logging.getLogger(__name__)

UNREADABLE = "What this photo was told cannot be used to color it. Adjust its colors anew."
ANY = Q()
# Large ones beside each other could take more memory than a machine has.
IN_COMPANY = Q(attempt=0, photo__width__lte=6000, photo__height__lte=6000)


@dataclass(frozen=True)
class Attempt:
    """One numbered try at a job: what finish, fail and requeue are fenced by."""

    job_id: int
    attempt: int


@dataclass(frozen=True)
class Claim(Attempt):
    """The right to color one photo, good until the attempt is superseded."""

    worker_id: UUID
    original_key: str
    format: str
    waited_s: float = 0.0
    settings: VariantSettings = field(default_factory=VariantSettings)


@dataclass(frozen=True)
class ColoredFiles:
    """What an attempt has stored, ready to become a Result, and what made it."""

    image_key: str
    preview_key: str
    thumb_key: str
    format: str
    width: int
    height: int
    byte_size: int
    model_name: str
    model_digest: str
    model_version_id: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    stage_s: dict[str, float] = field(default_factory=dict)


def claim(job_id: int, worker_id: UUID) -> Claim | None:
    """None: somebody else has the job, it has ended, or it is gone; or it ends here, since nobody can read it."""
    with transaction.atomic():
        taken = Job.objects.filter(pk=job_id).move(
            JobState.RUNNING,
            only_if=[JobState.QUEUED],
            attempt=F("attempt") + 1,
            worker_id=worker_id,
            claimed_at=Now(),
        )
        if not taken:
            return None
        job = Job.objects.select_related("photo").get(pk=job_id)
    _log(job_id, job.attempt, "is claimed")
    try:
        wanted = VariantSettings.parse(job.settings)
    except SettingsRefused as refusal:
        _log(job_id, job.attempt, f"cannot be read: {refusal}")
        fail(Attempt(job_id, job.attempt), UNREADABLE)
        return None
    return Claim(
        job_id=job.pk,
        attempt=job.attempt,
        worker_id=worker_id,
        original_key=job.photo.original_key,
        format=job.photo.format,
        waited_s=(job.claimed_at - job.queued_at).total_seconds(),
        settings=wanted,
    )


def claim_next(worker_id: UUID, *, among: Q = ANY) -> Claim | None:
    """The next in line; None when no job waits, or this worker may take none.

    Who loses a race for one takes the one after it.
    """
    if not may_take(worker_id, queue.QUEUE_COLORIZE):
        return None
    while job_id := Job.objects.in_line().filter(among).values_list("pk", flat=True).first():
        if claimed := claim(job_id, worker_id):
            return claimed
    return None


def claim_together(worker_id: UUID, *, most: int) -> list[Claim]:
    """The next in line and those that a worker may color beside it, `most` in all; empty when there is none.

    What was tried before may be what killed its worker, so it is alone the second time.
    """
    claims = []
    among = ANY
    while len(claims) < most and (claimed := claim_next(worker_id, among=among)):
        claims.append(claimed)
        if claimed.attempt > 1:
            break
        among = IN_COMPANY
    return claims


def finish(claim: Claim, output: ColoredFiles) -> bool:
    """False: the claim is lost, and the files in `output` are the caller's to delete."""
    with transaction.atomic():
        if not _held(claim).move(JobState.DONE, only_if=[JobState.RUNNING], ended_at=Now(), error=""):
            return False
        job = Job.objects.get(pk=claim.job_id)
        Result.objects.create(
            job=job,
            duration_s=(job.ended_at - job.claimed_at).total_seconds(),
            **asdict(output),
        )
        Worker.objects.filter(pk=claim.worker_id).update(jobs_done=F("jobs_done") + 1)
        webhooks.tell_of_job(claim.job_id)
    _log(claim.job_id, claim.attempt, "is done")
    return True


def is_held(attempt: Attempt) -> bool:
    """Whether the job still runs in this attempt: it was not canceled, and no other worker has it."""
    return _held(attempt).filter(status=JobState.RUNNING).exists()


def fail(attempt: Attempt, reason: str, cause: Cause = Cause.OTHER) -> bool:
    """`reason` is shown to the owner as it stands. What the attempt has stored is removed."""
    with transaction.atomic():
        failed = _held(attempt).move(
            JobState.FAILED, only_if=[JobState.RUNNING], ended_at=Now(), error=reason, cause=cause
        )
        if failed:
            files.delete_folder_after_commit(attempt_folder(attempt.job_id, attempt.attempt))
            webhooks.tell_of_job(attempt.job_id)
            _log(attempt.job_id, attempt.attempt, f"failed ({cause})")
    return failed


def requeue(attempt: Attempt) -> bool:
    """Gives a running job back to the queue and removes what its lost attempt has stored."""
    with transaction.atomic():
        back = _held(attempt).move(JobState.QUEUED, only_if=[JobState.RUNNING], worker=None, claimed_at=None)
        if back:
            files.delete_folder_after_commit(attempt_folder(attempt.job_id, attempt.attempt))
            queue.ring_after_commit()
            _log(attempt.job_id, attempt.attempt, "is given back to the queue")
    return back


def cancel(job_id: int) -> bool:
    """False: the job had ended already. A worker that holds it finds its claim lost."""
    return Job.objects.filter(pk=job_id).move(JobState.CANCELLED, only_if=LIVE_STATES, ended_at=Now())


def retry_photo(photo_id: int) -> Job | None:
    """A new job as the latest one was; None when such a one is live already or the photo is gone or in the trash.

    Raises SettingsRefused when its owner's storage is full, and when nobody can read what the latest one was told.
    """
    try:
        with transaction.atomic():
            photo = Photo.objects.outside_trash().select_for_update().filter(pk=photo_id).first()
            if photo is None:
                return None
            require_room_for_colors(photo.owner_id)
            latest = photo.latest_job
            wanted = VariantSettings.parse(latest.settings) if latest else VariantSettings()
            job = Job(photo=photo, settings=wanted.as_json(), settings_digest=wanted.digest)
            line_up([job])[0].save(force_insert=True)
            queue.ring_after_commit()
            logger.info("Job %s is ordered", job.pk, extra={"job": job.pk})
            return job
    except IntegrityError:
        logger.info("Photo %s has a live job already", photo_id)
        return None


def _held(attempt: Attempt) -> JobQuerySet:
    return Job.objects.filter(pk=attempt.job_id, attempt=attempt.attempt)


def _log(job_id: int, attempt: int, what: str) -> None:
    logger.info("Job %s %s", job_id, what, extra={"job": job_id, "attempt": attempt})
