"""manage.py colorize_folder: colors a folder of photographs for an account, through the running site's queue."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from gallery import folders
from gallery.variants import NETWORK_SIZES, SettingsRefused, VariantSettings

NO_WORKER = (
    "No coloring worker is running. Start the site (make run), then call this once more: it goes on where it ended."
)


class Command(BaseCommand):
    help = (
        "Color the photographs of a folder for an account, through the site's own queue: the active version colors, "
        "visitors go first, and the photographs are in the account's gallery afterwards. What is in OUT already is "
        "passed over, so the same call goes on after a break. Exit status 1: some could not be colored. "
        "Without a site, python -m colorizer colorize does it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="IN", type=Path, help="folder of photographs")
        parser.add_argument("target", metavar="OUT", type=Path, help="folder for the pictures in color")
        parser.add_argument("--user", required=True, help="the name of the account whose gallery they come into")
        parser.add_argument("--recursive", action="store_true", help="folders in it too")
        parser.add_argument("--vividness", type=float, default=1.0, help="0 to 2; default: %(default)s")
        parser.add_argument("--warmth", type=float, default=0.0, help="-1 to 1; default: %(default)s")
        parser.add_argument("--network-size", type=int, choices=NETWORK_SIZES, help="pixels that the network sees")

    def handle(self, *args: Any, **options: Any) -> None:
        source, target = options["source"].resolve(), options["target"].resolve()
        if not source.is_dir():
            raise CommandError(f"There is no folder {source}.")
        if target.is_relative_to(source) and options["recursive"]:
            raise CommandError("OUT lies in IN: its pictures would be colored too. Choose another folder.")
        owner = get_user_model().objects.filter(username=options["user"], is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no account {options['user']}.")
        asked = {name: options[name] for name in ("vividness", "warmth", "network_size") if options[name] is not None}
        try:
            wanted = VariantSettings.parse(asked)
        except SettingsRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        outcomes = folders.colorize_folder(owner, source, target, recursive=options["recursive"], wanted=wanted)
        done = failed = 0
        try:
            for outcome in outcomes:
                done, failed = done + (not outcome.trouble), failed + bool(outcome.trouble)
                self._tell(outcome)
        except folders.NoWorker as error:
            raise CommandError(NO_WORKER) from error
        self.stdout.write(f"In color: {done}. Not colored: {failed}.")
        if failed:
            raise CommandError(f"{failed} could not be colored.")

    def _tell(self, outcome: folders.Outcome) -> None:
        if outcome.trouble:
            self.stderr.write(f"{outcome.source}: {outcome.trouble}")
        else:
            self.stdout.write(f"{outcome.source}: {'there already' if outcome.was_there else outcome.target}")
