"""What the worker says of a training run: claim, freeze, report, finish, fail. `attempt` is the fence, as for jobs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from gallery import files, queue
from gallery.keys import checkpoint_folder
from gallery.models import MAX_ATTEMPTS, ModelVersion, RunState, TrainingEvaluation, TrainingPoint, TrainingRun, Worker
from gallery.models.state import RunQuerySet
from gallery.services.pruning import prune_versions
from gallery.services.queues import may_take
from gallery.services.run_settings import RunSettings
from gallery.services.snapshots import Snapshot, choose_sides, may_show_samples, read_snapshot, write_entries
from gallery.services.training import TrainingRefused, included_images, why_not_enough
from gallery.services.versions import NewVersion, add_trained_version

MOST_POINTS = 400  # of a curve: more than a chart has pixels for


@dataclass(frozen=True)
class RunAttempt:
    """One numbered try at a run: what every report is fenced by."""

    run_id: int
    attempt: int


@dataclass(frozen=True)
class RunClaim(RunAttempt):
    """The right to train, good until the run is canceled or the attempt superseded."""

    worker_id: UUID
    settings: RunSettings
    base: ModelVersion
    checkpoint_key: str  # blank: nothing to go on from
    judges: ModelVersion | None = None  # a candidate to be put to the gate; then nothing is trained


@dataclass(frozen=True)
class Progress:
    stage: str
    step: int
    steps: int
    pictures_per_s: float
    eta_s: float
    losses: Mapping[str, float]  # empty: no point for the curves
    trouble: str = ""  # what does not work now and is tried again


class Heard(Enum):
    """What a worker hears when it reports."""

    GO_ON = "go on"
    OVER = "over"  # canceled, or ended
    LOST = "lost"  # another worker has the run


def silent_runs() -> QuerySet[TrainingRun]:
    """Running, but no live worker holds them."""
    holder_lives = Exists(Worker.objects.live().filter(pk=OuterRef("worker_id")))
    return TrainingRun.objects.filter(~holder_lives, status=RunState.RUNNING)


def spent_runs() -> QuerySet[TrainingRun]:
    """Silent, and nobody may try again."""
    return silent_runs().filter(attempt__gte=MAX_ATTEMPTS + F("given_back"))


def claimable_runs() -> QuerySet[TrainingRun]:
    """What an idle worker may take: a silent run, which is resumed, or the one that waits while none runs."""
    silent = silent_runs().filter(attempt__lt=MAX_ATTEMPTS + F("given_back"))
    nothing_runs = ~Exists(TrainingRun.objects.filter(status=RunState.RUNNING))
    return silent | TrainingRun.objects.filter(nothing_runs, status=RunState.QUEUED)


def claim_run(worker_id: UUID) -> RunClaim | None:
    """None: there is nothing to do, this worker may take nothing, or another was quicker."""
    if not may_take(worker_id, queue.QUEUE_TRAIN) or not (found := claimable_runs().order_by("pk").first()):
        return None
    try:
        with transaction.atomic():
            taken = TrainingRun.objects.filter(pk=found.pk, attempt=found.attempt).move(
                RunState.RUNNING,
                only_if=[RunState(found.status)],
                attempt=F("attempt") + 1,
                worker_id=worker_id,
                claimed_at=Now(),
                trouble="",
                eta_s=None,
            )
            if not taken:
                return None
    except IntegrityError:  # another run began at this moment
        return None
    return take_up(RunAttempt(found.pk, found.attempt + 1))


def take_up(attempt: RunAttempt) -> RunClaim | None:
    """The claim of an attempt that is under way, for another process of its worker. None: it is lost."""
    run = _held(attempt).select_related("base_version", "judges").first()
    if run is None:
        return None
    return RunClaim(
        run_id=run.pk,
        attempt=run.attempt,
        worker_id=run.worker_id,
        settings=RunSettings.of_row(run),
        base=run.base_version,
        checkpoint_key=run.checkpoint_key,
        judges=run.judges,
    )


def freeze_snapshot(claim: RunAttempt) -> Snapshot | None:
    """Frozen by the first attempt, read again by later ones. None: the claim is lost. Raises TrainingRefused."""
    with transaction.atomic():
        run = _held(claim).select_for_update(no_key=True).first()
        if run is None:
            return None
        if not run.snapshot_digest:
            images = included_images(run)
            # Whoever withdraws one of them now waits, and then finds its entry.
            list(images.select_for_update(no_key=True, of=("self",)).values_list("pk"))
            sides = choose_sides(images)
            counts = [list(sides.values()).count(side) for side in ("train", "holdout")]
            if problems := why_not_enough(*counts):
                raise TrainingRefused(problems[0])
            run.snapshot_digest = write_entries(run, images, sides)
            _held(claim).update(snapshot_digest=run.snapshot_digest, changed_at=Now())
    return read_snapshot(run)


def listen(claim: RunAttempt) -> Heard:
    """Whether to go on, at the price of one small query: ask it every few seconds."""
    run = TrainingRun.objects.filter(pk=claim.run_id).values("status", "attempt").first()
    if run is None or run["attempt"] != claim.attempt:
        return Heard.LOST
    return Heard.GO_ON if run["status"] == RunState.RUNNING else Heard.OVER


def report_progress(claim: RunAttempt, progress: Progress) -> Heard:
    """Losses become a point of the curves; points from this step on, of an attempt that was lost, go."""
    with transaction.atomic():
        told = _held(claim).update(
            stage=progress.stage,
            step=progress.step,
            steps=progress.steps,
            pictures_per_s=_finite(progress.pictures_per_s),
            eta_s=_finite(progress.eta_s),
            trouble=progress.trouble,
            changed_at=Now(),
        )
        if told and progress.losses:
            _add_point(claim.run_id, progress.step, progress.losses)
    return Heard.GO_ON if told else listen(claim)


def record_evaluation(
    claim: RunAttempt, step: int, *, figures: Mapping[str, float], sample_keys: Sequence[str]
) -> bool:
    """False: the claim is lost, and the files named by `sample_keys` are the caller's to delete."""
    with transaction.atomic():
        if not _held(claim).update(changed_at=Now()):
            return False
        superseded = TrainingEvaluation.objects.filter(run_id=claim.run_id, step__gte=step)
        for keys in superseded.values_list("sample_keys", flat=True):
            files.delete_after_commit(keys)
        superseded.delete()
        shown = list(sample_keys)
        if not may_show_samples(claim.run_id):
            files.delete_after_commit(shown)
            shown = []
        TrainingEvaluation.objects.create(
            run_id=claim.run_id, step=step, figures=_all_finite(figures), sample_keys=shown
        )
    return True


