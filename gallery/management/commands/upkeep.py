"""manage.py upkeep: runs the rescuer for ever, or once."""

import logging
import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection

from gallery import upkeep

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Rings forgotten jobs and takes those of dead workers up again. Several at once are harmless."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="make one pass and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            upkeep.run_pass()
            return
        stop = Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        while not stop.is_set():
            try:
                upkeep.run_pass()
            except (DatabaseError, InterfaceError):
                logger.exception("The database does not answer; upkeep tries again")
            connection.close()
            stop.wait(upkeep.PASS_EVERY_S)
