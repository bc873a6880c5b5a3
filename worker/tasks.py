"""Celery's side of a job or a run: claim, do, settle. A message says only that one waits; the rows say which.

The only broad `except` of the product: whatever goes wrong becomes a state and plain words.
"""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection

from gallery import logs, services
from gallery.queue import TASK_COLORIZE, TASK_RETRAIN
from photolab_site.celery import app
from worker import colorizing, engine, heartbeat, meters, outages, previewing, trainer

logger = logging.getLogger(__name__)

MOST_PREVIEWS = 10  # before a job gets its turn
LOOK_EVERY_S = 0.05  # for previews, beside a job

__all__ = ["colorize", "heartbeat", "retrain"]  # the heart connects itself to the pool process's signals


@app.task(name=TASK_COLORIZE, soft_time_limit=300, time_limit=330)
def colorize() -> None:
    engine.wait_until_warm()
    answer_previews()
    claims = services.claim_together(engine.worker_id(), most=engine.at_once())
    if not claims:
        return
    with previews_beside():
        if len(claims) == 1:
            color_claimed(claims[0])
        else:
            color_together(claims)


def color_together(claims: list[services.Claim]) -> None:
    """Each in a thread of its own; those that come to the network at the same time go through it as one batch."""
    with ThreadPoolExecutor(len(claims), thread_name_prefix="lane") as lanes:
        ended = [lanes.submit(color_in_lane, claim) for claim in claims]
        try:
            wait(ended)
        except SoftTimeLimitExceeded as error:
            for claim in claims:
                fail(claim, error)  # refused for those that have ended; a lane that hangs, the hard limit ends
    for one in ended:
        one.result()  # raises what kept it from settling its job, as that of a job alone would


def color_in_lane(claim: services.Claim) -> None:
    try:
        color_claimed(claim)
    finally:
        connection.close()  # this thread's own


def color_claimed(claim: services.Claim) -> None:
    """Until the job has ended or the claim is lost."""
    with logs.about(job=claim.job_id, attempt=claim.attempt):
        try:
            output = outages.color_through(claim)
        except outages.StillAway:
            services.requeue(claim)
            return
        except Exception as error:
            logger.exception("Job %s failed in attempt %s", claim.job_id, claim.attempt)
            if not fail(claim, error):
                lose(claim)
            return
        if services.finish(claim, output):
            meters.tell_done(claim.waited_s, output.stage_s)
        else:
            lose(claim)


def fail(claim: services.Claim, error: Exception) -> bool:
    cause = colorizing.cause_of(error)
    failed = services.fail(claim, colorizing.in_words(error), cause)
    if failed:
        meters.JOBS.labels("failed", cause.value).inc()
    return failed


def lose(claim: services.Claim) -> None:
    """Another attempt has the job, or it was canceled: what this one has stored goes."""
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
