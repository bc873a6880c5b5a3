"""The states of jobs, training runs, previews, model versions and checks, and the moves between them, as data.

Job           QUEUED ─claim→ RUNNING ─finish→ DONE | ─fail→ FAILED | ─requeue→ QUEUED
              QUEUED, RUNNING ─cancel→ CANCELLED
TrainingRun   QUEUED ─claim→ RUNNING ─finish→ SUCCEEDED | ─fail→ FAILED ; silent RUNNING ─claim→ RUNNING (resumes)
              QUEUED, RUNNING ─cancel→ CANCELLED
Preview       WAITING ─claim→ RUNNING ─finish→ DONE | ─fail→ FAILED ; WAITING ─supersede→ SUPERSEDED
ModelVersion  CANDIDATE ─promote→ ACTIVE ─(another promoted)→ RETIRED ─promote→ ACTIVE (rollback)
              CANDIDATE ─reject→ REJECTED
IntegrityCheck  WAITING ─claim→ RUNNING ─finish→ DONE | ─fail→ FAILED ; silent RUNNING ─claim→ RUNNING (begins anew)
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

MAX_ATTEMPTS = 3


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Coloring")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Canceled")


class Cause(models.TextChoices):
    """Why a job failed, in one word for whoever counts; its owner is told by a sentence."""

    FILE = "file", _("The file itself")
    MEMORY = "memory", _("Too little memory")
    TIME = "time", _("It took too long")
    WEIGHTS = "weights", _("No usable weights")
    MISSING = "missing", _("The original is gone")
    WORKER = "worker", _("Its worker died three times")
    OTHER = "other", _("Something unforeseen")


class RunState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Training")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Canceled")


class PreviewState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Coloring")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    SUPERSEDED = "superseded", _("A newer one was asked for")


class VersionState(models.TextChoices):
    CANDIDATE = "candidate", _("Candidate")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")
    REJECTED = "rejected", _("Rejected")


class CheckState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Checking")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


LIVE_STATES = (JobState.QUEUED, JobState.RUNNING)
LIVE_RUN_STATES = (RunState.QUEUED, RunState.RUNNING)
JOB_MOVES = frozenset(
    {
        (JobState.QUEUED, JobState.RUNNING),
        (JobState.RUNNING, JobState.DONE),
        (JobState.RUNNING, JobState.FAILED),
        (JobState.RUNNING, JobState.QUEUED),
        (JobState.QUEUED, JobState.CANCELLED),
        (JobState.RUNNING, JobState.CANCELLED),
    }
)
RUN_MOVES = frozenset(
    {
        (RunState.QUEUED, RunState.RUNNING),
        (RunState.RUNNING, RunState.RUNNING),
        (RunState.RUNNING, RunState.SUCCEEDED),
        (RunState.RUNNING, RunState.FAILED),
        (RunState.QUEUED, RunState.CANCELLED),
        (RunState.RUNNING, RunState.CANCELLED),
    }
)
PREVIEW_MOVES = frozenset(
    {
        (PreviewState.WAITING, PreviewState.RUNNING),
        (PreviewState.RUNNING, PreviewState.DONE),
        (PreviewState.RUNNING, PreviewState.FAILED),
        (PreviewState.WAITING, PreviewState.SUPERSEDED),
    }
)
VERSION_MOVES = frozenset(
    {
        (VersionState.CANDIDATE, VersionState.ACTIVE),
        (VersionState.ACTIVE, VersionState.RETIRED),
        (VersionState.RETIRED, VersionState.ACTIVE),
        (VersionState.CANDIDATE, VersionState.REJECTED),
    }
)

CHECK_MOVES = frozenset(
    {
        (CheckState.WAITING, CheckState.RUNNING),
        (CheckState.RUNNING, CheckState.RUNNING),
        (CheckState.RUNNING, CheckState.DONE),
        (CheckState.RUNNING, CheckState.FAILED),
    }
)


class MovingQuerySet(models.QuerySet):
    """For rows with a `status` that changes only by the moves of a table, and a `changed_at`."""

    moves: ClassVar[frozenset[tuple[models.TextChoices, models.TextChoices]]]

    def move(self, to: models.TextChoices, *, only_if: Iterable[models.TextChoices], **fields: Any) -> bool:
        """Compare and set on the one row that this query set names. The answer must be looked at."""
        allowed = list(only_if)
        for state in allowed:
            if (state, to) not in self.moves:
                raise ValueError(f"no {self.model._meta.verbose_name} moves from {state} to {to}")
        changed = self.filter(status__in=allowed).update(status=to, changed_at=Now(), **fields)
        if changed > 1:
            raise ValueError("move() changes one row at a time")
        return changed == 1


class JobQuerySet(MovingQuerySet):
    moves = JOB_MOVES

    def live(self) -> "JobQuerySet":
        return self.filter(status__in=LIVE_STATES)

    def without_proposals(self) -> "JobQuerySet":
        """Those that say what state a photograph is in; what is only proposed does not."""
        return self.filter(is_proposal=False)

    def in_line(self) -> "JobQuerySet":
        """Those that wait, the next one first."""
        return self.filter(status=JobState.QUEUED).order_by("priority", "turn", "pk")


class RunQuerySet(MovingQuerySet):
    moves = RUN_MOVES


class PreviewQuerySet(MovingQuerySet):
    moves = PREVIEW_MOVES


class VersionQuerySet(MovingQuerySet):
    moves = VERSION_MOVES


class CheckQuerySet(MovingQuerySet):
    moves = CHECK_MOVES
