"""The only place that publishes. A message is a doorbell: it carries a job's id, the row is the truth.

Ringing never fails loudly: with the broker down the row waits, and upkeep rings again.
"""

import logging

from celery import current_app
from django.db import transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from gallery.models import Job

logger = logging.getLogger(__name__)

TASK_COLORIZE = "photolab.colorize"
QUEUE_COLORIZE = "colorize"
# A visitor waits while we ring, so a broker that does not answer is given up at once.
IMPATIENT = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3, "max_retries": 0}


def ring(job_id: int) -> bool:
    try:
        with current_app.connection_for_write(transport_options=IMPATIENT) as connection:
            current_app.send_task(
                TASK_COLORIZE, args=[job_id], queue=QUEUE_COLORIZE, connection=connection, retry=False
            )
    except OperationalError as error:
        logger.warning("The broker does not answer; job %s waits for upkeep (%s)", job_id, error)
        return False
    Job.objects.filter(pk=job_id).update(rung_at=Now())
    return True


def ring_after_commit(job_id: int) -> None:
    transaction.on_commit(lambda: ring(job_id), robust=True)
