"""The trash: gone from everywhere, back as it was, and gone for good after thirty days."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.db.models.functions import Now
from django.urls import reverse

from gallery import services, upkeep
from gallery.models import CollectedImage, JobState, Photo, Removal
from gallery.views import pages
from tests import pictures
from tests.base import GalleryTestCase, as_upload


class TrashTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner, mark=1)
        self.client.force_login(self.owner)

    def test_a_deleted_photo_is_in_the_trash_and_nowhere_else(self) -> None:
        answer = self.client.post(reverse("photo_delete", args=[self.photo.pk]), follow=True)
        self.assertContains(answer, "photo-1 moved to the trash")
        self.assertEqual(answer.context["photos"], [])
        job = self.photo.latest_job
        for name, args in (
            ("photo", [self.photo.pk]),
            ("photo_file", [self.photo.pk, "original"]),
            ("result_file", [job.pk, "image"]),
        ):
            self.assertEqual(self.client.get(reverse(name, args=args)).status_code, 404, name)
        self.assertEqual(list(self.client.get(reverse("trash")).context["photos"]), [self.photo])
        self.assertEqual(self.client.get(reverse("trashed_thumb", args=[self.photo.pk])).status_code, 200)
        self.assertEqual(Removal.objects.get().photo_id, self.photo.pk)
        self.assertTrue(self.stored_files() >= set(self.photo.file_keys))

    def test_pictures_that_are_gone_do_not_take_what_is_to_be_told(self) -> None:
        """The gallery still asks for its thumbnails while the photograph goes: nobody sees the pages they answer."""
        self.client.post(reverse("photo_delete", args=[self.photo.pk]))
        gone = self.client.get(reverse("photo_file", args=[self.photo.pk, "thumb"]))
        self.assertNotContains(gone, "moved to the trash", status_code=404)
        self.assertContains(self.client.get(reverse("gallery")), "photo-1 moved to the trash")

    def test_it_comes_back_with_its_colors(self) -> None:
        services.trash_photos([self.photo.pk])
        self.client.post(reverse("trash"), {"do": "restore", "photo": self.photo.pk})
        self.assertContains(self.client.get(reverse("photo", args=[self.photo.pk])), "Download in color")
        self.assertEqual(self.photo.jobs.count(), 1)
        self.assertEqual(services.restore_photos([self.photo.pk]), 0)

    def test_what_waited_is_canceled_and_waits_again_when_it_comes_back(self) -> None:
        waiting = self.make_photo(self.owner, mark=2)
        self.assertEqual(services.trash_photos([waiting.pk, waiting.pk]), 1)
        self.assertEqual(waiting.jobs.get().status, JobState.CANCELLED)
        services.restore_photos([waiting.pk])
        self.assertEqual([job.status for job in waiting.jobs.order_by("pk")], [JobState.CANCELLED, JobState.QUEUED])

    def test_the_same_bytes_uploaded_again_bring_it_back_and_it_is_said(self) -> None:
        content = pictures.jpeg(mark=7)
        photo = services.upload_photo(self.owner, as_upload(content)).photo
        services.trash_photos([photo.pk])
        answer = self.client.post(reverse("upload"), {"file": as_upload(content, "again.jpg")}, follow=True)
        self.assertContains(answer, "again.jpg was in the trash, and is in your gallery again.")
        self.assertIsNone(Photo.objects.get(pk=photo.pk).trashed_at)

    def test_deleting_for_good_takes_the_files(self) -> None:
        kept = self.make_photo(self.owner, mark=2)
        services.trash_photos([self.photo.pk])
        with self.captureOnCommitCallbacks(execute=True):
            self.client.post(reverse("trash"), {"do": "delete", "photo": [self.photo.pk, kept.pk]})
        self.assertEqual(list(Photo.objects.all()), [kept])
        self.assertEqual(self.stored_files(), set(kept.file_keys))

    def test_emptying_takes_ones_own_alone(self) -> None:
        others = self.make_photo(self.friend, mark=3)
        kept = self.make_photo(self.owner, mark=2)
        services.trash_photos([self.photo.pk, others.pk])
        self.client.post(reverse("trash"), {"do": "empty"})
        self.assertEqual(set(Photo.objects.all()), {kept, others})

    def test_nobody_restores_what_is_not_theirs(self) -> None:
        services.trash_photos([self.photo.pk])
        self.client.force_login(self.stranger)
        self.client.post(reverse("trash"), {"do": "restore", "photo": self.photo.pk})
        self.assertIsNotNone(Photo.objects.get().trashed_at)
        self.assertEqual(self.client.get(reverse("trashed_thumb", args=[self.photo.pk])).status_code, 404)

    def test_it_goes_on_page_by_page_and_restores_from_each(self) -> None:
        self.addCleanup(setattr, pages, "PAGE_SIZE", pages.PAGE_SIZE)
        pages.PAGE_SIZE = 2
        others = [self.make_photo(self.owner, mark=mark) for mark in (2, 3, 4)]
        services.trash_photos([photo.pk for photo in others])  # at one moment
        services.trash_photos([self.photo.pk])
        first = self.client.get(reverse("trash"))
        self.assertEqual(first.context["photos"], [self.photo, others[2]])
        self.assertContains(first, "Older photographs")
        address = f"{reverse('trash')}?before={first.context['next_cursor']}"
        second = self.client.get(address)
        self.assertEqual((second.context["photos"], second.context["next_cursor"]), ([others[1], others[0]], None))
        self.client.post(address, {"do": "restore", "photo": others[0].pk})
        self.assertIsNone(Photo.objects.get(pk=others[0].pk).trashed_at)
        services.restore_photos([others[2].pk])
        self.assertEqual(self.client.get(address).context["photos"], [self.photo, others[1]])

    def test_upkeep_deletes_what_is_there_for_thirty_days(self) -> None:
        fresh = self.make_photo(self.owner, mark=2)
        services.trash_photos([self.photo.pk, fresh.pk])
        for photo, days in ((self.photo, 30.1), (fresh, 29.9)):
            Photo.objects.filter(pk=photo.pk).update(trashed_at=Now() - timedelta(days=days))
        self.assertEqual(upkeep.run_pass().deleted_from_trash, 1)
        self.assertEqual(list(Photo.objects.all()), [fresh])

    def test_what_is_restored_between_the_look_into_the_trash_and_the_deletion_stays(self) -> None:
        really = services.delete_photos

        def delete(ids: list[int], **terms: Any) -> int:
            services.restore_photos(ids)
            if is_trashed_again:
                services.trash_photos(ids)
            return really(ids, **terms)

        address = reverse("trash")
        overdue = {"trashed_at": Now() - timedelta(days=31)}
        for act, is_trashed_again in (
            (lambda: self.client.post(address, {"do": "delete", "photo": self.photo.pk}), False),
            (lambda: self.client.post(address, {"do": "empty"}), False),
            (upkeep.run_pass, False),
            (upkeep.run_pass, True),
        ):
            Photo.objects.update(**overdue)
            with patch.object(services, "delete_photos", delete), self.captureOnCommitCallbacks(execute=True):
                act()
            self.assertEqual(Photo.objects.get().trashed_at is not None, is_trashed_again)
            self.assertTrue(self.stored_files() >= set(self.photo.file_keys))

    def test_an_account_takes_its_trash_along(self) -> None:
        services.trash_photos([self.photo.pk])
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_account(self.owner)
        self.assertEqual((Photo.objects.count(), self.stored_files()), (0, set()))


class TrainingTests(GalleryTestCase):
    def test_nothing_is_learned_from_the_trash_and_a_restored_photo_is_collected_again(self) -> None:
        upload = as_upload(pictures.encoded(pictures.color((320, 240))))
        photo = services.upload_photo(self.owner, upload).photo
        services.give_consent(self.owner)
        services.collect_waiting(at_most=5)
        copies = {name for name in self.stored_files() if name.startswith("collected/")}
        self.assertEqual((CollectedImage.objects.count(), len(copies)), (1, 2))
        with self.captureOnCommitCallbacks(execute=True):
            services.trash_photos([photo.pk])
        self.assertFalse(CollectedImage.objects.exists())
        self.assertFalse(copies & self.stored_files())
        self.assertEqual(services.collect_waiting(at_most=5), 0)
        services.restore_photos([photo.pk])
        services.collect_waiting(at_most=5)
        self.assertEqual(CollectedImage.objects.get().photo, photo)