def keep_checkpoint(claim: RunAttempt, key: str) -> bool:
    """What the next attempt goes on from; the one before it is removed. False: the file is the caller's to delete."""
    with transaction.atomic():
        run = _held(claim).select_for_update(no_key=True).first()
        if run is None or not _held(claim).update(checkpoint_key=key, changed_at=Now()):
            return False
        if run.checkpoint_key:
            files.delete_after_commit([run.checkpoint_key])
    return True


def give_back_run(claim: RunAttempt) -> bool:
    """By a worker that is told to stop, once nothing of it works at the run. The next one goes on from the checkpoint.

    The run stays RUNNING, as one that fell silent, and this attempt is not counted.
    """
    return _held(claim).update(worker=None, eta_s=None, given_back=F("given_back") + 1, changed_at=Now()) == 1


def finish_run(claim: RunAttempt, new: NewVersion, *, ended_early: str = "") -> ModelVersion | None:
    """The candidate that the run has made. None: the claim is lost, and the stored weights are the caller's to delete.

    `ended_early` says in plain words why fewer steps were done than asked for. Raises TrainingRefused when the
    weights are those of a version that is there: the run has changed nothing, and is the caller's to fail.
    """
    with transaction.atomic():
        run = end_run(claim, RunState.SUCCEEDED, error=ended_early)
        if run is None:
            return None
        known = ModelVersion.objects.filter(digest=new.digest).first()
        if known is not None:
            raise TrainingRefused(f"The run has changed nothing: what it made is {known}.")
        version = add_trained_version(run, new)
        prune_versions()
    return version


def fail_run(attempt: RunAttempt, reason: str) -> bool:
    """`reason` is shown to staff as it stands. Samples and curves stay, checkpoints go."""
    with transaction.atomic():
        return end_run(attempt, RunState.FAILED, error=reason) is not None


def end_run(attempt: RunAttempt, state: RunState, *, error: str) -> TrainingRun | None:
    """Inside a transaction. None: the claim is lost."""
    run = _held(attempt).select_for_update(no_key=True).first()
    if run is None or not _held(attempt).move(
        state, only_if=[RunState.RUNNING], ended_at=Now(), error=error, trouble="", checkpoint_key="", eta_s=None
    ):
        return None
    files.delete_folder_after_commit(checkpoint_folder(run.pk))
    queue.ring_trainer_after_commit()
    return run


def _held(attempt: RunAttempt) -> RunQuerySet:
    return TrainingRun.objects.filter(pk=attempt.run_id, attempt=attempt.attempt, status=RunState.RUNNING)


def _add_point(run_id: int, step: int, losses: Mapping[str, float]) -> None:
    points = TrainingPoint.objects.filter(run_id=run_id)
    points.filter(step__gte=step).delete()
    TrainingPoint.objects.create(run_id=run_id, step=step, losses=_all_finite(losses))
    numbers = list(points.order_by("step").values_list("pk", flat=True))
    if len(numbers) > MOST_POINTS:
        points.filter(pk__in=numbers[1:-1:2]).delete()


def _finite(value: float) -> float | None:
    """JSON knows neither infinity nor NaN; a chart shows a gap."""
    return value if math.isfinite(value) else None


def _all_finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in values.items()}
