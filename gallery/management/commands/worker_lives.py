"""manage.py worker_lives: for health checks of containers. Whoever is asked must be on the worker's own machine."""

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.models import Worker
from gallery.queue import QUEUE_COLORIZE, QUEUE_TRAIN


class Command(BaseCommand):
    help = (
        "Fails unless a worker of this machine beats. Celery's own ping is no measure: a training worker answers none "
        "while it waits for a training to end, and of one that colors only the main process would answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queue", choices=(QUEUE_COLORIZE, QUEUE_TRAIN))

    def handle(self, *args: Any, **options: Any) -> None:
        here = socket.gethostname()
        if not Worker.objects.serving(options["queue"]).filter(name__startswith=f"{here}:").exists():
            raise CommandError(f"No worker for the queue {options['queue']} beats on {here}.")
