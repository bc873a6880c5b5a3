"""manage.py upkeep: runs the rescuer for ever, or once."""

import logging
import signal
from argparse import ArgumentParser
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from gallery import hooks, mails, upkeep
from gallery.files import storage_errors
from gallery.services.strays import StraySweep

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
            upkeep.check_integrity()
            mails.send_batch_mails()
            hooks.send_due()
            return
        stop, asked = Event(), Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: (asked.set(), stop.set()))
        # Threads, since a picture may take a minute to look at, and other people's servers their time; nobody waits for
        # them at the end.
        for act, every_s in (
            (upkeep.finish_uploads, upkeep.PASS_EVERY_S),
            (upkeep.collect, upkeep.PASS_EVERY_S),
            (upkeep.remove_strays, upkeep.REMOVE_EVERY_S),
            (StraySweep().remove_stray_files, upkeep.REMOVE_EVERY_S),
            (upkeep.check_integrity, upkeep.PASS_EVERY_S),
            (mails.send_batch_mails, upkeep.PASS_EVERY_S),
            (hooks.send_due, upkeep.PASS_EVERY_S),
        ):
            Thread(target=repeat, args=(act, stop, every_s), name=act.__name__, daemon=True).start()
        repeat(upkeep.run_pass, stop, upkeep.PASS_EVERY_S)
        if not asked.is_set():
            raise CommandError("A part of upkeep ended by an error, so all of it ends, to be started anew.")


def repeat(act: Callable[[], object], stop: Event, every_s: float) -> None:
    """Ends with `stop`, and sets it when an error that nobody foresaw ends it: upkeep must not go on without a part."""
    try:
        while not stop.is_set():
            try:
                act()
            except (DatabaseError, InterfaceError, *storage_errors()):
                logger.exception("%s failed; upkeep tries again", act.__name__)
            connection.close()
            stop.wait(every_s)
    finally:
        stop.set()
