"""manage.py restore: brings back what manage.py backup has saved."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from gallery.backups import BackupRefused
from gallery.files import storage_errors
from gallery.restoring import Restored, restore, verify

TELL_EVERY = 1000


class Command(BaseCommand):
    help = (
        "Bring back a backup from FOLDER: into an empty database, SQLite or PostgreSQL, and into the storage of the "
        "settings. Stop the site before. A call that was ended goes on. Exit status 1: something is damaged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path)
        parser.add_argument("--check", action="store_true", help="read all of it, compare each SHA-256, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        act = verify if options["check"] else restore
        try:
            restored = act(options["folder"].resolve(), tell=self._tell_progress)
        except (BackupRefused, *storage_errors()) as error:
            raise CommandError(str(error)) from error
        for key in restored.damaged:
            self.stderr.write(f"{key} is damaged or missing in the backup.")
        if options["check"]:
            self.stdout.write(f"Read and compared: {restored.there_already} files.")
        else:
            self.stdout.write(f"Restored: {restored.stored} files. There already: {restored.there_already}.")
        if restored.damaged:
            raise CommandError(f"Damaged: {len(restored.damaged)}.")

    def _tell_progress(self, restored: Restored) -> None:
        if (done := restored.stored + restored.there_already) and done % TELL_EVERY == 0:
            self.stdout.write(f"{done} files ...")
