"""Uploads in pieces: the tus protocol as a client meets it, and what it refuses."""

import base64
import os
import time
from datetime import timedelta
from unittest.mock import patch

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import override_settings
from django.urls import reverse

from gallery import images, services, tus, upkeep
from gallery.models import PartialUpload, Photo
from tests import pictures
from tests.base import GalleryTestCase, as_upload, read_stored

VERSION = {"Tus-Resumable": "1.0.0"}


class ResumableTestCase(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        overridden = override_settings(PHOTOLAB_PARTIAL=self.media.parent / "partial")
        overridden.enable()
        self.addCleanup(overridden.disable)
        self.client.force_login(self.owner)

    def create(self, length: object, name: str = "Großmutter 1931.jpg", **headers: str) -> HttpResponse:
        metadata = f"filename {base64.b64encode(name.encode()).decode()},filetype aW1hZ2UvanBlZw=="
        told = {**VERSION, "Upload-Length": str(length), "Upload-Metadata": metadata, **headers}
        return self.client.post(reverse("resumable_uploads"), headers=told)

    def patch(self, address: str, offset: object, content: bytes, **headers: str) -> HttpResponse:
        told = {**VERSION, "Upload-Offset": str(offset), **headers}
        return self.client.patch(address, content, content_type="application/offset+octet-stream", headers=told)

    def begun(self, content: bytes, *, arrived: int = 0) -> str:
        """The address of an upload of which the first bytes are here."""
        address = self.create(len(content))["Location"]
        if arrived:
            self.assertEqual(self.patch(address, 0, content[:arrived]).status_code, 204)
        return address


class ProtocolTests(ResumableTestCase):
    def test_a_file_in_pieces_becomes_a_photo_byte_for_byte(self) -> None:
        content = pictures.jpeg()
        created = self.create(len(content))
        self.assertEqual((created.status_code, created["Upload-Offset"]), (201, "0"))
        address = created["Location"]
        first = self.patch(address, 0, content[:7000])
        self.assertEqual((first.status_code, first["Upload-Offset"], first["Tus-Resumable"]), (204, "7000", "1.0.0"))
        at = self.client.head(address, headers=VERSION)
        told = at["Upload-Offset"], at["Upload-Length"], at["Cache-Control"]
        self.assertEqual((at.status_code, *told), (200, "7000", str(len(content)), "no-store"))
        self.assertEqual(self.patch(address, 7000, content[7000:]).status_code, 204)
        answer = self.client.post(f"{address}finish/", HTTP_ACCEPT="application/json").json()
        photo = Photo.objects.get()
        self.assertEqual([entry["id"] for entry in answer["accepted"]], [photo.pk])
        self.assertEqual((photo.owner, photo.file_name), (self.owner, "Großmutter 1931.jpg"))
        self.assertEqual(read_stored(photo.original_key), content)
        self.assertEqual((PartialUpload.objects.count(), list(settings.PHOTOLAB_PARTIAL.iterdir())), (0, []))

    def test_options_tell_what_is_spoken(self) -> None:
        told = self.client.options(reverse("resumable_uploads"))
        self.assertEqual(told.status_code, 204)
        self.assertEqual((told["Tus-Version"], told["Tus-Extension"]), ("1.0.0", "creation,termination,expiration"))
        self.assertEqual(told["Tus-Max-Size"], str(settings.PHOTOLAB_MAX_UPLOAD_MB * 1024 * 1024))

    def test_another_offset_than_that_of_the_file_changes_nothing(self) -> None:
        content = pictures.jpeg()
        address = self.begun(content, arrived=500)
        for offset in (0, 501, "", "x"):
            with self.subTest(offset):
                self.assertEqual(self.patch(address, offset, content[:100]).status_code, 409)
        self.assertEqual(PartialUpload.objects.get().offset, 500)

    def test_bytes_that_a_broken_request_left_behind_do_not_count(self) -> None:
        content = pictures.jpeg()
        address = self.begun(content, arrived=500)
        with PartialUpload.objects.get().path.open("ab") as file:
            file.write(b"left behind")
        self.assertEqual(self.client.head(address, headers=VERSION)["Upload-Offset"], "500")
        self.patch(address, 500, content[500:])
        self.client.post(f"{address}finish/", HTTP_ACCEPT="application/json")
        self.assertEqual(read_stored(Photo.objects.get().original_key), content)

    def test_more_than_was_announced_is_refused(self) -> None:
        address = self.begun(b"x" * 100)
        self.assertEqual(self.patch(address, 0, b"x" * 101).status_code, 413)
        self.assertEqual(PartialUpload.objects.get().offset, 0)

    def test_unfit_requests_are_refused(self) -> None:
        self.assertEqual(self.create(100, **{"Tus-Resumable": "0.2.0"}).status_code, 412)
        for length in ("", "-1", "x", 0):
            self.assertEqual(self.create(length).status_code, 400, length)
        address = self.begun(b"x" * 100)
        wrong = self.client.patch(address, b"x", content_type="text/plain", headers={**VERSION, "Upload-Offset": "0"})
        self.assertEqual(wrong.status_code, 415)
        self.assertEqual(self.client.post(f"{address}finish/").status_code, 409)
        self.assertEqual(Photo.objects.count(), 0)

    @override_settings(PHOTOLAB_MAX_UPLOAD_MB=1)
    def test_too_much_is_refused_before_it_is_sent(self) -> None:
        largest = 1024 * 1024
        self.assertEqual(self.create(largest + 1).status_code, 413)
        answers = [self.create(largest).status_code for _ in range(tus.MOST_LARGEST_FILES + 1)]
        self.assertEqual(answers, [201] * tus.MOST_LARGEST_FILES + [413])
        self.client.force_login(self.friend)
        self.assertEqual(self.create(largest).status_code, 201)

    def test_an_upload_can_be_given_up(self) -> None:
        address = self.begun(b"x" * 100, arrived=50)
        self.assertEqual(self.client.delete(address, headers=VERSION).status_code, 204)
        self.assertEqual(self.client.head(address, headers=VERSION).status_code, 404)
        self.assertEqual(list(settings.PHOTOLAB_PARTIAL.iterdir()), [])

    def test_what_is_no_photograph_is_refused_at_the_end_and_goes(self) -> None:
        address = self.begun(b"dear diary" * 10, arrived=100)
        answer = self.client.post(f"{address}finish/", HTTP_ACCEPT="application/json").json()
        self.assertEqual([entry["name"] for entry in answer["refused"]], ["Großmutter 1931.jpg"])
        self.assertEqual((PartialUpload.objects.count(), self.stored_files()), (0, set()))


class OwnerTests(ResumableTestCase):
    def test_nobody_else_sees_adds_to_ends_or_finishes_an_upload(self) -> None:
        address = self.begun(b"x" * 100, arrived=50)
        self.client.force_login(self.stranger)
        answers = [
            self.client.head(address, headers=VERSION),
            self.patch(address, 50, b"y" * 50),
            self.client.delete(address, headers=VERSION),
            self.client.post(f"{address}finish/"),
        ]
        self.assertEqual([answer.status_code for answer in answers], [404] * 4)
        self.assertEqual(PartialUpload.objects.get().offset, 50)


class LeftTests(ResumableTestCase):
    """The page was closed after the last byte, before it said that the file is whole."""

    def left(self, content: bytes, *, minutes: int = 3) -> None:
        self.begun(content, arrived=len(content))
        PartialUpload.objects.update(changed_at=Now() - timedelta(minutes=minutes))

    def test_a_whole_file_becomes_a_photo_once(self) -> None:
        content = pictures.jpeg()
        self.left(content)
        self.assertEqual((upkeep.finish_uploads(), upkeep.finish_uploads()), (1, 0))
        photo = Photo.objects.get()
        self.assertEqual((photo.owner, photo.file_name), (self.owner, "Großmutter 1931.jpg"))
        self.assertEqual((photo.latest_job.status, read_stored(photo.original_key)), ("queued", content))
        self.assertEqual((PartialUpload.objects.count(), list(settings.PHOTOLAB_PARTIAL.iterdir())), (0, []))

    def test_one_that_the_page_may_still_finish_and_one_that_is_not_whole_are_left_alone(self) -> None:
        self.left(pictures.jpeg(), minutes=1)
        self.begun(b"x" * 100, arrived=50)
        self.assertEqual((upkeep.finish_uploads(), Photo.objects.count(), PartialUpload.objects.count()), (0, 0, 2))

    def test_of_one_that_is_here_already_there_is_still_one(self) -> None:
        content = pictures.jpeg()
        services.upload_photo(self.owner, as_upload(content))
        self.left(content)
        self.assertEqual((upkeep.finish_uploads(), Photo.objects.count(), PartialUpload.objects.count()), (0, 1, 0))

    def test_what_is_no_photograph_goes_and_keeps_no_other_back(self) -> None:
        self.begun(b"dear diary" * 10, arrived=100)
        self.left(pictures.jpeg())
        self.assertEqual((upkeep.finish_uploads(), PartialUpload.objects.count()), (1, 0))

    def test_while_the_site_is_busy_it_waits(self) -> None:
        self.left(pictures.jpeg())
        with images.CHILDREN, images.CHILDREN, patch.object(images, "PATIENCE_S", 0.05):
            self.assertEqual(upkeep.finish_uploads(), 0)
        self.assertEqual(upkeep.finish_uploads(), 1)

    def test_while_the_disk_is_full_it_waits_and_outlives_the_day(self) -> None:
        content = pictures.jpeg()
        self.left(content, minutes=23 * 60 + 59)
        full = {"BACKEND": "tests.gallery.full_disk.FullDisk", "OPTIONS": {"location": self.media}}
        with (
            override_settings(STORAGES={**settings.STORAGES, "default": full}),
            self.assertLogs("gallery.tus", "ERROR"),
        ):
            self.assertEqual(upkeep.finish_uploads(), 0)
        PartialUpload.objects.update(changed_at=F("changed_at") - timedelta(minutes=3))
        self.assertEqual((tus.remove_expired(), upkeep.finish_uploads()), (0, 1))
        self.assertEqual(read_stored(Photo.objects.get().original_key), content)

    def test_while_the_day_is_full_it_waits_and_outlives_the_day(self) -> None:
        content = pictures.jpeg()
        self.left(content, minutes=23 * 60 + 59)
        photo = self.make_photo(self.owner, mark=2)
        with override_settings(PHOTOLAB_PHOTOS_PER_DAY=1):
            self.assertEqual(upkeep.finish_uploads(), 0)
            PartialUpload.objects.update(changed_at=F("changed_at") - timedelta(minutes=3))
            self.assertEqual((tus.remove_expired(), upkeep.finish_uploads()), (0, 0))
            PartialUpload.objects.update(changed_at=F("changed_at") - timedelta(minutes=3))
            Photo.objects.filter(pk=photo.pk).update(uploaded_at=Now() - timedelta(hours=25))
            self.assertEqual(upkeep.finish_uploads(), 1)
        self.assertEqual(read_stored(Photo.objects.latest("pk").original_key), content)

    def test_what_the_whole_storage_has_no_room_for_goes(self) -> None:
        self.left(pictures.jpeg())
        self.make_photo(self.owner, byte_size=1 << 20)
        with override_settings(PHOTOLAB_STORAGE_QUOTA_MB=1):
            self.assertEqual((upkeep.finish_uploads(), PartialUpload.objects.count()), (0, 0))

    def test_one_whose_file_is_gone_keeps_no_other_back(self) -> None:
        self.left(pictures.jpeg())
        PartialUpload.objects.get().path.unlink()
        self.left(pictures.jpeg(mark=2))
        self.assertEqual(upkeep.finish_uploads(), 1)


class ExpiryTests(ResumableTestCase):
    def test_what_nobody_added_to_for_a_day_goes(self) -> None:
        self.begun(b"x" * 100, arrived=50)
        kept = self.begun(b"y" * 100, arrived=50)
        old = PartialUpload.objects.order_by("created_at").first()
        PartialUpload.objects.filter(pk=old.pk).update(changed_at=Now() - timedelta(hours=24, minutes=1))
        orphan = settings.PHOTOLAB_PARTIAL / "of a deleted account"
        orphan.touch()
        os.utime(orphan, (time.time() - 100_000,) * 2)
        self.assertEqual(upkeep.run_pass().partial_uploads_removed, 1)
        left = [path.name for path in settings.PHOTOLAB_PARTIAL.iterdir()]
        self.assertEqual(len(left), 1)
        self.assertIn(left[0], kept)

    def test_a_file_that_vanishes_while_it_is_looked_at_ends_nothing(self) -> None:
        self.begun(b"x" * 100, arrived=50)
        (settings.PHOTOLAB_PARTIAL / "vanished").symlink_to("nowhere")  # found by its name, and not there
        self.assertEqual(tus.remove_expired(), 0)

    def test_an_account_takes_its_uploads_along(self) -> None:
        self.begun(b"x" * 100, arrived=50)
        self.client.force_login(self.friend)
        kept = self.begun(b"y" * 100, arrived=50)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_account(self.owner)
        (left,) = settings.PHOTOLAB_PARTIAL.iterdir()
        self.assertIn(left.name, kept)
