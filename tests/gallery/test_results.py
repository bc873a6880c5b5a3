"""What owners do with results: call them right, go back to an earlier one, have a newer model color again."""

from dataclasses import replace
from unittest.mock import patch

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gallery import services
from gallery.models import CollectedImage, Job, ModelVersion, Origin, Photo, Priority, Result, Side, SnapshotEntry
from gallery.services import results
from tests.base import A_COLOR, GalleryTestCase
from tests.gallery.training_rows import TrainingRows


class ResultTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.version = self.make_shipped("d" * 64)  # what Orders.stored_output names

    def colored_by(self, version: ModelVersion, photo: Photo) -> Result:
        claim = self.claimed(photo)
        output = replace(self.stored_output(claim), model_digest=version.digest, model_version_id=version.pk)
        self.assertTrue(services.finish(claim, output))
        return Result.objects.get(job_id=claim.job_id)

    def promoted(self) -> ModelVersion:
        self.make_set(self.staff)
        return services.promote_version(self.make_trained().pk, self.staff)

    def again(self, photo: Photo) -> int:
        return services.color_again(Photo.objects.filter(pk=photo.pk))

    def shown(self, photo: Photo) -> Result | None:
        return Photo.objects.get(pk=photo.pk).shown_result


class ColorAgainTests(ResultTestCase):
    def test_there_is_nothing_to_do_while_the_version_is_the_same(self) -> None:
        photo = self.make_colored(self.owner)
        self.assertEqual(self.again(photo), 0)

    def test_in_a_large_gallery_they_are_counted_once_a_minute(self) -> None:
        services.ensure_shipped_version("photolab-7", "7" * 64)
        self.make_colored(self.owner, mark=1)
        photos = Photo.objects.filter(owner=self.owner)
        self.addCleanup(cache.clear)

        def counted(among: int) -> tuple[int, int]:
            with CaptureQueriesContext(connection) as asked:
                return services.count_outdated(self.owner, photos, among=among), len(asked)

        self.assertEqual([counted(10), counted(10)], [(1, 3), (1, 3)])
        self.assertEqual([counted(50_000), counted(50_000), counted(50_001)], [(1, 3), (1, 1), (1, 3)])

    def test_before_any_version_is_known_nothing_is_outdated(self) -> None:
        photo = self.make_colored(self.owner)
        ModelVersion.objects.all().delete()
        self.assertEqual(self.again(photo), 0)

    def test_a_photo_colored_by_an_older_version_waits_after_all_others_and_keeps_its_result(self) -> None:
        photo = self.make_colored(self.owner)
        before = photo.shown_result
        newer = self.promoted()
        self.assertEqual([self.again(photo), self.again(photo)], [1, 0])
        self.assertEqual(photo.jobs.latest("id").priority, Priority.BATCH)
        self.assertEqual(self.shown(photo), before)
        after = self.colored_by(newer, photo)
        self.assertEqual(Photo.objects.get(pk=photo.pk).results, [after, before])
        self.assertEqual(self.again(photo), 0)

    def test_a_new_try_that_fails_loses_nothing(self) -> None:
        photo = self.make_colored(self.owner)
        before = photo.shown_result
        self.promoted()
        self.again(photo)
        services.fail(self.claimed(photo), "no luck")
        self.assertEqual(self.shown(photo), before)
        self.assertEqual(self.again(photo), 1)

    def test_only_those_who_need_it_wait(self) -> None:
        outdated = [self.make_colored(self.owner, mark=mark) for mark in (1, 2)]
        accepted = self.make_colored(self.owner, mark=3, told=A_COLOR)
        services.accept_result(accepted.shown_result.job_id)
        never, friends = self.make_photo(self.owner, mark=4), self.make_colored(self.friend, mark=5)
        self.promoted()
        self.assertEqual(services.color_again(Photo.objects.filter(owner=self.owner)), 2)
        waiting = set(Job.objects.filter(priority=Priority.BATCH).values_list("photo", flat=True))
        self.assertEqual(waiting, {photo.pk for photo in outdated})
        self.assertNotIn(never.pk, waiting)
        self.assertEqual(friends.jobs.count(), 1)

    def test_many_are_ordered_some_at_a_time_and_no_version_is_read_with_each_result(self) -> None:
        photos = [self.make_colored(self.owner, mark=mark) for mark in range(3)]
        self.promoted()
        with patch.object(results, "AT_ONCE", 2), CaptureQueriesContext(connection) as asked:
            self.assertEqual(services.color_again(Photo.objects.filter(owner=self.owner).with_state()), 3)
        orders = [query["sql"] for query in asked]
        self.assertEqual(len([sql for sql in orders if sql.startswith("SAVEPOINT")]), 2)
        self.assertEqual([sql for sql in orders if "gallery_result" in sql and "comparisons" in sql], [])
        waiting = Job.objects.filter(priority=Priority.BATCH).order_by("turn", "pk")
        self.assertEqual(list(waiting.values_list("photo", flat=True)), [photo.pk for photo in photos])

    def test_back_to_the_version_before_colors_nothing_that_it_has_colored(self) -> None:
        photo = self.make_colored(self.owner)
        newer = self.promoted()
        self.again(photo)
        self.colored_by(newer, photo)
        services.promote_version(self.version.pk, self.staff)
        self.assertEqual(self.again(photo), 0)


