"""What `manage.py check` says, and where it keeps silent."""

import tempfile
from pathlib import Path

from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import SimpleTestCase, TestCase, override_settings


class WeightsTests(SimpleTestCase):
    def told(self) -> list[str]:
        return [message.id for message in run_checks() if message.id == "gallery.W001"]

    @override_settings(PHOTOLAB_WEIGHTS=Path("/nowhere/weights.safetensors"))
    def test_missing_weights_are_told_only_where_photographs_are_colored(self) -> None:
        self.assertEqual(self.told(), ["gallery.W001"])
        with tempfile.TemporaryDirectory() as folder, override_settings(BASE_DIR=Path(folder)):
            self.assertEqual(self.told(), [])


class TablesTests(TestCase):
    def test_a_database_from_between_two_releases_is_refused_and_one_at_the_last_old_migration_is_not(self) -> None:
        recorder = MigrationRecorder(connection)
        recorder.migration_qs.filter(app="gallery").delete()
        recorder.record_applied("gallery", "0012_shares")
        with self.assertRaisesRegex(CommandError, "stands at 0012_shares, and this release goes on from 0014"):
            call_command("migrate", verbosity=0, skip_checks=False)
        recorder.record_applied("gallery", "0014_words_of_models")
        call_command("check", databases=["default"])
