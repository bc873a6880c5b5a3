"""manage.py backup: the database's rows, all stored files and weights, into a folder, while the site runs."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from gallery.backups import BackupRefused, Outcome, back_up
from gallery.files import storage_errors

TELL_EVERY_S = 5.0


class Command(BaseCommand):
    help = (
        "Back up the database's rows, all stored files and weights into FOLDER, while the site runs. The same folder "
        "again gets only what is new, and a call that was ended goes on. manage.py restore brings it back, into SQLite "
        "or PostgreSQL, a folder or a bucket. Exit status 1: some file could not be backed up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        folder, told_at = options["folder"].resolve(), time.monotonic()

        def tell(outcome: Outcome) -> None:
            nonlocal told_at
            if time.monotonic() - told_at > TELL_EVERY_S:
                told_at = time.monotonic()
                self.stdout.write(f"{outcome.copied} files copied ({filesizeformat(outcome.copied_bytes)}) ...")

        try:
            outcome = back_up(folder, tell=tell)
        except (BackupRefused, *storage_errors()) as error:
            raise CommandError(str(error)) from error
        self._tell(outcome, folder)

    def _tell(self, outcome: Outcome, folder: Path) -> None:
        for file in outcome.missing:
            self.stderr.write(f"{file.row}: {file.key} is not in the storage.")
        for file in outcome.damaged:
            self.stderr.write(f"{file.row}: {file.key} was damaged already; it is in the backup as it is.")
        copied = filesizeformat(outcome.copied_bytes)
        self.stdout.write(f"Copied: {outcome.copied} files ({copied}). There already: {outcome.there_already}.")
        self.stdout.write(
            f"{folder} holds a whole backup. Not in it: the secret key ({settings.PHOTOLAB_DATA / 'secret_key'} or "
            "SECRET_KEY). Keep it apart: without it all shared links end and second factors cannot be read."
        )
        if troubles := len(outcome.missing) + len(outcome.damaged):
            raise CommandError(f"{troubles} files were missing or damaged before.")