class ShownTests(ResultTestCase):
    def test_the_owner_goes_back_and_a_newer_result_is_shown_again(self) -> None:
        photo = self.make_colored(self.owner)
        first = photo.shown_result
        services.retry_photo(photo.pk)
        second = self.colored_by(self.version, photo)
        self.assertEqual(self.shown(photo), second)
        self.assertTrue(services.show_result(first.job_id))
        self.assertEqual(Photo.objects.get(pk=photo.pk).results, [first, second])
        services.retry_photo(photo.pk)
        third = self.colored_by(self.version, photo)
        self.assertEqual(self.shown(photo), third)

    def test_a_job_without_a_result_shows_nothing(self) -> None:
        job = self.make_photo(self.owner).latest_job
        self.assertFalse(services.show_result(job.pk))
        self.assertFalse(services.accept_result(job.pk))
        self.assertEqual(services.unaccept_result(job.pk), 0)

    def test_open_pages_are_told(self) -> None:
        job = self.make_colored(self.owner, told=A_COLOR).latest_job
        for change in (services.show_result, services.accept_result, services.unaccept_result):
            before = Job.objects.get(pk=job.pk).changed_at
            change(job.pk)
            self.assertGreater(Job.objects.get(pk=job.pk).changed_at, before, change.__name__)


class AcceptTests(ResultTestCase):
    def test_it_is_dated_once_and_taken_back_with_the_picture(self) -> None:
        photo = self.make_colored(self.owner, told=A_COLOR)
        job_id = photo.shown_result.job_id
        services.accept_result(job_id)
        accepted_at = Result.objects.get().accepted_at
        image = self.make_collected(self.owner, photo=photo, origin=Origin.ACCEPTED_RESULT)
        upload = self.make_collected(self.owner, photo=photo)
        services.accept_result(job_id)
        self.assertEqual(Result.objects.get().accepted_at, accepted_at)
        self.assertTrue(CollectedImage.objects.filter(pk=image.pk).exists())
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual([services.unaccept_result(job_id) for _ in range(2)], [1, 0])
        self.assertIsNone(Result.objects.get().accepted_at)
        self.assertEqual(CollectedImage.objects.get(), upload)
        self.assertFalse(set(image.file_keys) & self.stored_files())

    def test_what_its_owner_has_not_corrected_is_not_called_right(self) -> None:
        grey = {"keep_grey": [{"x": 5.0, "y": 5.0, "radius": 3.0}]}
        cases = [({}, False), ({"vividness": 1.4, "warmth": 0.2}, False), (A_COLOR, True), (grey, True)]
        for mark, (told, can_be) in enumerate(cases):
            job = self.make_colored(self.owner, mark=mark, told=told).latest_job
            self.assertEqual(services.accept_result(job.pk), can_be, told)
            self.assertEqual(Result.objects.get(job=job).accepted_at is not None, can_be, told)

    def test_beside_the_truth_of_an_upload_in_color_no_result_is_called_right(self) -> None:
        photo = self.make_colored(self.owner, told=A_COLOR)
        Photo.objects.update(has_color=True)
        self.assertFalse(services.accept_result(photo.latest_job.pk))

    def test_the_picture_goes_with_the_job_that_made_it(self) -> None:
        photo = self.make_colored(self.owner, told=A_COLOR)
        accepted = photo.shown_result
        services.retry_photo(photo.pk)
        other = self.colored_by(self.version, photo)
        services.accept_result(accepted.job_id)
        upload = self.make_collected(self.owner, photo=photo)
        self.make_collected(self.owner, photo=photo, origin=Origin.ACCEPTED_RESULT)
        services.delete_jobs([other.job_id])
        self.assertEqual(CollectedImage.objects.count(), 2)
        services.delete_jobs([accepted.job_id])
        self.assertEqual(CollectedImage.objects.get(), upload)


class SeenTests(ResultTestCase):
    def test_versions_that_learned_from_an_accepted_result_are_named_after_it_is_withdrawn(self) -> None:
        photo = self.make_colored(self.owner)
        digest = "e" * 64
        Result.objects.update(digest=digest)
        self.make_set(self.staff)
        learned, judged = self.make_trained(), self.make_trained()
        for version, side in ((learned, Side.TRAIN), (judged, Side.HOLDOUT)):
            SnapshotEntry.objects.create(run=version.run, digest=digest, side=side)
        self.assertEqual(services.versions_that_learned_from(Photo.objects.filter(pk=photo.pk)), [learned])
        self.assertEqual(services.versions_that_learned_from(Photo.objects.filter(owner=self.friend)), [])
