"""The verbs that change a job, and the fence that keeps out a worker thought dead."""

from dataclasses import replace

from django.db import IntegrityError, transaction
from django.urls import reverse

from gallery import services
from gallery.models import Job, JobState, Photo, Priority, Result
from gallery.services.jobs import UNREADABLE
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows


class JobTestCase(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_photo(self.owner)
        self.job = self.photo.jobs.get()

    def status(self) -> str:
        self.job.refresh_from_db()
        return self.job.status


class ClaimTests(JobTestCase):
    def test_the_oldest_waiting_job_is_next(self) -> None:
        worker = self.make_worker()
        younger = self.make_photo(self.friend, mark=9).jobs.get()
        claims = [services.claim_next(worker.pk) for _ in range(3)]
        self.assertEqual([claim and claim.job_id for claim in claims], [self.job.pk, younger.pk, None])

    def test_a_job_for_which_nobody_waits_comes_after_all_others(self) -> None:
        worker = self.make_worker()
        Job.objects.filter(pk=self.job.pk).update(priority=Priority.BATCH)
        younger = self.make_photo(self.friend, mark=9).jobs.get()
        claims = [services.claim_next(worker.pk) for _ in range(3)]
        self.assertEqual([claim and claim.job_id for claim in claims], [younger.pk, self.job.pk, None])

    def test_a_job_given_back_is_next_again_and_keeps_its_place(self) -> None:
        worker = self.make_worker()
        self.make_photo(self.friend, mark=9)
        services.requeue(services.claim_next(worker.pk))
        again = services.claim_next(worker.pk)
        self.assertEqual((again.job_id, again.attempt), (self.job.pk, 2))

    def test_a_job_that_nobody_can_read_fails_in_plain_words_and_keeps_no_other_back(self) -> None:
        far = {"x": 2_000_000.0, "y": 5.0, "radius": 3.0, "color": "#ff0000"}
        Job.objects.filter(pk=self.job.pk).update(settings={"hints": [far]})
        other = self.make_photo(self.friend, mark=9).jobs.get()
        claims = services.claim_together(self.make_worker().pk, most=2)
        self.assertEqual([(claim.job_id, claim.attempt) for claim in claims], [(other.pk, 1)])
        self.assertEqual((self.status(), self.job.error), (JobState.FAILED, UNREADABLE))
        self.client.force_login(self.owner)
        page = self.client.post(reverse("photo_retry", args=[self.photo.pk]), follow=True)
        self.assertContains(page, "Each hint needs x, y and radius")

    def test_a_claim_carries_what_a_worker_needs(self) -> None:
        worker = self.make_worker()
        claim = services.claim(self.job.pk, worker.pk)
        self.assertEqual((claim.job_id, claim.attempt, claim.worker_id), (self.job.pk, 1, worker.pk))
        self.assertEqual((claim.original_key, claim.format), (self.photo.original_key, "JPEG"))
        self.assertEqual(self.status(), JobState.RUNNING)
        self.assertIsNotNone(self.job.claimed_at)

    def test_it_ignores_a_second_delivery(self) -> None:
        self.claimed(self.photo)
        self.assertIsNone(services.claim(self.job.pk, self.make_worker("host:2").pk))
        self.job.refresh_from_db()
        self.assertEqual(self.job.attempt, 1)

    def test_it_ignores_a_message_for_a_job_that_is_gone(self) -> None:
        self.assertIsNone(services.claim(self.job.pk + 1000, self.make_worker().pk))

    def test_a_canceled_job_is_not_claimed(self) -> None:
        self.assertTrue(services.cancel(self.job.pk))
        self.assertIsNone(services.claim(self.job.pk, self.make_worker().pk))


class FinishTests(TrainingRows, JobTestCase):
    def test_it_keeps_the_result_with_the_time_it_took(self) -> None:
        worker = self.make_worker()
        claim = self.claimed(self.photo, worker)
        self.assertTrue(services.finish(claim, self.stored_output(claim)))
        self.assertEqual(self.status(), JobState.DONE)
        result = Result.objects.get(job=self.job)
        self.assertGreaterEqual(result.duration_s, 0)
        self.assertEqual(result.duration_s, (self.job.ended_at - self.job.claimed_at).total_seconds())
        worker.refresh_from_db()
        self.assertEqual(worker.jobs_done, 1)

    def test_the_result_names_the_version_and_the_settings_that_made_it(self) -> None:
        version = self.make_shipped()
        claim = self.claimed(self.photo)
        output = replace(self.stored_output(claim), model_version_id=version.pk, settings={"vividness": 1.5})
        self.assertTrue(services.finish(claim, output))
        result = Result.objects.get()
        self.assertEqual((result.model_version, result.settings), (version, {"vividness": 1.5}))

    def test_a_worker_thought_dead_that_comes_back_late_changes_nothing(self) -> None:
        late = self.claimed(self.photo)
        self.assertTrue(services.requeue(late))
        self.assertFalse(services.finish(late, self.stored_output(late)))
        self.assertFalse(services.fail(late, "too late"))
        self.assertFalse(services.requeue(late))
        self.assertEqual((self.status(), self.job.error), (JobState.QUEUED, ""))
        self.assertFalse(Result.objects.exists())

    def test_a_late_worker_does_not_end_the_attempt_of_its_successor(self) -> None:
        late = self.claimed(self.photo)
        services.requeue(late)
        successor = self.claimed(self.photo)
        self.assertEqual(successor.attempt, 2)
        self.assertFalse(services.finish(late, self.stored_output(late)))
        self.assertEqual(self.status(), JobState.RUNNING)
        output = self.stored_output(successor)
        self.assertTrue(services.finish(successor, output))
        self.assertEqual(Result.objects.get().image_key, output.image_key)

    def test_a_second_finish_adds_no_second_result(self) -> None:
        claim = self.claimed(self.photo)
        self.assertTrue(services.finish(claim, self.stored_output(claim)))
        self.assertFalse(services.finish(claim, self.stored_output(claim)))
        self.assertEqual(Result.objects.count(), 1)

    def test_a_job_canceled_meanwhile_is_not_finished(self) -> None:
        claim = self.claimed(self.photo)
        self.assertTrue(services.cancel(self.job.pk))
        self.assertFalse(services.finish(claim, self.stored_output(claim)))
        self.assertEqual(self.status(), JobState.CANCELLED)

    def test_a_photo_deleted_meanwhile_is_not_finished(self) -> None:
        claim = self.claimed(self.photo)
        services.delete_photos([self.photo.pk])
        self.assertFalse(services.finish(claim, self.stored_output(claim)))
        self.assertFalse(services.fail(claim, "any reason"))


class OtherVerbTests(JobTestCase):
    def test_a_failure_keeps_its_reason(self) -> None:
        self.assertTrue(services.fail(self.claimed(self.photo), "The file is damaged."))
        self.assertEqual((self.status(), self.job.error), (JobState.FAILED, "The file is damaged."))
        self.assertIsNotNone(self.job.ended_at)

    def test_requeue_removes_what_the_lost_attempt_has_stored(self) -> None:
        claim = self.claimed(self.photo)
        before = self.stored_files()
        self.stored_output(claim)
        self.assertGreater(self.stored_files(), before)
        with self.captureOnCommitCallbacks(execute=True):
            services.requeue(claim)
        self.assertEqual(self.stored_files(), before)

    def test_an_ended_job_is_not_canceled(self) -> None:
        claim = self.claimed(self.photo)
        services.finish(claim, self.stored_output(claim))
        self.assertFalse(services.cancel(self.job.pk))
        self.assertEqual(self.status(), JobState.DONE)

    def test_try_again_is_a_new_job_and_only_when_none_is_live(self) -> None:
        self.assertIsNone(services.retry_photo(self.photo.pk))
        services.fail(self.claimed(self.photo), "no luck")
        again = services.retry_photo(self.photo.pk)
        self.assertEqual(again.status, JobState.QUEUED)
        self.assertNotEqual(again.pk, self.job.pk)
        self.assertIsNone(services.retry_photo(self.photo.pk + 1000))

    def test_the_database_itself_refuses_a_second_live_job(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            Job.objects.create(photo=self.photo)

    def test_a_move_that_is_not_in_the_table_is_a_fault(self) -> None:
        with self.assertRaisesMessage(ValueError, "no job moves from done to queued"):
            Job.objects.filter(pk=self.job.pk).move(JobState.QUEUED, only_if=[JobState.DONE])

    def test_every_move_is_dated(self) -> None:
        self.job.refresh_from_db()
        before = self.job.changed_at
        services.cancel(self.job.pk)
        self.job.refresh_from_db()
        self.assertGreaterEqual(self.job.changed_at, before)
        self.assertEqual(self.job.changed_at, self.job.ended_at)


class StateOfPhotosTests(GalleryTestCase):
    def test_the_newest_job_and_the_newest_result_take_two_queries_for_any_number_of_photos(self) -> None:
        for mark in range(3):
            self.make_colored(self.owner, mark=mark)
        again = services.retry_photo(Photo.objects.first().pk)
        with self.assertNumQueries(2):
            photos = list(Photo.objects.with_state())
            states = [(photo.latest_job.status, photo.shown_result.job_id) for photo in photos]
        self.assertEqual([status for status, _ in states], ["queued", "done", "done"])
        self.assertLess(states[0][1], again.pk)

    def test_a_photo_without_any_result_has_none(self) -> None:
        photo = self.make_photo(self.owner)
        self.assertIsNone(photo.shown_result)
        photo.jobs.all().delete()
        self.assertIsNone(Photo.objects.get(pk=photo.pk).latest_job)
