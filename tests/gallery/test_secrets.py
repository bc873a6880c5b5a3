"""What opens something is never written into a log or an answer: passwords, keys, links, cookies, the bucket's key."""

import io
import logging
import os
import subprocess
import sys
from unittest.mock import patch

from django.conf import settings
from django.test import Client
from django.urls import reverse

from gallery import services
from gallery.models import Album, Scope
from tests.base import PASSWORD, GalleryTestCase

WRONG = "a-wrong-guess-of-olga"
LINKS_PASSWORD = "seven red bicycles"


class LogTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.written = io.StringIO()
        # The site's own handlers, since they leave out what must not be written.
        for name in ("", "django", "django.request"):
            logger = logging.getLogger(name)
            for handler in logger.handlers:
                self.addCleanup(handler.setStream, handler.setStream(self.written))
            self.addCleanup(logger.setLevel, logger.level)
            logger.setLevel(logging.INFO)

    def assert_kept(self, *secrets: str) -> None:
        written = self.written.getvalue()
        self.assertTrue(written, "Nothing was written at all.")
        for secret in secrets:
            self.assertNotIn(secret, written)

    def test_passwords_are_not_written_right_or_wrong(self) -> None:
        for password in (WRONG, PASSWORD):
            self.client.post(reverse("account_login"), {"login": "olga", "password": password})
            self.client.post(reverse("api-tokens"), {"username": "olga", "password": password})
        self.client.get("/no/such/page/")
        self.assert_kept(WRONG, PASSWORD)

    def test_keys_of_programs_and_links_are_not_written_nor_what_they_are_tried_with(self) -> None:
        token = services.make_key(self.owner, "scanner", scopes=list(Scope.values), valid_for=None)[1]
        album = Album.objects.create(owner=self.owner, title="Farm")
        link = services.create_share(album, services.ShareTerms(password=LINKS_PASSWORD)).token
        for word in (token, token[:-1] + "x"):
            self.client.get("/api/v1/photos/999999", headers={"Authorization": f"Bearer {word}"})
        for password in (WRONG, LINKS_PASSWORD):
            self.client.post(reverse("shared", args=[link]), {"password": password})
        self.client.get(reverse("shared", args=[link + "x"]))
        self.assert_kept(token, link, LINKS_PASSWORD, WRONG)

    def test_a_fault_of_ours_tells_no_cookie_no_password_and_no_setting(self) -> None:
        careless = Client(raise_request_exception=False)
        careless.force_login(self.owner)
        session = careless.cookies[settings.SESSION_COOKIE_NAME].value
        with patch("gallery.services.set_batch_mails", side_effect=RuntimeError("broken")):
            answer = careless.post(reverse("account_mail"), {"password": PASSWORD})
        self.assertEqual(500, answer.status_code)
        self.assert_kept(session, PASSWORD, settings.SECRET_KEY)
        for secret in (session, PASSWORD, settings.SECRET_KEY, "Traceback"):
            self.assertNotIn(secret, answer.content.decode())


class SettingsTests(GalleryTestCase):
    def told_at_start(self, **variables: str) -> str:
        command = [sys.executable, "-c", "import photolab_site.settings"]
        env = {**os.environ, "PHOTOLAB_DATA": str(settings.PHOTOLAB_DATA), **variables}
        told = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)
        self.assertNotEqual(0, told.returncode)
        return told.stdout + told.stderr

    def test_a_database_address_that_cannot_be_read_is_refused_without_its_password(self) -> None:
        for address in ("postgres://lab:hush/hush@db/lab", "mysql://lab:hush@db/lab", "postgres://lab:hush#1@db:x/lab"):
            with self.subTest(address):
                told = self.told_at_start(DATABASE_URL=address)
                self.assertIn("DATABASE_URL", told)
                self.assertNotIn("hush", told)
