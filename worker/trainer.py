"""A training run as its Celery worker sees it: a program of its own does the work, and this one watches over it.

So a worker that idles has no torch loaded, all that a run has taken is given back at its end, and a run can be ended
at any moment, whatever it does. Celery's solo pool is enough for that: the worker is this one process.
"""

import logging
import shutil
import subprocess
import sys
import time
from enum import Enum, auto
from pathlib import Path

from celery.worker import state
from django.conf import settings
from django.db import Error, close_old_connections

from gallery import files, services
from gallery.keys import checkpoint_folder
from gallery.services import Heard, RunAttempt, RunClaim

PROGRAM = ("-m", "worker")
LOOK_EVERY_S, LISTEN_EVERY_S = 0.1, 2.0
OOM_KILLS = Path("/proc/vmstat")
UNEXPECTED = (
    "Something unexpected went wrong in this training. The log of the training worker tells what; start it again, and "
    "if it happens again, tell whoever looks after this site's programs."
)
NO_MEMORY = "The machine had too little memory for this training, and ended it: lower the batch size or the crop."

logger = logging.getLogger(__name__)


class Ended(Enum):
    SETTLED = auto()  # its rows say how
    DIED = auto()  # another attempt may go on from its last checkpoint


def folder_of(attempt: RunAttempt) -> Path:
    """Where an attempt keeps its pictures and its state while it lasts."""
    return settings.PHOTOLAB_DATA / "training" / f"{attempt.run_id}-{attempt.attempt}"


def clear_up() -> None:
    """Remove the folders of attempts that are over: when their worker was killed, nobody did."""
    for left in (settings.PHOTOLAB_DATA / "training").glob("[0-9]*-[0-9]*"):
        attempt = RunAttempt(*map(int, left.name.split("-")))
        if services.listen(attempt) is not Heard.GO_ON:
            shutil.rmtree(left, ignore_errors=True)


def train(claim: RunClaim) -> Ended:
    """Start the program, end it when the claim is lost or this worker has to stop, and clear up after it."""
    folder = folder_of(claim)
    kills = _oom_kills()
    command = [sys.executable, *PROGRAM, str(claim.run_id), str(claim.attempt)]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE) as process:
        heard = _watch(process, claim)
    shutil.rmtree(folder, ignore_errors=True)
    services.remove_stray_samples(claim.run_id, attempt=claim.attempt)
    if heard is Heard.OVER:  # what it stored after the others were removed, or was killed while it removed
        files.delete_folder(checkpoint_folder(claim.run_id))
    if heard is not Heard.GO_ON or process.returncode == 0:
        return Ended.SETTLED
    if is_told_to_stop():
        services.give_back_run(claim)
        return Ended.SETTLED
    if process.returncode > 0:  # its traceback is in the log
        services.fail_run(claim, UNEXPECTED)
        return Ended.SETTLED
    if _oom_kills() > kills:
        services.fail_run(claim, NO_MEMORY)
        return Ended.SETTLED
    logger.error("Training run %s died (signal %s)", claim.run_id, -process.returncode)
    return Ended.DIED


def is_told_to_stop() -> bool:
    """By a signal to Celery, whose handler runs in this process. Nobody waits for a training to end by itself."""
    asked = (state.should_stop, state.should_terminate)  # an exit status, which may be 0
    return any(status is not None and status is not False for status in asked)


def _watch(process: subprocess.Popen, claim: RunClaim) -> Heard:
    """Until the program has ended, by itself or since it had to; GO_ON while the run is still this worker's."""
    listened_at = time.monotonic()
    while process.poll() is None:
        if is_told_to_stop():
            process.kill()
            process.wait()
        elif time.monotonic() - listened_at >= LISTEN_EVERY_S:
            heard, listened_at = _listen(claim), time.monotonic()
            if heard is not Heard.GO_ON:
                process.kill()
                process.wait()
                return heard
        else:
            time.sleep(LOOK_EVERY_S)
    return Heard.GO_ON


def _listen(claim: RunClaim) -> Heard:
    try:
        close_old_connections()
        return services.listen(claim)
    except Error as error:
        logger.warning("The database does not answer; the training goes on (%s)", error)
        return Heard.GO_ON


def _oom_kills() -> int:
    """How many processes Linux has ended for want of memory, since it began."""
    if not OOM_KILLS.exists():
        return 0
    return next((int(row.split()[1]) for row in OOM_KILLS.read_text().splitlines() if row.startswith("oom_kill ")), 0)
