"""Who may take from a queue: it is paused and resumed for all workers, and a worker is drained to be stopped.

Neither ends what has begun, and nobody who uploads is refused: what comes meanwhile waits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from gallery import queue
from gallery.models import Job, JobState, Priority, QueuePause, RunState, TrainingRun, Worker

COUNTED_FOR = timedelta(minutes=5)


@dataclass(frozen=True)
class QueueFacts:
    """Of the queue of jobs. `per_minute` is the mean of the last five minutes."""

    interactive: int
    batch: int
    running: int
    oldest_at: datetime | None
    done: int
    per_minute: float


def pause_queue(name: str, by: AbstractBaseUser) -> bool:
    """False: it is paused already."""
    return QueuePause.objects.get_or_create(queue=name, defaults={"paused_by": by})[1]


def resume_queue(name: str) -> bool:
    """False: it was not paused. Upkeep rings for idle workers within two seconds."""
    return QueuePause.objects.filter(queue=name).delete()[0] > 0


def drain_worker(worker_id: UUID) -> bool:
    """False: it is gone, or drained already."""
    return Worker.objects.filter(pk=worker_id, drained_at=None).update(drained_at=Now()) == 1


def refill_worker(worker_id: UUID) -> bool:
    """False: it is gone, or was not drained."""
    return Worker.objects.filter(pk=worker_id, drained_at__isnull=False).update(drained_at=None) == 1


def is_paused(name: str) -> bool:
    return QueuePause.objects.filter(queue=name).exists()


def may_take(worker_id: UUID, name: str) -> bool:
    """Whether this worker may begin something new from the queue."""
    return not is_paused(name) and not Worker.objects.filter(pk=worker_id, drained_at__isnull=False).exists()


def idle_workers(name: str) -> QuerySet[Worker]:
    """Live ones that may take from the queue, and have nothing to do."""
    if is_paused(name):
        return Worker.objects.none()
    held = Exists(Job.objects.filter(worker=OuterRef("pk"), status=JobState.RUNNING))
    if name == queue.QUEUE_TRAIN:
        held = Exists(TrainingRun.objects.filter(worker=OuterRef("pk"), status=RunState.RUNNING))
    return Worker.objects.taking(name).filter(~held)


def queue_facts() -> QueueFacts:
    live = Job.objects.live().order_by().values_list("status", "priority").annotate(Count("pk"))
    counts = {(status, priority): count for status, priority, count in live}
    waiting = Job.objects.filter(status=JobState.QUEUED)
    just_now = Now() - COUNTED_FOR
    # changed_at has an index, and no job ends without changing.
    done = Job.objects.filter(status=JobState.DONE, changed_at__gte=just_now, ended_at__gte=just_now).count()
    return QueueFacts(
        interactive=counts.get((JobState.QUEUED, Priority.INTERACTIVE), 0),
        batch=counts.get((JobState.QUEUED, Priority.BATCH), 0),
        running=sum(count for (status, _), count in counts.items() if status == JobState.RUNNING),
        oldest_at=waiting.order_by("queued_at").values_list("queued_at", flat=True).first(),
        done=done,
        per_minute=done / (COUNTED_FOR / timedelta(minutes=1)),
    )
