"""A worker that colors several photographs at once: real threads, real photographs, one batch of the network."""

from unittest.mock import patch

import torch
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError
from django.test import override_settings

from gallery import services
from gallery.models import Job, JobState, Result, Worker
from tests import pictures
from tests.base import GalleryRaceTestCase, as_upload
from worker import engine, heartbeat, tasks


class TogetherTests(GalleryRaceTestCase):
    def setUp(self) -> None:
        super().setUp()
        several = override_settings(PHOTOLAB_AT_ONCE=4)
        several.enable()
        self.addCleanup(several.disable)
        self.load_anew()
        self.addCleanup(self.load_anew)
        self.network_saw: list[int] = []
        # However busy the machine is, those that come together are waited for.
        patience = patch("colorizer.batching.MOST_WAIT_S", 20.0)
        patience.start()
        self.addCleanup(patience.stop)
        heartbeat.beat()

    def load_anew(self) -> None:
        engine._engine.loaded = None

    def watch_network(self, room: int = 100) -> None:
        """Note the size of each batch; larger ones than `room` find too little memory."""
        batcher = engine.current().colorizer.batcher
        network = batcher._network

        def watched(light: torch.Tensor) -> torch.Tensor:
            self.network_saw.append(len(light))
            if len(light) > room:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return network(light)

        batcher._network = watched

    def upload(self, content: bytes, name: str = "photo.jpg") -> Job:
        return services.upload_photo(self.owner, as_upload(content, name)).photo.jobs.get()

    def upload_several(self, count: int) -> list[Job]:
        return [self.upload(pictures.jpeg((320, 240), mark=mark)) for mark in range(count)]

    def states(self) -> list[tuple[str, int]]:
        return list(Job.objects.order_by("pk").values_list("status", "attempt"))

    def test_four_that_wait_go_through_the_network_as_one_and_the_fifth_waits(self) -> None:
        self.watch_network()
        self.upload_several(5)
        tasks.colorize()
        self.assertEqual(self.network_saw, [4])
        self.assertEqual(self.states(), [("done", 1)] * 4 + [("queued", 0)])
        self.assertEqual(Result.objects.count(), 4)
        self.assertEqual(Worker.objects.get().jobs_done, 4)

    def test_one_that_cannot_be_read_fails_alone(self) -> None:
        self.watch_network()
        jobs = self.upload_several(3)
        (self.media / jobs[1].photo.original_key).write_bytes(b"\xff\xd8\xff damaged")
        with self.assertLogs("worker.tasks", "ERROR"):
            tasks.colorize()
        self.assertEqual(self.states(), [("done", 1), ("failed", 1), ("done", 1)])
        self.assertEqual(self.network_saw, [2])

    def test_too_little_memory_halves_the_batch_and_the_worker_tells_it(self) -> None:
        self.watch_network(room=2)
        self.upload_several(4)
        tasks.colorize()
        self.assertEqual(self.network_saw, [4, 2, 2])
        self.assertEqual(self.states(), [("done", 1)] * 4)
        heartbeat.beat()
        self.assertEqual(Worker.objects.get().at_once, 2)

    def test_too_little_memory_for_even_one_is_said_on_the_job(self) -> None:
        self.watch_network(room=0)
        self.upload_several(2)
        with self.assertLogs("worker.tasks", "ERROR"):
            tasks.colorize()
        self.assertEqual(self.network_saw, [2, 1, 1])
        self.assertEqual(self.states(), [("failed", 1)] * 2)
        self.assertTrue(all("even for one photo at a time" in job.error for job in Job.objects.all()))
        self.assertEqual(set(Job.objects.values_list("cause", flat=True)), {"memory"})

    def test_what_cannot_be_settled_is_raised_and_left_to_the_rescuer(self) -> None:
        """The pool then takes another identity, and upkeep gives the job back."""
        first, _ = self.upload_several(2)
        finish = services.finish

        def finish_all_but_one(claim: services.Claim, output: services.ColoredFiles) -> bool:
            if claim.job_id == first.pk:
                raise OperationalError("the database went away")
            return finish(claim, output)

        with patch.object(services, "finish", finish_all_but_one), self.assertRaises(OperationalError):
            tasks.colorize()
        self.assertEqual(self.states(), [("running", 1), ("done", 1)])

    def test_those_that_take_too_long_are_told_so_and_what_is_done_stays(self) -> None:
        self.upload_several(2)

        def out_of_time(lanes: list) -> None:
            lanes[0].result()
            raise SoftTimeLimitExceeded

        def color_one(claim: services.Claim) -> None:
            if claim.job_id == Job.objects.earliest("pk").pk:
                color_in_lane(claim)

        color_in_lane = tasks.color_in_lane
        with patch.object(tasks, "wait", out_of_time), patch.object(tasks, "color_in_lane", color_one):
            tasks.colorize()
        self.assertEqual(self.states(), [("done", 1), ("failed", 1)])
        self.assertIn("took too long", Job.objects.get(status=JobState.FAILED).error)
        self.assertEqual(len([name for name in self.stored_files() if name.startswith("results/")]), 3)
