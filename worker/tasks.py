"""Celery's side of a job or a run: claim, do, settle. A message says only that one waits; the rows say which.

The only broad `except` of the product: whatever goes wrong becomes a state and plain words.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from gallery import logs, services
from gallery.queue import TASK_COLORIZE, TASK_RETRAIN
from photolab_site.celery import app
from worker import colorizing, engine, heartbeat, meters, previewing, trainer

logger = logging.getLogger(__name__)

MOST_PREVIEWS = 10  # before a job gets its turn
LOOK_EVERY_S = 0.05  # for previews, beside a job

__all__ = ["colorize", "heartbeat", "retrain"]  # the heart connects itself to the pool process's signals


@app.task(name=TASK_COLORIZE, soft_time_limit=300, time_limit=330)
def colorize() -> None:
    answer_previews()
    claim = services.claim_next(engine.worker_id())
    if claim is None:
        return
    with logs.about(job=claim.job_id, attempt=claim.attempt):
        color_claimed(claim)


def color_claimed(claim: services.Claim) -> None:
    """Until the job has ended or the claim is lost."""
    try:
        with previews_beside():
            output = colorizing.colorize(claim)
    except Exception as error:
        logger.exception("Job %s failed in attempt %s", claim.job_id, claim.attempt)
        cause = colorizing.cause_of(error)
        if services.fail(claim, colorizing.in_words(error), cause):
            meters.JOBS.labels("failed", cause.value).inc()
        else:
            colorizing.discard(claim)
            meters.JOBS.labels("lost", "").inc()
        return
    if services.finish(claim, output):
        meters.tell_done(claim.waited_s, output.stage_s)
    else:
        colorizing.discard(claim)
        meters.JOBS.labels("lost", "").inc()


@contextmanager
def previews_beside() -> Iterator[None]:
    """While a job runs, a thread answers previews: nobody who moves a slider waits for somebody's large photograph."""
    over = threading.Event()

    def answer_until_over() -> None:
        try:
            while not over.wait(LOOK_EVERY_S):
                answer_previews()
        finally:
            connection.close()  # this thread's own

    thread = threading.Thread(target=answer_until_over, name="previews", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def answer_previews() -> None:
    """Those that people wait for at this moment; whoever comes meanwhile rings anew."""
    for _ in range(MOST_PREVIEWS):
        claim = services.claim_preview()
        if claim is None:
            return
        try:
            services.finish_preview(claim.id, previewing.answer(claim))
        except Exception as error:
            logger.exception("Preview %s failed", claim.id)
            services.fail_preview(claim.id, colorizing.in_words(error))


@app.task(name=TASK_RETRAIN)
def retrain() -> None:
    claim = services.claim_run(engine.worker_id())
    trainer.clear_up()  # also when a run was canceled that was left, which rings
    if claim is not None and trainer.train(claim) is trainer.Ended.DIED:
        heartbeat.disown()
