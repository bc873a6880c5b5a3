"""manage.py upkeep: runs the rescuer for ever, or once."""

import logging
import signal
from argparse import ArgumentParser
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection

from gallery import hooks, mails, upkeep

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Rings forgotten jobs, takes those of dead workers up again, and collects for training what consent covers. "
        "Several at once are harmless."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="make one pass and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            upkeep.run_pass()
            upkeep.finish_uploads()
            upkeep.collect()
            upkeep.remove_strays()
            mails.send_batch_mails()
            hooks.send_due()
            return
        stop = Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        # Threads, since a picture may take a minute to look at, and other people's servers their time; nobody waits for
        # them at the end.
        for act, every_s in (
            (upkeep.finish_uploads, upkeep.PASS_EVERY_S),
            (upkeep.collect, upkeep.PASS_EVERY_S),
            (upkeep.remove_strays, upkeep.REMOVE_EVERY_S),
            (mails.send_batch_mails, upkeep.PASS_EVERY_S),
            (hooks.send_due, upkeep.PASS_EVERY_S),
        ):
            Thread(target=repeat, args=(act, stop, every_s), name=act.__name__, daemon=True).start()
        repeat(upkeep.run_pass, stop, upkeep.PASS_EVERY_S)


def repeat(act: Callable[[], object], stop: Event, every_s: float) -> None:
    while not stop.is_set():
        try:
            act()
        except (DatabaseError, InterfaceError):
            logger.exception("The database does not answer; upkeep tries again")
        connection.close()
        stop.wait(every_s)
