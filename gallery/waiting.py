"""How long a job has yet to wait: its place in the queue and a guess from the last results' times."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from statistics import median

from django.db.models import Q

from gallery.models import Job, JobState, Photo, Result, Worker
from gallery.models.state import JobQuerySet
from gallery.queue import QUEUE_COLORIZE
from gallery.services.queues import is_paused

RESULTS_LOOKED_AT = 20
# Half of all jobs take longer than the typical one: only these are worth a word.
OVERDUE_FACTOR, OVERDUE_GRACE_S = 2, 5


@dataclass(frozen=True)
class Waiting:
    """position 1 is next; both are None for a job that waits no more, eta_s also when nobody can tell."""

    position: int | None
    eta_s: int | None
    live_workers: int
    is_overdue: bool = False
    is_paused: bool = False


def waiting_of(job: Job | None) -> Waiting:
    live_workers = Worker.objects.taking(QUEUE_COLORIZE).count()
    if job is None or not job.is_live:
        return Waiting(None, None, live_workers)
    typical_s = typical_duration_s()
    if job.status == JobState.RUNNING:
        if typical_s is None:
            return Waiting(None, None, live_workers)
        running_s = _running_s(job)
        is_overdue = running_s > OVERDUE_FACTOR * typical_s + OVERDUE_GRACE_S
        return Waiting(None, max(1, ceil(typical_s - running_s)), live_workers, is_overdue)
    position = _in_line_up_to(job).count()
    if is_paused(QUEUE_COLORIZE):
        return Waiting(position, None, live_workers, is_paused=True)
    if typical_s is None or live_workers == 0:
        return Waiting(position, None, live_workers)
    ahead = position + Job.objects.filter(status=JobState.RUNNING).count()
    return Waiting(position, max(1, ceil(typical_s * ahead / live_workers)), live_workers)


def number_waiting(photos: Iterable[Photo]) -> list[Photo]:
    """The photos, those that wait with their place in the queue: two queries for any number of them."""
    shown = list(photos)
    newest = {photo.pk: photo.latest_job for photo in shown}
    queued = [job for job in newest.values() if job is not None and job.status == JobState.QUEUED]
    if not queued:
        return shown
    places = places_of(queued)
    for photo in shown:
        job = newest[photo.pk]
        photo.position = places.get(job.pk) if job is not None else None
    return shown


def places_of(queued: list[Job]) -> dict[int, int]:
    """Place by id. Those ahead of the first are only counted: whoever uploads may be behind a hundred thousand."""
    in_order = sorted(queued, key=lambda job: (job.priority, job.turn, job.pk))
    first, last = in_order[0], in_order[-1]
    ahead = _in_line_up_to(first).exclude(pk=first.pk).count()
    shown = _in_line_up_to(last).filter(_from(first)).values_list("pk", flat=True)
    return {pk: place for place, pk in enumerate(shown, start=ahead + 1)}


def typical_duration_s() -> float | None:
    """None before the first result."""
    durations = list(Result.objects.order_by("-id").values_list("duration_s", flat=True)[:RESULTS_LOOKED_AT])
    return median(durations) if durations else None


def _in_line_up_to(job: Job) -> JobQuerySet:
    """The job itself and those that a worker takes before it."""
    same = Q(priority=job.priority)
    before = Q(priority__lt=job.priority) | same & Q(turn__lt=job.turn) | same & Q(turn=job.turn, pk__lte=job.pk)
    return Job.objects.in_line().filter(before)


def _from(job: Job) -> Q:
    """The job itself and those that come after it."""
    same = Q(priority=job.priority)
    return Q(priority__gt=job.priority) | same & Q(turn__gt=job.turn) | same & Q(turn=job.turn, pk__gte=job.pk)


def _running_s(job: Job) -> float:
    return (datetime.now(UTC) - job.claimed_at).total_seconds() if job.claimed_at else 0.0
