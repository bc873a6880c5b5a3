"""What `manage.py check` says, and where it keeps silent."""

import tempfile
from pathlib import Path

from django.core.checks import run_checks
from django.test import SimpleTestCase, override_settings


class WeightsTests(SimpleTestCase):
    def told(self) -> list[str]:
        return [message.id for message in run_checks() if message.id == "gallery.W001"]

    @override_settings(PHOTOLAB_WEIGHTS=Path("/nowhere/weights.safetensors"))
    def test_missing_weights_are_told_only_where_photographs_are_colored(self) -> None:
        self.assertEqual(self.told(), ["gallery.W001"])
        with tempfile.TemporaryDirectory() as folder, override_settings(BASE_DIR=Path(folder)):
            self.assertEqual(self.told(), [])
