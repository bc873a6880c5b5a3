"""The states of a job and the moves between them, written once as data.

QUEUED ─claim→ RUNNING ─finish→ DONE | ─fail→ FAILED | ─requeue→ QUEUED
QUEUED, RUNNING ─cancel→ CANCELLED
"""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models.functions import Now

MAX_ATTEMPTS = 3


class JobState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Coloring"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Canceled"


LIVE_STATES = (JobState.QUEUED, JobState.RUNNING)
MOVES = frozenset(
    {
        (JobState.QUEUED, JobState.RUNNING),
        (JobState.RUNNING, JobState.DONE),
        (JobState.RUNNING, JobState.FAILED),
        (JobState.RUNNING, JobState.QUEUED),
        (JobState.QUEUED, JobState.CANCELLED),
        (JobState.RUNNING, JobState.CANCELLED),
    }
)


class JobQuerySet(models.QuerySet):
    def live(self) -> "JobQuerySet":
        return self.filter(status__in=LIVE_STATES)

    def move(self, to: JobState, *, only_if: Iterable[JobState], **fields: Any) -> bool:
        """Compare and set on the one job that this query set names. The answer must be looked at."""
        allowed = list(only_if)
        for state in allowed:
            if (state, to) not in MOVES:
                raise ValueError(f"no job moves from {state} to {to}")
        changed = self.filter(status__in=allowed).update(status=to, changed_at=Now(), **fields)
        if changed > 1:
            raise ValueError("move() changes one job at a time")
        return changed == 1
