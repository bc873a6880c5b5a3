"""A training run as its pool process sees it: a program of its own does the work, and this one watches over it.

So a worker that idles has no torch loaded, all that a run has taken is given back at its end, and a run can be ended
at any moment, whatever it does.
"""

import logging
import shutil
import subprocess
import sys
from enum import Enum, auto
from pathlib import Path
from typing import Any

from billiard import active_children
from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import Error, close_old_connections

from gallery import files, services
from gallery.keys import checkpoint_folder
from gallery.services import Heard, RunAttempt, RunClaim
from worker import heartbeat

PROGRAM = ("-m", "worker")
LISTEN_EVERY_S = 2.0
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


def train(claim: RunClaim) -> Ended:
    """Start the program, end it when the claim is lost, and clear up after it."""
    folder = folder_of(claim)
    for left in folder.parent.glob("*"):  # one run is trained at a time: by those that were killed
        shutil.rmtree(left, ignore_errors=True)
    kills = _oom_kills()
    command = [sys.executable, *PROGRAM, str(claim.run_id), str(claim.attempt)]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE) as process:
        heard = _watch(process, claim)
    shutil.rmtree(folder, ignore_errors=True)
    if heard is Heard.CANCELED:  # what it stored after the others were removed
        files.delete_folder(checkpoint_folder(claim.run_id))
    if heard is not Heard.GO_ON or process.returncode == 0:
        return Ended.SETTLED
    if process.returncode > 0:  # its traceback is in the log
        services.fail_run(claim, UNEXPECTED)
        return Ended.SETTLED
    if _oom_kills() > kills:
        services.fail_run(claim, NO_MEMORY)
        return Ended.SETTLED
    logger.error("Training run %s died (signal %s)", claim.run_id, -process.returncode)
    return Ended.DIED


@worker_shutting_down.connect
def let_go(**_signal: Any) -> None:
    """In Celery's main process: who stops it does not wait for a training, which goes on from its last checkpoint."""
    if heartbeat.trains():
        for pool_process in active_children():
            pool_process.terminate()


def _watch(process: subprocess.Popen, claim: RunClaim) -> Heard:
    """Until it ends by itself, or the claim is lost and it is ended."""
    while True:
        try:
            process.wait(LISTEN_EVERY_S)
        except subprocess.TimeoutExpired:
            heard = _listen(claim)
            if heard is Heard.GO_ON:
                continue
            process.kill()
            process.wait()
            return heard
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
