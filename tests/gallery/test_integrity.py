"""The integrity check: it finds what was lost, cut short, changed or left over, and nothing else."""

import os
import time
from datetime import timedelta
from io import StringIO

from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import SimpleTestCase
from django.urls import reverse, reverse_lazy

from gallery import files, services, upkeep
from gallery.models import CheckState, IntegrityCheck, Job, JobState, Photo, TrainingEvaluation
from gallery.named_files import COLUMNS, named_files
from tests import pictures
from tests.base import GalleryTestCase, as_upload
from tests.gallery.training_rows import TrainingRows

# They hold lists of names, or name a file of another row.
OTHERWISE_NAMED = {(TrainingEvaluation, "sample_keys")}
OF_ANOTHER_ROW = {"source_key"}
NO_FILE_NAMES = {"token_key", "key"}


class NamesTests(SimpleTestCase):
    def test_every_column_that_names_a_file_is_looked_at(self) -> None:
        known = {(naming.model, naming.column) for naming in COLUMNS} | OTHERWISE_NAMED
        for model in apps.get_app_config("gallery").get_models():
            for column in model._meta.concrete_fields:
                if column.name.endswith(("_key", "_keys")) and column.name not in OF_ANOTHER_ROW | NO_FILE_NAMES:
                    with self.subTest(f"{model.__name__}.{column.name}"):
                        self.assertIn((model, column.name), known)


class IntegrityTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = services.upload_photo(self.owner, as_upload(pictures.jpeg())).photo
        claim = self.claimed(self.photo)
        services.finish(claim, self.stored_output(claim))
        self.result = Photo.objects.get().shown_result

    def check(self, *, reads_bytes: bool = True) -> IntegrityCheck:
        services.ask_for_check(self.staff, reads_bytes=reads_bytes)
        self.assertTrue(upkeep.check_integrity())
        return IntegrityCheck.objects.latest("pk")

    def kinds(self, check: IntegrityCheck) -> list[tuple[str, str]]:
        return [(problem["kind"], problem["row"]) for problem in check.problems]

    def test_rows_and_files_that_agree_are_called_so(self) -> None:
        self.make_shipped()
        self.make_set(self.owner)
        self.make_trained(comparisons=self.make_comparisons(2))
        check = self.check(reads_bytes=False)
        self.assertTrue(check.found_nothing)
        self.assertEqual(check.files_named, len(list(named_files())))
        self.assertEqual({file.key for file in named_files()}, self.stored_files())
        self.assertEqual((check.files_read, check.stray_count), (0, 0))

    def test_a_lost_file_is_found(self) -> None:
        files.delete([self.result.thumb_key])
        check = self.check()
        self.assertEqual(self.kinds(check), [("missing", f"result {self.result.pk}")])
        self.assertEqual(check.problems[0]["key"], self.result.thumb_key)

    def test_a_file_that_was_cut_short_is_found_without_reading(self) -> None:
        (self.media / self.photo.original_key).write_bytes(b"short")
        self.assertEqual(self.kinds(self.check(reads_bytes=False)), [("size", f"photo {self.photo.pk}")])

    def test_a_changed_byte_is_found_by_reading(self) -> None:
        path = self.media / self.photo.original_key
        content = bytearray(path.read_bytes())
        content[-5] ^= 1
        path.write_bytes(content)
        self.assertTrue(self.check(reads_bytes=False).found_nothing)
        check = self.check()
        self.assertEqual(self.kinds(check), [("damaged", f"photo {self.photo.pk}")])
        self.assertEqual((check.files_read, check.bytes_read), (1, len(content)))

    def test_rows_that_contradict_each_other_are_found(self) -> None:
        done = self.make_photo(self.owner, mark=2).latest_job
        Job.objects.filter(pk=done.pk).update(status=JobState.DONE)
        Job.objects.filter(pk=self.result.job_id).update(status=JobState.FAILED)
        expected = [("no_result", f"job {done.pk}"), ("not_done", f"result {self.result.pk}")]
        self.assertEqual(self.kinds(self.check(reads_bytes=False)), expected)

    def test_what_belongs_to_no_row_is_counted_once_it_is_an_hour_old(self) -> None:
        files.store("results/9/1/left/image.jpg", b"123")
        self.assertEqual(self.check().stray_count, 0)
        long_ago = time.time() - 2 * 3600
        os.utime(self.media / "results/9/1/left/image.jpg", (long_ago, long_ago))
        check = self.check()
        self.assertEqual((check.stray_count, check.stray_bytes, check.problem_count), (1, 3, 0))

    def test_a_silent_check_is_made_by_another_and_its_first_maker_changes_nothing_more(self) -> None:
        services.ask_for_check(None, reads_bytes=False)
        silent = services.claim_check()
        self.assertIsNone(services.claim_check())
        IntegrityCheck.objects.update(changed_at=Now() - timedelta(minutes=3))
        self.assertTrue(upkeep.check_integrity())
        self.assertFalse(services.make_check(silent))
        self.assertEqual(IntegrityCheck.objects.get().attempt, 2)

    def test_a_check_whose_makers_died_three_times_is_given_up(self) -> None:
        services.ask_for_check(None, reads_bytes=False)
        for _ in range(3):
            self.assertIsNotNone(services.claim_check())
            IntegrityCheck.objects.update(changed_at=Now() - timedelta(minutes=3))
        self.assertFalse(upkeep.check_integrity())
        self.assertEqual(IntegrityCheck.objects.get().status, CheckState.FAILED)

    def test_two_never_wait_at_once(self) -> None:
        self.assertIsNotNone(services.ask_for_check(self.staff, reads_bytes=False))
        self.assertIsNone(services.ask_for_check(self.staff, reads_bytes=True))

    def test_the_command_says_what_is_wrong_and_fails(self) -> None:
        told = StringIO()
        call_command("check_integrity", "--bytes", stdout=told)
        self.assertIn("Rows and files agree.", told.getvalue())
        self.assertIn("Read and compared: 1", told.getvalue())
        files.delete([self.photo.preview_key])
        with self.assertRaisesMessage(CommandError, "Problems: 1."):
            call_command("check_integrity", stdout=told)
        self.assertIn(f"photo {self.photo.pk} {self.photo.preview_key}", told.getvalue())
        self.assertEqual(IntegrityCheck.objects.count(), 2)


