"""Place in the queue and expected time."""

from gallery import services
from gallery.models import Job, Photo, Priority, Result
from gallery.waiting import Waiting, number_waiting, places_of, typical_duration_s, waiting_of
from tests.base import GalleryTestCase


class WaitingTests(GalleryTestCase):
    def colored_in(self, seconds: float, mark: int) -> None:
        result = self.make_colored(self.friend, mark=mark).shown_result
        Result.objects.filter(pk=result.pk).update(duration_s=seconds)

    def test_the_place_counts_those_who_came_before(self) -> None:
        jobs = [self.make_photo(owner, mark=mark).latest_job for mark, owner in enumerate([self.friend, self.owner])]
        self.assertEqual([waiting_of(job).position for job in jobs], [1, 2])
        services.cancel(jobs[0].pk)
        self.assertEqual(waiting_of(jobs[1]).position, 1)

    def test_the_place_is_the_one_that_workers_keep_to(self) -> None:
        photos = [self.make_photo(self.owner, mark=mark) for mark in range(4)]
        Job.objects.filter(photo__in=photos[:2]).update(priority=Priority.BATCH)
        self.assertEqual([waiting_of(photo.jobs.get()).position for photo in photos], [3, 4, 1, 2])
        shown = number_waiting(Photo.objects.with_state().order_by("pk"))
        self.assertEqual([photo.position for photo in shown], [3, 4, 1, 2])
        worker = self.make_worker()
        taken = [services.claim_next(worker.pk).job_id for _ in photos]
        self.assertEqual(taken, [photos[number].latest_job.pk for number in (2, 3, 0, 1)])

    def test_the_time_is_the_median_times_those_ahead_shared_by_the_live_workers(self) -> None:
        for mark, seconds in enumerate((2.0, 3.0, 100.0)):
            self.colored_in(seconds, mark)
        self.assertEqual(typical_duration_s(), 3.0)
        photos = [self.make_photo(self.owner, mark=mark) for mark in range(10, 15)]
        self.claimed(photos[0])
        last = photos[-1].jobs.get()
        workers = waiting_of(last).live_workers
        self.assertEqual(waiting_of(last), Waiting(4, -(-3 * 5 // workers), workers))

    def test_nobody_promises_a_time_when_no_worker_lives(self) -> None:
        job = self.make_photo(self.owner).latest_job
        Result.objects.create(
            job=Job.objects.create(photo=self.make_photo(self.friend, mark=1), status="done"),
            duration_s=2, width=1, height=1, byte_size=1,
        )  # fmt: skip
        self.assertEqual(waiting_of(job), Waiting(1, None, 0))

    def test_nobody_promises_a_time_before_the_first_result(self) -> None:
        self.make_worker()
        self.assertIsNone(waiting_of(self.make_photo(self.owner).latest_job).eta_s)

    def test_a_running_job_has_no_place_and_at_least_a_second_to_go(self) -> None:
        self.colored_in(0.2, mark=1)
        photo = self.make_photo(self.owner)
        self.claimed(photo)
        waiting = waiting_of(Photo.objects.get(pk=photo.pk).latest_job)
        self.assertEqual((waiting.position, waiting.eta_s), (None, 1))

    def test_an_ended_job_waits_no_more(self) -> None:
        waiting = waiting_of(self.make_colored(self.owner).latest_job)
        self.assertEqual((waiting.position, waiting.eta_s), (None, None))

    def test_of_a_long_line_no_more_is_read_than_what_lies_between_those_shown(self) -> None:
        for mark in range(5):
            self.make_photo(self.friend, mark=mark)
        jobs = [self.make_photo(self.owner, mark=mark).jobs.get() for mark in range(5, 8)]
        self.assertEqual(places_of(jobs[1:2]), {jobs[1].pk: 7})
        Job.objects.filter(pk=jobs[2].pk).update(priority=Priority.BATCH)
        jobs[2].refresh_from_db()
        self.assertEqual(places_of([jobs[2], jobs[0]]), {job.pk: place for place, job in enumerate(jobs, start=6)})
        services.cancel(jobs[0].pk)  # since it was read
        self.assertEqual(places_of(jobs[:2]), {jobs[1].pk: 6})

    def test_photos_that_wait_get_their_places_and_others_none(self) -> None:
        friends, first, colored, second = (
            self.make_photo(self.friend),
            self.make_photo(self.owner, mark=1),
            self.make_colored(self.owner, mark=2),
            self.make_photo(self.owner, mark=3),
        )
        with self.assertNumQueries(2 + 3):  # the line, and the jobs of three photos that nobody has prefetched
            places = [photo.position for photo in number_waiting([second, colored, first])]
        self.assertEqual(places, [3, None, 2])
        self.assertIsNone(friends.position)
