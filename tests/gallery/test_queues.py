"""Pausing a queue, draining a worker, and what an admin reads of both."""

from datetime import timedelta

from django.db.models.functions import Now

from gallery import services
from gallery.models import Job, JobState, Priority, QueuePause, Worker
from gallery.queue import QUEUE_COLORIZE, QUEUE_TRAIN
from gallery.upkeep import ring_for_idle_workers
from tests.base import GalleryTestCase
from tests.broker import RealBroker


class PauseTests(RealBroker, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.worker = self.make_worker()
        self.job = self.make_photo(self.owner).jobs.get()

    def test_nothing_is_taken_from_a_paused_queue_until_it_is_resumed(self) -> None:
        self.assertTrue(services.pause_queue(QUEUE_COLORIZE, self.staff))
        self.assertFalse(services.pause_queue(QUEUE_COLORIZE, self.friend))
        self.assertEqual(QueuePause.objects.get().paused_by, self.staff)
        self.assertIsNone(services.claim_next(self.worker.pk))
        self.assertTrue(services.resume_queue(QUEUE_COLORIZE))
        self.assertFalse(services.resume_queue(QUEUE_COLORIZE))
        self.assertEqual(services.claim_next(self.worker.pk).job_id, self.job.pk)

    def test_what_has_begun_is_finished_while_the_queue_is_paused(self) -> None:
        claim = services.claim_next(self.worker.pk)
        services.pause_queue(QUEUE_COLORIZE, self.staff)
        self.assertTrue(services.finish(claim, self.stored_output(claim)))

    def test_another_queue_goes_on(self) -> None:
        services.pause_queue(QUEUE_TRAIN, self.staff)
        self.assertIsNotNone(services.claim_next(self.worker.pk))

    def test_a_drained_worker_takes_nothing_and_others_do(self) -> None:
        other = self.make_worker("host:2")
        self.assertTrue(services.drain_worker(self.worker.pk))
        self.assertFalse(services.drain_worker(self.worker.pk))
        self.assertIsNone(services.claim_next(self.worker.pk))
        self.assertIsNotNone(services.claim_next(other.pk))
        self.make_photo(self.owner, mark=1)
        self.assertTrue(services.refill_worker(self.worker.pk))
        self.assertIsNotNone(services.claim_next(self.worker.pk))

    def test_a_beat_does_not_refill_a_drained_worker(self) -> None:
        services.drain_worker(self.worker.pk)
        services.beat(self.worker.pk, services.WorkerState(memory_bytes=5))
        self.assertIsNone(services.claim_next(self.worker.pk))

    def test_upkeep_rings_for_those_who_may_take_something_alone(self) -> None:
        services.drain_worker(self.worker.pk)
        self.assertEqual(ring_for_idle_workers(), 0)
        services.refill_worker(self.worker.pk)
        services.pause_queue(QUEUE_COLORIZE, self.staff)
        self.assertEqual(ring_for_idle_workers(), 0)
        services.resume_queue(QUEUE_COLORIZE)
        self.assertEqual(ring_for_idle_workers(), 1)

    def test_a_worker_with_several_jobs_is_one_busy_worker(self) -> None:
        for mark in range(1, 5):
            self.make_photo(self.owner, mark=mark)
        services.claim_together(self.worker.pk, most=4)
        self.assertEqual(ring_for_idle_workers(), 0)
        self.make_worker("host:2")
        self.assertEqual(ring_for_idle_workers(), 1)


class TogetherTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.worker = self.make_worker()
        self.jobs = [self.make_photo(self.owner, mark=mark).jobs.get() for mark in range(5)]

    def together(self, most: int) -> list[int]:
        return [claim.job_id for claim in services.claim_together(self.worker.pk, most=most)]

    def test_a_worker_takes_as_many_as_it_can_and_the_rest_later(self) -> None:
        self.assertEqual([self.together(most=3), self.together(most=3), self.together(most=3)],
                         [[job.pk for job in self.jobs[:3]], [job.pk for job in self.jobs[3:]], []])  # fmt: skip

    def test_what_was_tried_before_is_alone_the_second_time(self) -> None:
        """It may be what killed its worker, and the others with it."""
        for claim in services.claim_together(self.worker.pk, most=3):
            services.requeue(claim)
        tried, fresh = [[job.pk] for job in self.jobs[:3]], [job.pk for job in self.jobs[3:]]
        self.assertEqual([self.together(most=5) for _ in range(4)], [*tried, fresh])

    def test_a_fresh_one_leaves_those_that_were_tried_to_a_turn_of_their_own(self) -> None:
        Job.objects.filter(pk=self.jobs[1].pk).update(attempt=1)
        self.assertEqual(self.together(most=5), [self.jobs[number].pk for number in (0, 2, 3, 4)])
        self.assertEqual(self.together(most=5), [self.jobs[1].pk])

    def test_large_ones_are_alone(self) -> None:
        photo = self.jobs[1].photo
        photo.width = 9000
        photo.save()
        self.assertEqual(self.together(most=3), [self.jobs[number].pk for number in (0, 2, 3)])
        self.assertEqual(self.together(most=3)[0], self.jobs[1].pk)


class FactsTests(GalleryTestCase):
    def test_they_count_what_waits_runs_and_was_done(self) -> None:
        for mark in range(5):
            self.make_colored(self.friend, mark=mark)
        Job.objects.filter(pk=Job.objects.latest("pk").pk).update(ended_at=Now() - timedelta(hours=1))
        waiting = [self.make_photo(self.owner, mark=mark).jobs.get() for mark in range(5, 9)]
        Job.objects.filter(pk=waiting[0].pk).update(priority=Priority.BATCH, queued_at=Now() - timedelta(minutes=3))
        Job.objects.filter(pk=waiting[1].pk).update(status=JobState.RUNNING, worker=self.make_worker())
        facts = services.queue_facts()
        self.assertEqual((facts.interactive, facts.batch, facts.running, facts.done), (2, 1, 1, 4))
        self.assertAlmostEqual(facts.per_minute, 0.8)
        self.assertEqual(facts.oldest_at, Job.objects.get(pk=waiting[0].pk).queued_at)

    def test_nothing_waits(self) -> None:
        self.assertEqual(services.queue_facts(), services.QueueFacts(0, 0, 0, None, 0, 0.0))

    def test_a_worker_tells_what_it_holds(self) -> None:
        worker = self.make_worker()
        services.beat(worker.pk, services.WorkerState(memory_bytes=7, device_memory_bytes=5, at_once=4))
        worker = Worker.objects.get(pk=worker.pk)
        self.assertEqual((worker.memory_bytes, worker.device_memory_bytes, worker.at_once), (7, 5, 4))
