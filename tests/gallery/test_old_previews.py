"""Previews from before comments were left out of them: cleaned once, with the same pixels."""

import io

from django.core.files.storage import default_storage
from django.core.management import call_command
from PIL import Image

from gallery import files, services
from gallery.models import Photo
from tests import pictures
from tests.base import GalleryTestCase, read_stored

SECRET = b"mark 1"  # the comment of every file that make_photo(mark=1) stores


class OldPreviewTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_photo(self.owner, mark=1)

    def store_again(self, key: str, content: bytes) -> None:
        default_storage.delete(key)
        files.store(key, content)

    def clean(self) -> str:
        told = io.StringIO()
        with self.captureOnCommitCallbacks(execute=True):
            call_command("clean_previews", stdout=told)
        return told.getvalue()

    def test_comments_go_and_pixels_stay(self) -> None:
        before = read_stored(self.photo.preview_key)
        self.assertIn(SECRET, before)
        self.clean()
        photo = Photo.objects.get(pk=self.photo.pk)
        for key in (photo.preview_key, photo.thumb_key):
            self.assertNotIn(SECRET, read_stored(key))
            self.assertEqual(*(Image.open(io.BytesIO(data)).tobytes() for data in (read_stored(key), before)))
        self.assertIn(SECRET, read_stored(photo.original_key))
        self.assertEqual(self.stored_files(), set(photo.file_keys))

    def test_those_without_comments_stay_where_they_are(self) -> None:
        clean = self.make_photo(self.owner)
        for key in (clean.preview_key, clean.thumb_key):
            self.store_again(key, pictures.encoded(pictures.grey((64, 48))))
        self.assertEqual(self.clean().split()[0], "1")
        stored = self.stored_files()
        self.assertEqual(self.clean().split()[0], "0")
        self.assertEqual(self.stored_files(), stored)
        self.assertLessEqual(set(clean.file_keys), stored)

    def test_a_file_that_is_missing_or_damaged_keeps_no_others(self) -> None:
        default_storage.delete(self.make_photo(self.owner, mark=2).thumb_key)
        damaged = self.make_photo(self.owner, mark=3)
        self.store_again(damaged.preview_key, read_stored(damaged.preview_key)[:30])
        with self.assertLogs("gallery.services.old_previews", "WARNING") as logged:
            self.assertEqual(services.clean_previews(), 1)
        self.assertEqual(len(logged.records), 2)
