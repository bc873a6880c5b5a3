"""Deleting: rows first, files after the commit, and nothing of it left."""

from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse

from gallery import files, services
from gallery.models import Job, Photo, Removal, Result
from tests.base import PASSWORD, GalleryTestCase


class PhotoDeletionTests(GalleryTestCase):
    def test_the_rows_and_all_files_go_and_nothing_of_others(self) -> None:
        doomed = self.make_colored(self.owner, mark=1)
        kept = self.make_colored(self.owner, mark=2)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([doomed.pk])
        self.assertEqual(list(Photo.objects.all()), [kept])
        self.assertEqual(Result.objects.get().job.photo, kept)
        self.assertEqual(self.stored_files(), {*kept.file_keys, *kept.shown_result.file_keys})
        self.assertEqual(len(list((self.media / "photos").iterdir())), 1, "an empty folder is left")

    def test_files_outlive_a_deletion_that_is_rolled_back(self) -> None:
        photo = self.make_colored(self.owner)
        before = self.stored_files()
        with self.captureOnCommitCallbacks(execute=True), self.assertRaises(RuntimeError), transaction.atomic():
            services.delete_photos([photo.pk])
            raise RuntimeError("the transaction fails")
        self.assertTrue(Photo.objects.filter(pk=photo.pk).exists())
        self.assertEqual(self.stored_files(), before)

    def test_a_file_that_is_gone_already_keeps_no_other(self) -> None:
        photo = self.make_photo(self.owner)
        (self.media / photo.original_key).unlink()
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([photo.pk])
        self.assertEqual(self.stored_files(), set())

    def test_files_of_an_attempt_without_a_result_go_too(self) -> None:
        """The worker was killed between storing and finishing: no row names what it has stored."""
        for mark, delete in enumerate((services.delete_photos, services.delete_jobs)):
            photo = self.make_photo(self.owner, mark=mark)
            self.stored_output(self.claimed(photo))
            doomed = photo if delete is services.delete_photos else photo.latest_job
            with self.captureOnCommitCallbacks(execute=True):
                delete([doomed.pk])
            self.assertFalse([key for key in self.stored_files() if key.startswith("results")])

    def test_no_empty_folder_stays(self) -> None:
        photo = self.make_colored(self.owner)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([photo.pk])
        self.assertEqual(sorted(path.name for path in self.media.rglob("*")), ["photos", "results"])

    def test_deleting_a_job_takes_its_result_files_and_leaves_the_photo(self) -> None:
        photo = self.make_colored(self.owner)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_jobs([photo.latest_job.pk])
        self.assertFalse(Job.objects.exists())
        self.assertEqual(self.stored_files(), set(photo.file_keys))

    def test_local_files_need_no_boto(self) -> None:
        self.assertEqual(files.storage_errors(), (OSError,))

    def test_a_file_that_will_not_go_keeps_no_other(self) -> None:
        photo = self.make_photo(self.owner)
        original = self.media / photo.original_key
        original.unlink()
        (original / "in the way").mkdir(parents=True)
        with self.assertLogs("gallery.files", "ERROR"), self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([photo.pk])
        self.assertEqual(self.stored_files(), set())


class AccountDeletionTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_colored(self.owner, mark=1)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([self.make_photo(self.owner, mark=2).pk])
        self.kept = self.make_colored(self.friend, mark=3)
        self.client.login(username="olga", password=PASSWORD)

    def delete(self, password: str) -> object:
        with self.captureOnCommitCallbacks(execute=True):
            return self.client.post(reverse("account_delete"), {"password": password})

    def test_every_row_and_every_stored_file_goes(self) -> None:
        self.client.post(reverse("api-tokens"), {"username": "olga", "password": PASSWORD})
        self.assertRedirects(self.delete(PASSWORD), reverse("home"))
        self.assertFalse(User.objects.filter(username="olga").exists())
        self.assertEqual(list(Photo.objects.all()), [self.kept])
        self.assertFalse(Removal.objects.exists())
        self.assertEqual(self.stored_files(), {*self.kept.file_keys, *self.kept.shown_result.file_keys})

    def test_the_visitor_is_logged_out(self) -> None:
        self.delete(PASSWORD)
        self.assertRedirects(self.client.get(reverse("gallery")), f"{reverse('account_login')}?next=/photos/")

    def test_a_wrong_password_deletes_nothing(self) -> None:
        answer = self.delete("not my password")
        self.assertContains(answer, "This is not your password", status_code=422)
        self.assertTrue(User.objects.filter(username="olga").exists())
        self.assertEqual(Photo.objects.filter(owner=self.owner).count(), 1)
