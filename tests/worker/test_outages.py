"""A job outlives a storage that is away for a while; for good it is given back, and in the end fails in plain words."""

import errno
from unittest import mock

from django.test import override_settings

from gallery import services
from gallery.models import Cause, Job, JobState, ModelVersion, Photo
from tests.base import GalleryTestCase
from tests.worker.small_site import SmallSite
from worker import colorizing, engine, outages, tasks, weights

FULL = OSError(errno.ENOSPC, "No space left on device")


class OutageTests(SmallSite, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_photo(self.owner)
        quick = mock.patch.object(outages, "ASK_EVERY_S", 0.0)
        quick.start()
        self.addCleanup(quick.stop)

    def run_task(self, *, fails: int) -> Job:
        """Color with a storage that fails the first times; what became of the job."""
        left = [FULL] * fails
        really = colorizing.colorize

        def colorize(claim: services.Claim) -> services.ColoredFiles:
            if left:
                raise left.pop()
            return really(claim)

        with mock.patch.object(colorizing, "colorize", colorize), self.assertLogs("worker", "WARNING"):
            tasks.color_claimed(services.claim(self.photo.jobs.get().pk, engine.worker_id()))
        return self.photo.jobs.get()

    def test_a_storage_that_comes_back_costs_no_attempt(self) -> None:
        job = self.run_task(fails=2)
        self.assertEqual((JobState.DONE, 1), (job.status, job.attempt))

    @mock.patch.object(outages, "PATIENCE_S", 0.05)
    def test_one_that_stays_away_gives_the_job_back_and_after_three_attempts_says_why(self) -> None:
        for attempt in (1, 2):
            job = self.run_task(fails=1_000_000)
            self.assertEqual((JobState.QUEUED, attempt), (job.status, job.attempt))
        job = self.run_task(fails=1_000_000)
        self.assertEqual(JobState.FAILED, job.status)
        self.assertIn("did not answer", job.error)

    def color_with_weights_away(self, *, fails: int) -> Job:
        """Color where the weights must come from a storage that fails the first times."""
        left = [ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")] * fails
        really = weights._stored

        def stored(version: ModelVersion) -> bytes:
            if left:
                raise left.pop()
            return really(version)

        elsewhere = override_settings(PHOTOLAB_WEIGHTS=self.data / "nowhere.safetensors")
        with elsewhere, mock.patch.object(weights, "_stored", stored), self.assertLogs("worker", "WARNING"):
            tasks.color_claimed(services.claim(self.photo.jobs.get().pk, engine.worker_id()))
        return self.photo.jobs.get()

    def test_weights_that_are_out_of_reach_are_waited_for(self) -> None:
        engine._engine.loaded = None
        job = self.color_with_weights_away(fails=2)
        self.assertEqual((JobState.DONE, 1), (job.status, job.attempt))

    def test_so_are_those_of_the_version_that_a_job_asks_for(self) -> None:
        self.make_set(self.staff, count=8)
        other = self.add_version(seed=2)
        Job.objects.update(settings={"model_version": other.number})
        job = self.color_with_weights_away(fails=2)
        self.assertEqual((JobState.DONE, 1, other), (job.status, job.attempt, job.result.model_version))

    @mock.patch.object(outages, "PATIENCE_S", 0.05)
    def test_weights_that_stay_out_of_reach_are_told_as_a_storage_that_is_away(self) -> None:
        engine._engine.loaded = None
        states = [self.color_with_weights_away(fails=1_000_000).status for _ in range(3)]
        self.assertEqual([JobState.QUEUED, JobState.QUEUED, JobState.FAILED], states)
        job = self.photo.jobs.get()
        self.assertIn("did not answer", job.error)
        self.assertEqual(Cause.OTHER, job.cause)

    def test_a_photo_that_is_gone_meanwhile_is_waited_for_no_longer(self) -> None:
        claim = services.claim(self.photo.jobs.get().pk, engine.worker_id())

        def colorize(_: services.Claim) -> None:
            Photo.objects.all().delete()
            raise FULL

        away = mock.patch.object(colorizing, "colorize", colorize)
        with away, self.assertLogs("worker", "WARNING"), self.assertRaises(outages.StillAway):
            outages.color_through(claim)
