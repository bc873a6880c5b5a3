"""manage.py check_integrity: whether rows and stored files agree, as the admin's page asks of upkeep."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from gallery import services
from gallery.models import CheckState, IntegrityCheck


class Command(BaseCommand):
    help = (
        "Look whether every row has its stored files and every stored file its row. The site may run meanwhile. "
        "Exit status 1: something is wrong. The outcome also stands in the admin."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--bytes", action="store_true", help="also read originals, results and weights, and compare their SHA-256"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        claim = services.begin_check(reads_bytes=options["bytes"])
        if claim is None:
            raise CommandError("A check is under way; its outcome will stand in the admin.")
        if not services.make_check(claim):
            raise CommandError("Another process took this check over; its outcome will stand in the admin.")
        self._tell(IntegrityCheck.objects.get(pk=claim.check_id))

    def _tell(self, check: IntegrityCheck) -> None:
        if check.status == CheckState.FAILED:
            raise CommandError(check.error)
        for problem in check.problems:
            self.stdout.write(f"{IntegrityCheck.Problem(problem['kind']).label}: {problem['row']} {problem['key']}")
        self.stdout.write(f"Files that rows name: {check.files_named}.")
        if check.reads_bytes:
            self.stdout.write(f"Read and compared: {check.files_read} ({filesizeformat(check.bytes_read)}).")
        if check.stray_count:
            self.stdout.write(f"Without a row: {check.stray_count} ({filesizeformat(check.stray_bytes)}).")
        if check.problem_count:
            raise CommandError(f"Problems: {check.problem_count}.")
        self.stdout.write("Rows and files agree.")
