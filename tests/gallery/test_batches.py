"""What is uploaded together: when it is done, who is told, and duplicates that are named before they are sent."""

import hashlib
from datetime import timedelta

from django.db.models.functions import Now
from django.http import HttpResponse
from django.urls import reverse

from gallery import services, upkeep
from gallery.models import PartialUpload, Photo, UploadBatch, WebhookDelivery
from gallery.services.batches import BETWEEN_FILES, SILENT_FOR
from tests import pictures
from tests.base import GalleryTestCase, as_upload

ASKS_JSON = {"HTTP_ACCEPT": "application/json"}


class BatchTestCase(GalleryTestCase):
    def upload(self, *marks: int) -> list[Photo]:
        return [services.upload_photo(self.owner, as_upload(pictures.jpeg(mark=mark))).photo for mark in marks]

    def color(self, *photos: Photo) -> None:
        for photo in photos:
            claim = self.claimed(photo)
            services.finish(claim, self.stored_output(claim))

    def all_sent(self) -> None:
        """The page says so, some seconds after the latest photo."""
        UploadBatch.objects.filter(done_at=None).update(added_at=Now() - BETWEEN_FILES - timedelta(seconds=1))
        services.say_all_sent(self.owner)


class BatchTests(BatchTestCase):
    def test_photos_uploaded_together_are_one_batch_that_is_done_with_the_last(self) -> None:
        photos = self.upload(1, 2, 3)
        batch = UploadBatch.objects.get()
        self.all_sent()
        self.color(*photos[:2])
        self.assertEqual(upkeep.run_pass().batches_done, 0)
        services.fail(self.claimed(photos[2]), "There was not enough memory.")
        before = photos[2].jobs.get().changed_at
        self.assertEqual(upkeep.run_pass().batches_done, 1)
        batch.refresh_from_db()
        self.assertEqual((batch.colored, batch.not_colored), (2, 1))
        self.assertGreater(photos[2].jobs.get().changed_at, before, "open pages hear of it")
        self.assertEqual(upkeep.run_pass().batches_done, 0)

    def test_a_batch_waits_for_more_until_the_page_says_so_or_for_a_minute(self) -> None:
        self.color(*self.upload(1))
        self.assertEqual(services.close_batches(), 0)
        UploadBatch.objects.update(added_at=Now() - SILENT_FOR - timedelta(seconds=1))
        arriving = PartialUpload.objects.create(owner=self.owner, file_name="large.tif", byte_size=9)
        self.assertEqual(services.close_batches(), 0)
        PartialUpload.objects.filter(pk=arriving.pk).update(changed_at=Now() - 2 * SILENT_FOR)
        self.assertEqual(services.close_batches(), 1)

    def test_what_comes_after_the_end_is_another_batch(self) -> None:
        self.color(*self.upload(1))
        self.all_sent()
        self.assertEqual(services.close_batches(), 1)
        self.upload(2)
        self.assertEqual(UploadBatch.objects.count(), 2)

    def test_one_more_photo_takes_back_that_all_is_sent(self) -> None:
        self.color(*self.upload(1))
        self.all_sent()
        self.color(*self.upload(2))
        self.assertEqual(services.close_batches(), 0)

    def test_a_batch_whose_photos_are_deleted_goes(self) -> None:
        photos = self.upload(1)
        self.all_sent()
        services.delete_photos([photo.pk for photo in photos])
        services.close_batches()
        self.assertFalse(UploadBatch.objects.exists())

    def test_what_one_page_says_does_not_end_what_another_device_still_sends(self) -> None:
        self.color(*self.upload(1))
        services.say_all_sent(self.owner)
        self.assertEqual(services.close_batches(), 0, "the latest photo has just come")
        self.all_sent()
        arriving = PartialUpload.objects.create(owner=self.owner, file_name="large.tif", byte_size=9)
        self.assertEqual(services.close_batches(), 0, "a large one is on its way")
        arriving.delete()
        self.assertEqual(services.close_batches(), 1)

    def test_what_is_in_the_trash_does_not_count(self) -> None:
        services.set_webhook(self.owner, "https://hooks.example.org/x")
        kept, waiting, colored = self.upload(1, 2, 3)
        self.color(kept, colored)
        services.trash_photos([waiting.pk, colored.pk])
        self.all_sent()
        services.close_batches()
        batch = UploadBatch.objects.get()
        self.assertEqual((batch.colored, batch.not_colored), (1, 0))
        done = WebhookDelivery.objects.get(event="batch.done").payload["data"]
        self.assertEqual(done["photo_ids"], [kept.pk])


class NoticeTests(BatchTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def done(self, *marks: int) -> UploadBatch:
        self.color(*self.upload(*marks))
        self.all_sent()
        services.close_batches()
        return UploadBatch.objects.latest("id")

    def test_a_bar_stays_on_every_page_until_it_is_dismissed(self) -> None:
        batch = self.done(1, 2)
        for name in ("gallery", "account", "batch_notices"):
            self.assertContains(self.client.get(reverse(name)), "Done: 2 photographs are in color.")
        self.client.post(reverse("batch_dismiss", args=[batch.pk]))
        self.assertNotContains(self.client.get(reverse("batch_notices")), "Done")

    def test_a_single_photo_speaks_for_itself(self) -> None:
        self.done(1)
        self.assertNotContains(self.client.get(reverse("batch_notices")), "Done")

    def test_a_stranger_neither_sees_nor_dismisses_it(self) -> None:
        batch = self.done(1, 2)
        self.client.force_login(self.stranger)
        self.assertNotContains(self.client.get(reverse("batch_notices")), "Done")
        self.assertEqual(self.client.post(reverse("batch_dismiss", args=[batch.pk])).status_code, 404)
        self.assertIsNone(UploadBatch.objects.get().dismissed_at)

    def test_the_page_says_that_all_is_sent(self) -> None:
        self.upload(1)
        self.assertEqual(self.client.post(reverse("uploads_sent")).status_code, 204)
        self.assertIsNotNone(UploadBatch.objects.get().all_sent_at)


class KnownTests(BatchTestCase):
    def ask(self, body: object) -> HttpResponse:
        return self.client.post(reverse("uploads_known"), body, content_type="application/json", **ASKS_JSON)

    def test_duplicates_are_named_in_one_answer_and_only_ones_own(self) -> None:
        content = pictures.jpeg(mark=1)
        mine = services.upload_photo(self.owner, as_upload(content, "aunt.jpg")).photo
        services.upload_photo(self.friend, as_upload(pictures.jpeg(mark=2)))
        self.client.force_login(self.owner)
        digests = [hashlib.sha256(data).hexdigest() for data in (content, pictures.jpeg(mark=2))]
        asked = {"files": [{"name": "copy.jpg", "digest": digest} for digest in digests]}
        message = "copy.jpg is in your gallery already, as aunt.jpg."
        url = reverse("photo", args=[mine.pk])
        told = {"id": mine.pk, "name": "copy.jpg", "url": url, "message": message}
        self.assertEqual(self.ask(asked).json(), {"known": {digests[0]: told}})

    def test_questions_that_make_no_sense_are_refused(self) -> None:
        self.client.force_login(self.owner)
        nested = "[" * 100_000
        short = {"name": "x", "digest": "short"}
        for body in ("no json", nested, [], {"files": [{}]}, {"files": [short]}, {"files": 7}):
            with self.subTest(str(body)[:20]):
                self.assertEqual(self.ask(body).status_code, 422)
