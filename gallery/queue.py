"""The only place that publishes. A message is a doorbell: it says that something waits, the rows say what.

Ringing never fails loudly: with the broker down the row waits, and upkeep rings again.
"""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

TASK_COLORIZE = "photolab.colorize"
QUEUE_COLORIZE = "colorize"
TASK_RETRAIN = "photolab.retrain"
QUEUE_TRAIN = "train"
# A visitor waits while we ring, so a broker that does not answer is given up at once.
IMPATIENT = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3, "max_retries": 0}


def ring() -> bool:
    """One message, which lets one worker take the oldest job that waits."""
    return _send(TASK_COLORIZE, QUEUE_COLORIZE)


def ring_trainer() -> bool:
    """One message, which lets one training worker take the run that waits or was left."""
    return _send(TASK_RETRAIN, QUEUE_TRAIN)


def ring_after_commit() -> None:
    transaction.on_commit(ring, robust=True)


def ring_trainer_after_commit() -> None:
    transaction.on_commit(ring_trainer, robust=True)


def _send(task: str, queue: str) -> bool:
    try:
        with current_app.connection_for_write(transport_options=IMPATIENT) as connection:
            current_app.send_task(task, queue=queue, connection=connection, retry=False)
    except OperationalError as error:
        logger.warning("The broker does not answer; what waits is left to upkeep (%s)", error)
        return False
    return True
