"""Shows that a process that works lives: registers it, beats from a thread, takes it off the list at its end.

Upkeep gives back the jobs of those that fell silent.
"""

import logging
import os
import socket
import threading
import time
from typing import Any

from celery import current_app
from celery.signals import task_failure, worker_process_init, worker_process_shutdown, worker_shutdown
from django.conf import settings
from django.db import Error, close_old_connections

from gallery import services
from gallery.queue import QUEUE_COLORIZE, QUEUE_TRAIN
from gallery.upkeep import remove_temporary_files
from worker import engine, machine, meters

logger = logging.getLogger(__name__)

BEAT_S = 2.0
SWEEP_EVERY_S = 600.0


class Heart:
    """The beating thread of one process."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_stopped, name="heart", daemon=True)

    def start(self) -> None:
        """The first beat comes before the first job, whose claim names the worker's row."""
        beat()
        self._thread.start()

    def stop(self, **_signal: Any) -> None:
        self._stop.set()
        self._thread.join(timeout=BEAT_S)
        try:
            services.retire_worker(engine.worker_id())
        except Error as error:
            logger.warning("The worker could not sign off, and will be found silent (%s)", error)

    def _beat_until_stopped(self) -> None:
        swept = time.monotonic()
        while not self._stop.wait(BEAT_S):
            beat()
            if time.monotonic() - swept > SWEEP_EVERY_S:  # upkeep may see another machine's folder
                remove_temporary_files()
                swept = time.monotonic()


def disown(**_signal: Any) -> None:
    """What a task that raised could not settle is another attempt's: the old identity falls silent."""
    engine.begin_anew()
    beat()


def beat() -> None:
    """A database that is briefly away costs a beat, never the worker."""
    try:
        close_old_connections()
        if not services.beat(engine.worker_id(), what_to_tell()):
            services.register_worker(
                services.WorkerFacts(
                    id=engine.worker_id(),
                    name=f"{socket.gethostname()}:{os.getpid()}",
                    queue=QUEUE_TRAIN if trains() else QUEUE_COLORIZE,
                    device=settings.PHOTOLAB_DEVICE,
                )
            )
    except Error as error:
        logger.warning("A heartbeat is lost: the database does not answer (%s)", error)
    finally:
        close_old_connections()


def trains() -> bool:
    """Whether this process was started for the queue of training runs, or else for jobs."""
    return QUEUE_TRAIN in current_app.amqp.queues.consume_from


def what_to_tell() -> services.WorkerState:
    if trains():
        room = {"free_memory_bytes": machine.free_memory(), "free_disk_bytes": machine.free_disk()}
        return services.WorkerState(**room, memory_bytes=machine.held_memory(), samples=meters.told())
    return services.WorkerState(**engine.model(), memory_bytes=machine.held_memory(), samples=meters.told())


@worker_process_init.connect
def start_heart(**_signal: Any) -> None:
    engine.begin_anew()
    heart = Heart()
    heart.start()
    if not trains():
        engine.begin_to_warm_up()
    # One of both: a pool process has an end of its own, and the solo pool has no process but Celery's.
    worker_process_shutdown.connect(heart.stop, weak=False)
    worker_shutdown.connect(heart.stop, weak=False)
    # Connected here, since the pool's main process gets this signal too when it has lost a child.
    task_failure.connect(disown, weak=False)
