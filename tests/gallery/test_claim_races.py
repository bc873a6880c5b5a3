"""Real races: several threads, each with its own connection, want the same row at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import IntegrityError, connection

from gallery import services
from gallery.models import Job, JobState, Photo, Result
from tests import pictures
from tests.base import GalleryRaceTestCase, as_upload

RACERS = 6


def race(*acts: Callable[[], object]) -> list[object]:
    """Lets all acts begin at once; what each returned, in order."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            start.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


class RaceTests(GalleryRaceTestCase):
    def test_one_of_many_workers_gets_the_job(self) -> None:
        workers = [self.make_worker(f"host:{number}") for number in range(RACERS)]
        for mark in range(5):
            job = self.make_photo(self.owner, mark=mark).jobs.get()
            claims = race(*(lambda w=worker, j=job: services.claim(j.pk, w.pk) for worker in workers))
            self.assertEqual(len([claim for claim in claims if claim]), 1)
            job.refresh_from_db()
            self.assertEqual(job.attempt, 1)

    def test_workers_that_ask_at_once_get_a_job_each(self) -> None:
        workers = [self.make_worker(f"host:{number}") for number in range(RACERS)]
        jobs = {self.make_photo(self.owner, mark=mark).jobs.get().pk for mark in range(RACERS - 1)}
        claims = race(*(lambda w=worker: services.claim_next(w.pk) for worker in workers))
        self.assertEqual({claim.job_id for claim in claims if claim}, jobs)
        self.assertEqual(len([claim for claim in claims if claim]), RACERS - 1)

    def test_a_job_is_either_finished_or_canceled(self) -> None:
        for mark in range(5):
            claim = self.claimed(self.make_photo(self.owner, mark=mark))
            output = self.stored_output(claim)
            finished, canceled = race(
                lambda c=claim, o=output: services.finish(c, o), lambda c=claim: services.cancel(c.job_id)
            )
            self.assertNotEqual(finished, canceled)
            self.assertEqual(Result.objects.filter(job_id=claim.job_id).exists(), finished)

    def test_a_photo_deleted_while_its_job_ends_leaves_nothing(self) -> None:
        for mark in range(5):
            photo = self.make_photo(self.owner, mark=mark)
            claim = self.claimed(photo)
            output = self.stored_output(claim)
            race(lambda c=claim, o=output: services.finish(c, o), lambda p=photo: services.delete_photos([p.pk]))
            self.assertFalse(Photo.objects.filter(pk=photo.pk).exists())
            self.assertFalse(Result.objects.filter(job_id=claim.job_id).exists())
            self.assertEqual(self.stored_files(), set(), "the deletion takes what was stored, finished or not")

    def test_the_same_bytes_sent_twice_at_once_are_one_photo(self) -> None:
        content = pictures.jpeg()
        outcomes = race(*(lambda: services.upload_photo(self.owner, as_upload(content)) for _ in range(3)))
        self.assertEqual(sorted(outcome.is_duplicate for outcome in outcomes), [False, True, True])
        self.assertEqual(len({outcome.photo.pk for outcome in outcomes}), 1)
        self.assertEqual(len(self.stored_files()), 3)

    def test_an_impatient_owner_starts_one_job(self) -> None:
        photo = self.make_photo(self.owner)
        services.cancel(photo.jobs.get().pk)
        outcomes = race(*(lambda: services.retry_photo(photo.pk) for _ in range(RACERS)))
        self.assertEqual(len([job for job in outcomes if job]), 1)
        self.assertEqual(Job.objects.filter(status=JobState.QUEUED).count(), 1)

    def test_an_account_deleted_during_an_upload_leaves_nothing(self) -> None:
        content = pictures.jpeg()

        def send() -> object:
            try:
                return services.upload_photo(self.owner, as_upload(content))
            except IntegrityError as error:
                return error

        race(send, lambda: services.delete_account(self.owner))
        self.assertFalse(Photo.objects.exists())
        self.assertEqual(self.stored_files(), set())
