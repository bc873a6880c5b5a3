"""The only place that publishes. A message is a doorbell: it says that a job waits, the rows say which.

Ringing never fails loudly: with the broker down the row waits, and upkeep rings again.
"""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

TASK_COLORIZE = "photolab.colorize"
QUEUE_COLORIZE = "colorize"
# A visitor waits while we ring, so a broker that does not answer is given up at once.
IMPATIENT = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3, "max_retries": 0}


def ring() -> bool:
    """One message, which lets one worker take the oldest job that waits."""
    try:
        with current_app.connection_for_write(transport_options=IMPATIENT) as connection:
            current_app.send_task(TASK_COLORIZE, queue=QUEUE_COLORIZE, connection=connection, retry=False)
    except OperationalError as error:
        logger.warning("The broker does not answer; waiting jobs wait for upkeep (%s)", error)
        return False
    return True


def ring_after_commit() -> None:
    transaction.on_commit(ring, robust=True)
