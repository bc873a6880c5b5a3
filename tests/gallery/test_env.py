"""Reading the environment: right values, and failures that begin with the variable's name."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase

from photolab_site import env


def load_settings(expression: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, as at a start."""
    script = f"from django.conf import settings; print({expression})"
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=settings.BASE_DIR,
        env={**inherited, "DJANGO_SETTINGS_MODULE": "photolab_site.settings", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


class EnvTests(SimpleTestCase):
    def test_failures_begin_with_the_name(self) -> None:
        cases = [
            (env.read_flag, "maybe", False),
            (env.read_positive_int, "-3", 1),
            (env.read_positive_int, "lots", 1),
            (env.read_database, "oracle://host/db", ""),
            (env.read_email, "pigeon://roof", ""),
        ]
        for read, value, default in cases:
            with (
                self.subTest(value),
                patch.dict(os.environ, {"SOME_VARIABLE": value}),
                self.assertRaisesRegex(ImproperlyConfigured, r"^SOME_VARIABLE: [^\n]+$"),
            ):
                read("SOME_VARIABLE", default)

    def test_what_is_not_set_or_blank_is_the_default(self) -> None:
        for value in ({}, {"SOME_VARIABLE": "  "}):
            with patch.dict(os.environ, value):
                self.assertIs(env.read_flag("SOME_VARIABLE", True), True)
                self.assertEqual(env.read_positive_int("SOME_VARIABLE", 7), 7)
                self.assertEqual(env.read_list("SOME_VARIABLE", "a, b,"), ["a", "b"])


class SettingsTests(SimpleTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name) / "new" / "data"

    def test_the_secret_key_is_made_once_and_kept_for_the_user_alone(self) -> None:
        first = load_settings("settings.SECRET_KEY", PHOTOLAB_DATA=str(self.data)).stdout
        second = load_settings("settings.SECRET_KEY", PHOTOLAB_DATA=str(self.data)).stdout
        self.assertGreater(len(first.strip()), 50)
        self.assertEqual(first, second)
        self.assertEqual(stat.S_IMODE((self.data / "secret_key").stat().st_mode), 0o600)
        self.assertEqual({path.name for path in self.data.iterdir()}, {"secret_key", "tmp"})

    def test_temporary_files_are_kept_for_the_user_alone_below_the_data(self) -> None:
        told = load_settings("settings.PHOTOLAB_TMP == settings.FILE_UPLOAD_TEMP_DIR", PHOTOLAB_DATA=str(self.data))
        self.assertEqual(told.stdout.strip(), "True")
        self.assertEqual(stat.S_IMODE((self.data / "tmp").stat().st_mode), 0o700)

    def test_cookies_are_for_https_alone_where_nothing_else_is_trusted(self) -> None:
        cases = {"": False, "https://a.example": True, "https://a.example,https://b.example": True,
                 "https://a.example,http://b.example": False}  # fmt: skip
        for origins, secure in cases.items():
            told = load_settings(
                "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE",
                PHOTOLAB_DATA=str(self.data),
                CSRF_TRUSTED_ORIGINS=origins,
            )
            self.assertEqual(told.stdout.strip(), f"{secure} {secure}", origins)

    def test_the_sender_of_mails_is_a_setting(self) -> None:
        sender = "Photos <photos@example.org>"
        told = load_settings("settings.DEFAULT_FROM_EMAIL", PHOTOLAB_DATA=str(self.data), DEFAULT_FROM_EMAIL=sender)
        self.assertEqual(told.stdout.strip(), sender)

    def test_a_storage_in_a_bucket_is_chosen_by_its_name(self) -> None:
        told = load_settings(
            "settings.STORAGES['default']['BACKEND']", PHOTOLAB_DATA=str(self.data), PHOTOLAB_S3_BUCKET="photos"
        )
        self.assertEqual(told.stdout.strip(), "storages.backends.s3.S3Storage")

    def test_postgresql_is_chosen_by_its_address(self) -> None:
        told = load_settings(
            "settings.DATABASES['default']['ENGINE']",
            PHOTOLAB_DATA=str(self.data),
            DATABASE_URL="postgres://me:secret@db:5432/photolab",
        )
        self.assertEqual(told.stdout.strip(), "django.db.backends.postgresql")
