"""What an account may keep and upload: refused with numbers by every way in, shown on its page, set by staff."""

from datetime import timedelta
from threading import Thread

from django.db import connection
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from gallery import services
from gallery.images import ImageRefused
from gallery.models import AccountLimits, PartialUpload, Photo
from gallery.variants import SettingsRefused, VariantSettings
from tests import pictures
from tests.base import GalleryRaceTestCase, GalleryTestCase, as_upload

MB = 1024 * 1024
TAKEN = "This file has 0.1 MB, and 1.0 of your 1 MB are taken. Delete photographs, also from the trash, to make room."
DAY = "You may upload 1 photographs in 24 hours, and you have. The next may come in 24 h 0 min."


class Uploads(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)
        _, self.key = services.make_key(self.owner, "scanner", scopes=["upload"], valid_for=None)

    def by_page(self) -> dict[str, object]:
        file = {"file": as_upload(pictures.jpeg(mark=9))}
        return self.client.post(reverse("upload"), file, headers={"Accept": "application/json"}).json()

    def by_api(self) -> object:
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.client.post(reverse("api-photos"), {"file": as_upload(pictures.jpeg(mark=9))}, headers=headers)

    def by_tus(self, size: int = 9) -> object:
        headers = {"Upload-Length": str(size), "Tus-Resumable": "1.0.0"}
        return self.client.post(reverse("resumable_uploads"), headers=headers)

    def assert_refused_everywhere(self, reason: str, *, api_status: int) -> None:
        before = self.stored_files()
        self.assertEqual([one["reason"] for one in self.by_page()["refused"]], [reason])
        answer = self.by_api()
        self.assertEqual((answer.status_code, answer.json()["error"]), (api_status, reason))
        answer = self.by_tus(MB // 10)
        self.assertEqual((answer.status_code, answer.content.decode()), (413, reason))
        self.assertEqual((Photo.objects.count(), PartialUpload.objects.count()), (1, 0))
        self.assertEqual(self.stored_files(), before)


class StorageTests(Uploads):
    @override_settings(PHOTOLAB_STORAGE_QUOTA_MB=1)
    def test_what_is_full_is_said_in_numbers(self) -> None:
        photo = self.make_photo(self.owner, byte_size=MB)
        self.assert_refused_everywhere(TAKEN, api_status=422)
        self.client.cookies["django_language"] = "de"
        self.assertIn("Papierkorb", self.by_page()["refused"][0]["reason"])
        services.trash_photos([photo.pk])
        self.assertTrue(self.by_page()["refused"])
        services.delete_photos([photo.pk])
        self.assertTrue(self.by_page()["accepted"])

    @override_settings(PHOTOLAB_STORAGE_QUOTA_MB=1)
    def test_color_versions_and_files_on_their_way_count(self) -> None:
        photo = self.make_colored(self.owner)
        result = photo.shown_result
        type(result).objects.update(byte_size=MB - photo.byte_size - 10)
        self.assertEqual(self.by_tus(11).status_code, 413)
        self.assertEqual(self.by_tus(9).status_code, 201)
        self.assertEqual(self.by_tus(9).status_code, 413)

    @override_settings(PHOTOLAB_STORAGE_QUOTA_MB=1)
    def test_no_other_colors_are_ordered_when_all_is_full(self) -> None:
        photo = self.make_colored(self.owner)
        with self.assertRaisesMessage(SettingsRefused, "Your storage is full."):
            Photo.objects.update(byte_size=MB)
            services.order_variant(photo, VariantSettings(vividness=1.2))
        Photo.objects.update(byte_size=9)
        services.order_variant(photo, VariantSettings(vividness=1.2))

    @override_settings(PHOTOLAB_STORAGE_QUOTA_MB=1)
    def test_nothing_is_tried_again_when_all_is_full(self) -> None:
        photo = self.make_photo(self.owner, byte_size=MB)
        services.fail(self.claimed(photo), "no luck")
        retry = reverse("photo_retry", args=[photo.pk])
        self.assertContains(self.client.post(retry, follow=True), "Your storage is full.")
        self.assertEqual(photo.jobs.count(), 1)
        Photo.objects.update(byte_size=9)
        self.client.post(retry)
        self.assertEqual(photo.jobs.count(), 2)

    @override_settings(PHOTOLAB_STORAGE_QUOTA_MB=1)
    def test_the_same_file_again_is_shown_though_nothing_more_fits(self) -> None:
        self.by_page()
        Photo.objects.update(byte_size=MB)
        self.assertEqual(len(self.by_page()["duplicates"]), 1)

    @override_settings(PHOTOLAB_STORAGE_QUOTA_MB=1)
    def test_staff_set_another_for_one_account_in_the_admin(self) -> None:
        self.make_photo(self.owner, byte_size=MB)
        self.client.force_login(self.staff)
        data = {"owner": self.owner.pk, "storage_mb": "2", "photos_per_day": ""}
        self.assertEqual(self.client.post(reverse("admin:gallery_accountlimits_add"), data).status_code, 302)
        self.assertContains(self.client.get(reverse("admin:gallery_accountlimits_changelist")), "1.0")
        self.client.force_login(self.owner)
        self.assertTrue(self.by_page()["accepted"])
        AccountLimits.objects.update(storage_mb=0)
        self.assertEqual(self.by_tus(30 * MB).status_code, 201)
        self.assertEqual(services.quota_of(self.friend.pk), services.Quota(storage_mb=1, photos_per_day=0))

    def test_the_accounts_page_shows_what_is_taken(self) -> None:
        self.make_photo(self.owner, byte_size=MB)
        self.assertContains(self.client.get(reverse("account")), "<dd>1.0\xa0MB</dd>")
        with override_settings(PHOTOLAB_STORAGE_QUOTA_MB=2, PHOTOLAB_PHOTOS_PER_DAY=7):
            page = self.client.get(reverse("account"))
        self.assertContains(page, "1.0\xa0MB of 2.0\xa0MB")
        self.assertContains(page, "1 of 7")


@override_settings(PHOTOLAB_PHOTOS_PER_DAY=1)
class DayTests(Uploads):
    def test_the_second_of_a_day_is_told_when_to_come(self) -> None:
        self.make_photo(self.owner)
        Photo.objects.update(uploaded_at=timezone.now() + timedelta(seconds=5))
        self.assert_refused_everywhere(DAY.replace("24 h 0", "24 h 1"), api_status=429)
        self.assertAlmostEqual(int(self.by_api()["Retry-After"]), 24 * 60 * 60, delta=10)

    def test_a_day_later_there_is_room(self) -> None:
        photo = self.make_photo(self.owner)
        Photo.objects.filter(pk=photo.pk).update(uploaded_at=timezone.now() - timedelta(hours=23, minutes=30))
        self.assertIn("30 min", self.by_page()["refused"][0]["reason"])
        Photo.objects.filter(pk=photo.pk).update(uploaded_at=timezone.now() - timedelta(hours=25))
        self.assertTrue(self.by_page()["accepted"])


@override_settings(PHOTOLAB_PHOTOS_PER_DAY=1)
class TwoAtOnceTests(GalleryRaceTestCase):
    def test_one_of_two_at_once_finds_room(self) -> None:
        refused = []

        def upload(mark: int) -> None:
            try:
                services.upload_photo(self.owner, as_upload(pictures.jpeg(mark=mark)))
            except ImageRefused as refusal:
                refused.append(str(refusal))
            finally:
                connection.close()

        threads = [Thread(target=upload, args=[mark]) for mark in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((Photo.objects.count(), len(refused)), (1, 1))
        self.assertEqual(len(self.stored_files()), 3)
