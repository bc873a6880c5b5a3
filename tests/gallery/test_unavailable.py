"""While database or storage are away: 503 and when to come again, never an error page; and what is swept later."""

import errno
import logging
from datetime import timedelta
from unittest import mock

from botocore.exceptions import EndpointConnectionError
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client, SimpleTestCase, override_settings
from django.urls import reverse

from gallery import files, logs, services
from gallery.models import Photo, Worker
from gallery.services.strays import StraySweep
from tests import pictures
from tests.base import GalleryTestCase, as_upload


class OutageTests(SimpleTestCase):
    def test_what_may_go_away_by_itself_is_told_from_what_will_not(self) -> None:
        self.assertTrue(files.is_outage(OSError(errno.ENOSPC, "No space left on device")))
        self.assertTrue(files.is_outage(ConnectionRefusedError(errno.ECONNREFUSED, "refused")))
        self.assertFalse(files.is_outage(FileNotFoundError(errno.ENOENT, "gone")))
        self.assertFalse(files.is_outage(OSError("image file is truncated")))
        self.assertFalse(files.is_outage(ValueError("no storage's")))

    @override_settings(STORAGES={"default": {"BACKEND": "storages.backends.s3.S3Storage"}})
    def test_a_bucket_that_does_not_answer_is_away(self) -> None:
        self.assertTrue(files.is_outage(EndpointConnectionError(endpoint_url="http://nowhere")))


class UnavailableTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def refuse(self, _execute: object, _sql: str, *_: object) -> None:
        raise OperationalError("the connection is closed")

    def test_a_page_says_in_plain_words_that_it_is_not_at_this_moment(self) -> None:
        with connection.execute_wrapper(self.refuse), self.assertLogs("gallery.unavailable", "ERROR"):
            answer = self.client.get("/photos/")
        self.assertContains(answer, "Your photographs are safe", status_code=503)
        self.assertEqual("10", answer["Retry-After"])

    def test_the_api_says_it_in_a_sentence(self) -> None:
        with connection.execute_wrapper(self.refuse), self.assertLogs("gallery.unavailable", "ERROR"):
            answer = self.client.get("/api/v1/photos", headers={"Authorization": "Bearer photolab_x"})
        self.assertEqual((503, "10"), (answer.status_code, answer["Retry-After"]))
        self.assertIn("Try again", answer.json()["error"])

    def test_the_log_names_no_secret_link(self) -> None:
        share = services.create_share(self.make_colored(self.owner), services.ShareTerms(allow_download=False))
        refused = connection.execute_wrapper(self.refuse)
        with refused, self.assertLogs("gallery.unavailable", "ERROR") as written:
            answer = Client().get(reverse("shared", args=[share.token]))
        self.assertEqual(answer.status_code, 503)
        (record,) = written.records
        logs.About().filter(record)
        self.assertRegex(record.getMessage(), r"<.*token>\S* cannot be answered now")
        self.assertNotIn(share.token, logging.Formatter().format(record))

    def test_an_upload_that_cannot_be_kept_leaves_nothing_and_is_not_at_fault(self) -> None:
        full = {"BACKEND": "tests.gallery.full_disk.FullDisk", "OPTIONS": {"location": self.media}}
        full_disk = override_settings(STORAGES={**settings.STORAGES, "default": full})
        with full_disk, self.assertLogs("gallery.services.photos", "ERROR"):
            answer = self.client.post("/photos/upload/", {"file": as_upload(pictures.jpeg())}, follow=True)
        self.assertContains(answer, "Nothing is wrong with yours", status_code=answer.status_code)
        self.assertEqual((0, set()), (Photo.objects.count(), self.stored_files()))


class SweepTests(GalleryTestCase):
    def test_what_was_seen_without_a_row_for_long_goes(self) -> None:
        photo = self.make_colored(self.owner)
        kept = self.stored_files()
        strays = {"photos/killed/original.jpg", "results/99/1/x/image.jpg"}
        for key in (*strays, "models/next/weights.safetensors"):
            files.store(key, b"content")
        sweep = StraySweep(patience_s=60)
        with mock.patch("gallery.services.strays.time.monotonic", return_value=1000.0):
            self.assertEqual(0, sweep.remove_stray_files())
        with mock.patch("gallery.services.strays.time.monotonic", return_value=1061.0):
            self.assertEqual(2, sweep.remove_stray_files())
        self.assertEqual(kept | {"models/next/weights.safetensors"}, self.stored_files())
        self.assertTrue(default_storage.exists(photo.original_key))

    def test_what_gets_its_row_in_time_stays(self) -> None:
        sweep = StraySweep(patience_s=60)
        files.store("photos/coming/original.jpg", b"content")
        with mock.patch("gallery.services.strays.time.monotonic", return_value=1000.0):
            sweep.remove_stray_files()
        photo = self.make_photo(self.owner)
        Photo.objects.filter(pk=photo.pk).update(original_key="photos/coming/original.jpg")
        with mock.patch("gallery.services.strays.time.monotonic", return_value=1061.0):
            sweep.remove_stray_files()
        self.assertTrue(default_storage.exists("photos/coming/original.jpg"))


class ClockTests(GalleryTestCase):
    def test_a_beat_from_the_future_keeps_no_dead_worker_alive(self) -> None:
        worker = self.make_worker()
        Worker.objects.update(beat_at=Now() + timedelta(hours=1))
        self.assertFalse(Worker.objects.live().exists())
        services.beat(worker.pk, services.WorkerState())
        self.assertTrue(Worker.objects.live().exists())