class PageTests(GalleryTestCase):
    page, start = (
        reverse_lazy("admin:gallery_integritycheck_changelist"),
        reverse_lazy("admin:gallery_integritycheck_start"),
    )

    def test_staff_start_a_check_and_see_its_outcome(self) -> None:
        photo = self.make_photo(self.owner)
        self.client.force_login(self.staff)
        self.assertContains(self.client.get(self.page), "Not checked yet")
        self.assertContains(self.client.post(self.start, follow=True), "Upkeep begins with it")
        self.assertContains(self.client.post(self.start, {"reads_bytes": "on"}, follow=True), "A check waits already.")
        upkeep.check_integrity()
        self.assertContains(self.client.get(self.page), "Rows and files agree")
        files.delete([photo.thumb_key])
        self.client.post(self.start)
        upkeep.check_integrity()
        newest = IntegrityCheck.objects.latest("pk")
        for address in (self.page, reverse("admin:gallery_integritycheck_change", args=[newest.pk])):
            page = self.client.get(address)
            self.assertContains(page, "1 problem")
            self.assertContains(page, photo.thumb_key)

    def test_who_may_not_start_one_only_looks(self) -> None:
        self.client.force_login(self.make_clerk("view_integritycheck"))
        self.assertNotContains(self.client.get(self.page), "Check now")
        self.assertEqual(self.client.post(self.start).status_code, 403)
        self.client.force_login(self.stranger)
        self.assertEqual(self.client.post(self.start).status_code, 302)
        self.assertFalse(IntegrityCheck.objects.exists())
