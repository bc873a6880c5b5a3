"""What the page about queues and workers shows, and the orders that it takes: pause, resume, drain, take up again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery import services
from gallery.models import JobState, QueuePause, RunState, TrainingRun, Worker
from gallery.models.worker import SILENT_AFTER
from gallery.queue import QUEUE_COLORIZE, QUEUE_TRAIN

TO_SEE = ("gallery.view_worker", "gallery.run_queues")
TO_ORDER = "gallery.run_queues"
TITLES = {QUEUE_COLORIZE: _("Queue for coloring"), QUEUE_TRAIN: _("Queue for training")}
PROCESSOR = "cpu"


@dataclass(frozen=True)
class WorkerRow:
    """`state` is also the badge's class; ages are seconds."""

    worker: Worker
    holds: int
    state: str
    words: str
    beat_s: float


def describe_queues() -> dict[str, Any]:
    facts = services.queue_facts()
    pauses = {pause.queue: pause for pause in QueuePause.objects.select_related("paused_by")}
    rows = [_row(worker) for worker in _workers()]
    return {
        "queues": [(name, title, pauses.get(name)) for name, title in TITLES.items()],
        "facts": facts,
        "oldest_s": (datetime.now(UTC) - facts.oldest_at).total_seconds() if facts.oldest_at else None,
        "runs_waiting": TrainingRun.objects.filter(status=RunState.QUEUED).count(),
        "runs_running": TrainingRun.objects.filter(status=RunState.RUNNING).count(),
        "rows": rows,
        "shared": _shared_devices([row.worker for row in rows if row.state != "silent"]),
    }


def carry_out(request: HttpRequest, order: str) -> None:
    """An order is a verb and what it is about, such as `pause:colorize`; what is neither is passed over."""
    verb, _colon, about = order.partition(":")
    if verb in ("pause", "resume") and about in TITLES:
        done = services.pause_queue(about, request.user) if verb == "pause" else services.resume_queue(about)
        told = _PAUSED if verb == "pause" else _RESUMED
        _tell(request, done, told % {"queue": TITLES[about]})
    elif verb in ("drain", "refill") and (worker := _worker(about)):
        done = services.drain_worker(worker.pk) if verb == "drain" else services.refill_worker(worker.pk)
        _tell(request, done, (_DRAINED if verb == "drain" else _REFILLED) % {"worker": worker})


def may_see(user: AbstractBaseUser) -> bool:
    return any(map(user.has_perm, TO_SEE))


_PAUSED = _("%(queue)s is paused. What has begun goes on, everything else waits.")
_RESUMED = _("%(queue)s goes on.")
_DRAINED = _("%(worker)s takes nothing new. Once it has nothing left, it can be stopped.")
_REFILLED = _("%(worker)s takes from the queue again.")


def _tell(request: HttpRequest, done: bool, words: str) -> None:
    if done:
        messages.success(request, words)
    else:
        messages.warning(request, gettext("Nothing was to be done: somebody else was quicker."))


def _worker(name: str) -> Worker | None:
    try:
        return Worker.objects.filter(pk=UUID(name)).first()
    except ValueError:
        return None


def _workers() -> list[Worker]:
    """Those that take jobs first, each with what it holds."""
    holds = Count("jobs", filter=Q(jobs__status=JobState.RUNNING))
    return list(Worker.objects.annotate(holds=holds).order_by("queue", "name"))


def _row(worker: Worker) -> WorkerRow:
    holds = worker.holds or TrainingRun.objects.filter(worker=worker.pk, status=RunState.RUNNING).count()
    beat_s = (datetime.now(UTC) - worker.beat_at).total_seconds()
    if abs(beat_s) > SILENT_AFTER.total_seconds():
        state, words = "silent", gettext("silent")
    elif worker.drained_at is not None:
        state, words = "drained", gettext("is emptied") if holds else gettext("empty: it can be stopped")
    else:
        state, words = ("running", gettext("works")) if holds else ("idle", gettext("idle"))
    return WorkerRow(worker, holds, state, words, max(0.0, beat_s))


def _shared_devices(workers: list[Worker]) -> list[str]:
    """Devices of one machine that several workers use, each with its own copy of the model."""
    used = [(worker.name.rpartition(":")[0], worker.device) for worker in workers if worker.device != PROCESSOR]
    return sorted({f"{device} ({host})" for host, device in used if used.count((host, device)) > 1})
