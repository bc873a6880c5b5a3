"""A storage that is away, or a full disk, costs a job time: its attempt is made again until they are back."""

import logging
import time

from gallery import files, services
from gallery.models import MAX_ATTEMPTS
from gallery.services import Claim, ColoredFiles
from worker import colorizing

PATIENCE_S = 200.0  # of an attempt: within a task's limit of time, with enough left to color
ASK_EVERY_S = 2.0

logger = logging.getLogger(__name__)


class StillAway(Exception):
    """The job is to be given back to the queue: it has attempts left."""


def color_through(claim: Claim) -> ColoredFiles:
    """Raises what colorizing.colorize raises, and StillAway. After three attempts, some ten minutes, that is it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return colorizing.colorize(claim)
        except files.storage_errors() as error:
            if not files.is_outage(error):
                raise
            if time.monotonic() > deadline:
                if claim.attempt < MAX_ATTEMPTS:
                    raise StillAway from error
                raise
            logger.warning("The storage or the disk is away; the job is tried again (%s)", error)
        time.sleep(ASK_EVERY_S)
        colorizing.discard(claim)
        if not services.is_held(claim):
            raise StillAway
