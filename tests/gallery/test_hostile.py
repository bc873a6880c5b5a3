"""Hostile files through the real upload: a quick slice of what tests.fleet.test_hostile does with 2,000."""

import base64
from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import override_settings
from django.urls import reverse

from gallery import tus
from gallery.models import Photo
from tests import hostile
from tests.base import GalleryTestCase
from tests.hostile_uploads import HostileUploads, Outcome

FEW = 110
MUCH_TOO_SLOW_S = 30.0  # of a file; idle machines take a tenth of a second


class HostileFileTests(HostileUploads, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tmp = Path(self.enterContext(TemporaryDirectory()))
        self.enterContext(override_settings(PHOTOLAB_TMP=self.tmp, FILE_UPLOAD_TEMP_DIR=self.tmp))
        self.client.force_login(self.owner)

    def outcome_of(self, files: list[hostile.Hostile]) -> Outcome:
        outcome = Outcome()
        for file in files:
            with self.subTest(file.what):
                self.send(self.client, file, outcome)
        self.assertEqual(len(files), outcome.told)
        self.assertLess(outcome.slowest[0], MUCH_TOO_SLOW_S, outcome.slowest[1])
        self.assertEqual([], list(self.tmp.iterdir()))
        self.assertEqual(3 * Photo.objects.count(), len(self.stored_files()))
        return outcome

    def test_broken_photographs_are_taken_or_refused_in_plain_words(self) -> None:
        outcome = self.outcome_of(list(hostile.mutants(FEW)))
        self.assertGreater(sum(outcome.refused.values()), FEW // 3)
        self.assertGreater(len(outcome.accepted), FEW // 10)

    def test_bombs_do_not_go_off(self) -> None:
        self.outcome_of(list(hostile.bombs()))

    def test_what_is_no_photograph_is_refused_whatever_it_is_called(self) -> None:
        files = list(hostile.disguised())
        outcome = self.outcome_of(files)
        self.assertEqual([1, len(files) - 1], [len(outcome.accepted), sum(outcome.refused.values())])

    def test_a_photograph_that_is_a_web_page_too_goes_out_as_a_photograph_alone(self) -> None:
        both = list(hostile.disguised())[-1]
        self.send(self.client, both, Outcome())
        photo = Photo.objects.get()
        answer = self.client.get(reverse("photo_file", args=[photo.pk, "original"]))
        self.assertEqual("image/jpeg", answer["Content-Type"])
        self.assertEqual("nosniff", answer["X-Content-Type-Options"])
        self.assertIn("script-src 'self'", answer["Content-Security-Policy"])

    def test_names_that_lead_elsewhere_or_deceive_are_cleaned(self) -> None:
        self.outcome_of(list(hostile.named_badly()))
        page = self.client.get(reverse("gallery")).content.decode()
        self.assertNotIn("<script>alert", page)

    def test_names_in_the_headers_of_resumable_uploads_are_cleaned_alike(self) -> None:
        for name in hostile.NAMES:
            encoded = base64.b64encode(name.encode()).decode()
            with self.subTest(name):
                upload = tus.create(self.owner, length="9", metadata=f"filename {encoded}")
                self.addCleanup(tus.remove, upload)
                self.assert_clean_name(upload.file_name, hostile.Hostile(name, name, b""))

    def test_names_from_elsewhere_name_no_header_of_a_download(self) -> None:
        for file in hostile.named_badly():
            self.send(self.client, file, Outcome())
        for photo in Photo.objects.all():
            answer = self.client.get(reverse("photo_file", args=[photo.pk, "original"]), {"download": "1"})
            self.assertRegex(answer["Content-Disposition"], r"^attachment; filename\*?=[ -~]+$")
            self.assertNotIn("Set-Cookie", answer.headers)
