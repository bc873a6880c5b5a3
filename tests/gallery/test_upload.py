"""The way of a file from the browser into the gallery, and of the files that do not get there."""

import socket
import time

from django.conf import settings
from django.test import override_settings, tag
from django.urls import reverse

from gallery import images, queue, services
from gallery.models import Job, JobState, Photo
from gallery.services.photos import clean_file_name
from tests import pictures
from tests.base import GalleryTestCase, as_upload, read_stored

ASKS_JSON = {"HTTP_ACCEPT": "application/json"}


class UploadTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def send(self, *uploads: object, **headers: str) -> dict:
        response = self.client.post(reverse("upload"), {"file": list(uploads)}, **(headers or ASKS_JSON))
        self.assertEqual(response.status_code, 200)
        return response.json()

    def test_an_upload_makes_a_photo_a_job_and_three_files(self) -> None:
        content = pictures.jpeg()
        answer = self.send(as_upload(content, "Grandmother 1931.jpg"))
        photo = Photo.objects.get()
        self.assertEqual([entry["id"] for entry in answer["accepted"]], [photo.pk])
        self.assertIn(f'data-photo-id="{photo.pk}"', answer["accepted"][0]["card"])
        self.assertEqual((photo.owner, photo.file_name, photo.format), (self.owner, "Grandmother 1931.jpg", "JPEG"))
        self.assertEqual((photo.width, photo.height, photo.has_color), (640, 480, False))
        self.assertEqual(photo.jobs.get().status, JobState.QUEUED)
        self.assertEqual(self.stored_files(), set(photo.file_keys))
        self.assertEqual(read_stored(photo.original_key), content)

    def test_one_unusable_file_never_spoils_the_others(self) -> None:
        whole = pictures.jpeg(mark=1)
        answer = self.send(
            as_upload(whole, "first.jpg"),
            as_upload(whole[: len(whole) // 2], "cut.jpg"),
            as_upload(b"a letter", "letter.jpg"),
            as_upload(b"", "empty.jpg"),
            as_upload(pictures.pixel_bomb(), "bomb.png"),
            as_upload(pictures.jpeg(mark=2), "last.jpg"),
        )
        self.assertEqual(len(answer["accepted"]), 2)
        reasons = {entry["name"]: entry["reason"] for entry in answer["refused"]}
        self.assertEqual(set(reasons), {"cut.jpg", "letter.jpg", "empty.jpg", "bomb.png"})
        self.assertIn("cut off", reasons["cut.jpg"])
        self.assertEqual(set(Photo.objects.values_list("file_name", flat=True)), {"first.jpg", "last.jpg"})
        self.assertEqual(len(self.stored_files()), 6)

    def test_a_refused_file_leaves_no_row_and_no_stored_bytes(self) -> None:
        whole = pictures.jpeg()
        self.send(as_upload(whole[: len(whole) // 2]))
        self.assertFalse(Photo.objects.exists() or Job.objects.exists())
        self.assertFalse(self.media.exists())

    @override_settings(PHOTOLAB_MAX_UPLOAD_MB=1)
    def test_a_file_over_the_limit_is_refused_with_its_true_size_and_not_kept_whole(self) -> None:
        answer = self.send(as_upload(b"\xff\xd8\xff" + bytes(3 * 1024 * 1024), "huge.jpg"))
        self.assertEqual(answer["refused"][0]["reason"], "This file has 3 MB; at most 1 MB are accepted.")
        self.assertEqual(self.stored_files(), set())

    def test_the_same_bytes_twice_show_the_photo_that_is_there(self) -> None:
        content = pictures.jpeg()
        photo_id = self.send(as_upload(content, "first name.jpg"))["accepted"][0]["id"]
        again = self.send(as_upload(content, "second name.jpg"))
        self.assertEqual(again["accepted"], [])
        told = again["duplicates"][0]
        self.assertEqual((told["id"], told["url"]), (photo_id, reverse("photo", args=[photo_id])))
        self.assertEqual(told["message"], "second name.jpg is in your gallery already, as first name.jpg.")
        self.assertEqual(Photo.objects.count(), 1)
        self.assertEqual(len(self.stored_files()), 3)

    def test_two_people_may_have_the_same_photograph(self) -> None:
        content = pictures.jpeg()
        self.send(as_upload(content))
        self.client.force_login(self.friend)
        self.assertEqual(len(self.send(as_upload(content))["accepted"]), 1)
        self.assertEqual(Photo.objects.count(), 2)

    def test_without_javascript_the_gallery_tells_what_happened(self) -> None:
        uploads = [as_upload(pictures.jpeg(), "good.jpg"), as_upload(b"a letter", "bad.jpg")]
        page = self.client.post(reverse("upload"), {"file": uploads}, follow=True, HTTP_ACCEPT="text/html")
        self.assertRedirects(page, reverse("gallery"))
        told = [str(message) for message in page.context["messages"]]
        self.assertEqual(told[0], "1 photo uploaded.")
        self.assertTrue(told[1].startswith("bad.jpg: This is not a photograph"))

    def test_without_javascript_a_photo_that_is_there_is_shown(self) -> None:
        content = pictures.jpeg()
        there = reverse("photo", args=[self.send(as_upload(content, "<b>.jpg"))["accepted"][0]["id"]])
        page = self.client.post(
            reverse("upload"), {"file": as_upload(content, "<b>.jpg")}, follow=True, HTTP_ACCEPT="text/html"
        )
        self.assertRedirects(page, there)
        self.assertContains(page, "<span>&lt;b&gt;.jpg is in your gallery already.</span>", html=True)
        uploads = [as_upload(content, "<b>.jpg"), as_upload(pictures.jpeg(mark=1))]
        page = self.client.post(reverse("upload"), {"file": uploads}, follow=True, HTTP_ACCEPT="text/html")
        self.assertRedirects(page, reverse("gallery"))
        self.assertContains(
            page, f'<span>&lt;b&gt;.jpg is in your gallery already. <a href="{there}">Show it</a></span>', html=True
        )

    def test_a_form_sent_without_a_file_says_so(self) -> None:
        page = self.client.post(reverse("upload"), follow=True, HTTP_ACCEPT="text/html")
        self.assertEqual([str(message) for message in page.context["messages"]], ["No file was chosen."])

    def test_the_sample_photograph_is_one_click(self) -> None:
        self.assertRedirects(self.client.post(reverse("upload_sample")), reverse("gallery"))
        self.assertEqual(Photo.objects.get().owner, self.owner)

    def test_a_storage_that_fails_halfway_leaves_nothing(self) -> None:
        full = {"BACKEND": "tests.gallery.full_disk.FullDisk", "OPTIONS": {"location": self.media}}
        with override_settings(STORAGES={**settings.STORAGES, "default": full}), self.assertRaises(images.NotKept):
            services.upload_photo(self.owner, as_upload(pictures.jpeg()))
        self.assertEqual(self.stored_files(), set())
        self.assertFalse(Photo.objects.exists())


@tag("alone")
class BrokerDownTests(GalleryTestCase):
    def upload_s(self) -> float:
        """The best of three: the machine may be busy with other things."""
        return min(self.one_upload_s(mark) for mark in range(3))

    def one_upload_s(self, mark: int) -> float:
        started = time.monotonic()
        with self.captureOnCommitCallbacks(execute=True):
            services.upload_photo(self.owner, as_upload(pictures.jpeg(mark=mark)))
        return time.monotonic() - started

    def test_an_upload_succeeds_at_once_when_nobody_listens(self) -> None:
        self.assertLess(self.upload_s(), 1.0)
        job = Job.objects.latest("id")
        self.assertEqual(job.status, JobState.QUEUED)

    def test_an_upload_succeeds_soon_when_the_broker_accepts_and_never_answers(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            self.use_broker(f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
            self.assertLess(self.upload_s(), 1.0)
            self.assertFalse(queue.ring())


class FileNameTests(GalleryTestCase):
    def test_names_are_cleaned_and_never_trusted(self) -> None:
        cases = {
            "../../etc/passwd.jpg": "passwd.jpg",
            "C:\\photos\\aunt.png": "aunt.png",
            "line\nbreak\x00.jpg": "linebreak.jpg",
            "Großmutter été.tif": "Großmutter été.tif",
            "invoice\u202egpj.exe": "invoicegpj.exe",
            "": "photo",
            None: "photo",
        }
        for sent, shown in cases.items():
            with self.subTest(sent):
                self.assertEqual(clean_file_name(sent), shown)

    def test_a_very_long_name_keeps_its_ending(self) -> None:
        shown = clean_file_name("x" * 400 + ".jpeg")
        self.assertEqual((len(shown), shown[-5:]), (255, ".jpeg"))
