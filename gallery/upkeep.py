"""The one rescuer. It goes by rows and heartbeats, works without the broker, and may run several times at once.

Jobs of dead workers are given back or given up; when workers idle while jobs or a training run wait, it rings. Beside
it, and never in its way, what consent covers is collected for training, so that no upload waits for that.
"""

import logging
import shutil
import time
from dataclasses import asdict, astuple, dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from gallery import queue, services, tus
from gallery.models import MAX_ATTEMPTS, Cause, Job, JobState, Removal, Worker

logger = logging.getLogger(__name__)

PASS_EVERY_S = 2.0
LAST_PASS = settings.PHOTOLAB_DATA / "last_upkeep"  # its time is what a container's health check looks at
REMOVE_EVERY_S = 3600.0
RING_AT_MOST = 20
FORGET_WORKER_AFTER = timedelta(hours=1)
FORGET_REMOVAL_AFTER = timedelta(minutes=1)
TEMPORARY_FOR_S = 3600.0
GIVEN_UP = (
    "The worker stopped three times while coloring this photo, so it was given up. "
    "Try again later, or upload a smaller copy."
)
RUN_GIVEN_UP = (
    "The worker stopped three times during this run, so it was given up. If memory was short, start it again "
    "with a smaller batch or crop."
)
DELETE_AT_MOST = 20  # of the trash, in one pass: each takes some files with it
LOOK_AGAIN_AT_MOST = 100  # copies: each is compared with all pictures
COLLECT_AT_MOST = 20  # then the storage and the consents are looked at anew


@dataclass(frozen=True)
class Done:
    requeued: int
    given_up: int
    rung: int
    workers_forgotten: int
    runs_given_up: int
    trainers_rung: int
    batches_done: int
    partial_uploads_removed: int
    deleted_from_trash: int

    def __bool__(self) -> bool:
        return any(astuple(self))


def run_pass() -> Done:
    requeued, given_up = rescue_orphans()
    rung = ring_for_idle_workers()
    Removal.objects.filter(removed_at__lt=Now() - FORGET_REMOVAL_AFTER).delete()
    services.sweep_previews()
    forgotten, _ = Worker.objects.filter(beat_at__lt=Now() - FORGET_WORKER_AFTER).delete()
    remove_temporary_files()
    services.forget_batches()
    services.forget_answers()
    services.drop_copies_of_ended_shares()
    done = Done(
        requeued,
        given_up,
        rung,
        forgotten,
        runs_given_up=give_up_runs(),
        trainers_rung=ring_for_idle_trainer(),
        batches_done=services.close_batches(),
        partial_uploads_removed=tus.remove_expired(),
        deleted_from_trash=delete_overdue(),
    )
    LAST_PASS.touch()
    if done:
        logger.info(", ".join(f"{what.replace('_', ' ')}: {number}" for what, number in asdict(done).items() if number))
    return done


def collect() -> int:
    """How many pictures were looked at. Each takes about a second, a hostile one up to a minute: not for a pass."""
    again = services.look_again_at_copies(at_most=LOOK_AGAIN_AT_MOST)
    if again:
        logger.info("included, since what they are nearly the same as is gone: %s", again)
    collected = services.collect_waiting(at_most=COLLECT_AT_MOST)
    if collected:
        logger.info("collected for training: %s", collected)
    return collected


def finish_uploads() -> int:
    """Large files whose page was closed after the last byte. A hostile one takes up to a minute: not for a pass."""
    finished = tus.finish_left()
    if finished:
        logger.info("uploads finished for pages that were closed: %s", finished)
    return finished


def check_integrity() -> bool:
    """Whether a check was made that staff had asked for. It reads as much as there is: not for a pass."""
    claim = services.claim_check()
    return claim is not None and services.make_check(claim)


def remove_strays() -> int:
    """Folders of weights and comparisons that no row names. A storage lists them slowly: not for a pass."""
    removed = services.remove_stray_outcomes()
    if removed:
        logger.info("stray outcomes of training runs removed: %s", removed)
    return removed


def rescue_orphans() -> tuple[int, int]:
    """Running jobs that no live worker holds: how many were given back, and how many given up."""
    holder_lives = Exists(Worker.objects.live().filter(pk=OuterRef("worker_id")))
    requeued = given_up = 0
    for job_id, number in (
        Job.objects.filter(~holder_lives, status=JobState.RUNNING).order_by("pk").values_list("pk", "attempt")
    ):
        attempt = services.Attempt(job_id, number)
        if number < MAX_ATTEMPTS:
            requeued += services.requeue(attempt)
        else:
            given_up += services.fail(attempt, GIVEN_UP, Cause.WORKER)
    return requeued, given_up


def delete_overdue() -> int:
    overdue = services.overdue_in_trash(at_most=DELETE_AT_MOST)
    return services.delete_photos(overdue, only_if=services.OVERDUE)


def ring_for_idle_workers() -> int:
    """Idle workers beside waiting jobs: messages were lost, or never sent. Rings until the broker fails to answer.

    While all workers are busy, or none may take anything, nothing is sent: messages must not pile up.
    """
    waiting = Job.objects.filter(status=JobState.QUEUED).count()
    if not waiting or not services.idle_workers(queue.QUEUE_COLORIZE).exists():
        return 0
    rung = 0
    while rung < min(waiting, RING_AT_MOST) and queue.ring():
        rung += 1
    return rung


def give_up_runs() -> int:
    """Silent training runs with attempts left need no rescue: the next training worker that is rung for takes them."""
    spent = list(services.spent_runs().values_list("pk", "attempt"))
    return sum(services.fail_run(services.RunAttempt(run_id, number), RUN_GIVEN_UP) for run_id, number in spent)


def ring_for_idle_trainer() -> int:
    """A run that can be claimed beside a training worker that idles: the message was lost, or the run was left."""
    if not services.claimable_runs().exists():
        return 0
    if not services.idle_workers(queue.QUEUE_TRAIN).exists():
        return 0
    return int(queue.ring_trainer())


def remove_temporary_files() -> None:
    """What processes that were killed have left; nothing alive needs a temporary file for so long."""
    for left in settings.PHOTOLAB_TMP.glob("*"):
        try:
            if time.time() - left.stat().st_mtime < TEMPORARY_FOR_S:
                continue
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
        except OSError as error:  # another loop was quicker, or the disk is in trouble
            logger.info("The temporary %s stays (%s)", left, error)
