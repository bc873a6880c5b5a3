"""The rescuer: what it takes up again, what it gives up, and what it leaves alone."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from threading import Event

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models.functions import Now

from gallery import services, upkeep
from gallery.management.commands.upkeep import repeat
from gallery.models import CollectedImage, Job, JobState, Removal, Worker
from tests.base import GalleryRaceTestCase, GalleryTestCase
from tests.broker import RealBroker
from tests.gallery.training_rows import TrainingRows


def silence(worker: Worker, seconds: float) -> None:
    Worker.objects.filter(pk=worker.pk).update(beat_at=Now() - timedelta(seconds=seconds))


def database_url() -> str:
    """The tests' own database, for another process."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    return f"postgres://{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"


class RescueTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_photo(self.owner)
        self.worker = self.make_worker()

    def job(self) -> Job:
        return self.photo.jobs.latest("id")

    def test_each_pass_leaves_its_time_where_a_health_check_looks(self) -> None:
        upkeep.LAST_PASS.touch()
        os.utime(upkeep.LAST_PASS, (0, 0))
        upkeep.run_pass()
        self.assertLess(time.time() - upkeep.LAST_PASS.stat().st_mtime, 60)
        place = upkeep.LAST_PASS.relative_to(settings.PHOTOLAB_DATA)
        self.assertIn(f"find /data/{place} -mmin", (settings.BASE_DIR / "docker-compose.yml").read_text())

    def test_the_job_of_a_silent_worker_goes_back_to_the_queue(self) -> None:
        claim = self.claimed(self.photo, self.worker)
        silence(self.worker, 11)
        self.assertEqual(upkeep.run_pass().requeued, 1)
        self.assertEqual((self.job().status, self.job().worker), (JobState.QUEUED, None))
        self.assertFalse(services.finish(claim, self.stored_output(claim)))

    def test_the_job_of_a_worker_that_is_gone_goes_back_to_the_queue(self) -> None:
        self.claimed(self.photo, self.worker)
        services.retire_worker(self.worker.pk)
        self.assertEqual(upkeep.run_pass().requeued, 1)
        self.assertEqual(self.job().status, JobState.QUEUED)

    def test_a_worker_that_beats_keeps_its_job_however_long_it_takes(self) -> None:
        self.claimed(self.photo, self.worker)
        Job.objects.update(claimed_at=Now() - timedelta(hours=1))
        silence(self.worker, 8)
        self.assertEqual(upkeep.run_pass().requeued, 0)
        self.assertEqual(self.job().status, JobState.RUNNING)

    def test_the_third_lost_worker_is_the_last(self) -> None:
        for attempt in (1, 2, 3):
            worker = self.make_worker(f"host:{attempt}")
            self.assertEqual(self.claimed(self.photo, worker).attempt, attempt)
            silence(worker, 11)
            done = upkeep.run_pass()
            self.assertEqual((done.requeued, done.given_up), (1, 0) if attempt < 3 else (0, 1))
        self.assertEqual((self.job().status, self.job().error), (JobState.FAILED, upkeep.GIVEN_UP))

    def test_what_the_last_lost_worker_had_stored_goes_with_it(self) -> None:
        Job.objects.update(attempt=2)
        self.stored_output(self.claimed(self.photo, self.worker))
        silence(self.worker, 11)
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(upkeep.run_pass().given_up, 1)
        self.assertEqual({name for name in self.stored_files() if name.startswith("results/")}, set())

    def test_a_photo_given_up_can_be_tried_again(self) -> None:
        self.test_the_third_lost_worker_is_the_last()
        self.assertEqual(services.retry_photo(self.photo.pk).attempt, 0)

    def test_ended_jobs_are_left_alone(self) -> None:
        claim = self.claimed(self.photo, self.worker)
        services.finish(claim, self.stored_output(claim))
        services.retire_worker(self.worker.pk)
        self.assertFalse(upkeep.run_pass())

    def test_two_passes_at_once_do_no_harm(self) -> None:
        self.claimed(self.photo, self.worker)
        silence(self.worker, 11)
        upkeep.run_pass()
        self.assertFalse(upkeep.run_pass())
        self.assertEqual((self.job().status, self.job().attempt), (JobState.QUEUED, 1))

    def test_workers_silent_for_an_hour_and_old_removals_are_forgotten(self) -> None:
        silence(self.worker, 3601)
        quiet = self.make_worker("host:2")
        silence(quiet, 3000)
        services.delete_photos([self.photo.pk])
        upkeep.run_pass()
        self.assertTrue(Removal.objects.exists())
        Removal.objects.update(removed_at=Now() - timedelta(seconds=61))
        upkeep.run_pass()
        self.assertEqual(list(Worker.objects.all()), [quiet])
        self.assertFalse(Removal.objects.exists())


class TemporaryFileTests(GalleryTestCase):
    def test_what_killed_processes_left_goes_after_an_hour(self) -> None:
        old, new = (settings.PHOTOLAB_TMP / f"photolab-test-{age}" for age in ("old", "new"))
        for folder in (old, new):
            folder.mkdir(parents=True)
            (folder / "pixels.raw").write_bytes(b"x")
            self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        hours_ago = time.time() - 2 * upkeep.TEMPORARY_FOR_S
        os.utime(old, (hours_ago, hours_ago))
        upkeep.run_pass()
        self.assertFalse(old.exists())
        self.assertTrue((new / "pixels.raw").exists())


class RingTests(RealBroker, GalleryTestCase):
    def test_it_rings_for_a_worker_that_idles_beside_waiting_jobs(self) -> None:
        for mark in range(3):
            self.make_photo(self.owner, mark=mark)
        self.make_worker()
        self.assertEqual(upkeep.run_pass().rung, 3)
        self.assertEqual(self.messages(), 3)

    def test_messages_do_not_pile_up_while_nobody_hears_them(self) -> None:
        for mark in range(3):
            self.make_photo(self.owner, mark=mark)
        self.assertFalse(upkeep.run_pass())
        silence(self.make_worker(), 11)
        self.assertFalse(upkeep.run_pass())
        self.assertEqual(self.messages(), 0)

    def test_messages_do_not_pile_up_while_all_workers_are_busy(self) -> None:
        self.claimed(self.make_photo(self.owner), self.make_worker())
        self.make_photo(self.owner, mark=1)
        self.assertFalse(upkeep.run_pass())

    def test_it_rings_some_at_most(self) -> None:
        self.make_worker()
        for mark in range(3):
            self.make_photo(self.owner, mark=mark)
        self.addCleanup(setattr, upkeep, "RING_AT_MOST", upkeep.RING_AT_MOST)
        upkeep.RING_AT_MOST = 2
        self.assertEqual(upkeep.run_pass().rung, 2)

    def test_jobs_that_waited_for_the_broker_are_rung_when_it_is_back(self) -> None:
        self.make_photo(self.owner)
        self.make_worker()
        self.broker_goes_away()
        self.assertFalse(upkeep.run_pass())
        self.broker_comes_back()
        self.assertEqual(upkeep.run_pass().rung, 1)


class TrainerRingTests(TrainingRows, RealBroker, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_shipped()
        self.make_set(self.staff)
        self.start()

    def test_it_rings_for_a_trainer_that_idles_beside_a_waiting_run(self) -> None:
        self.make_worker()
        self.assertEqual(upkeep.run_pass().trainers_rung, 0)
        self.make_trainer()
        self.assertEqual(upkeep.run_pass().trainers_rung, 1)

    def test_it_rings_for_a_run_that_was_left_and_not_for_one_that_is_held(self) -> None:
        worker = self.make_trainer()
        self.claimed_run(worker)
        self.make_trainer("host:idle")
        self.start()
        self.assertEqual(upkeep.run_pass().trainers_rung, 0)
        silence(worker, 11)
        self.assertEqual(upkeep.run_pass().trainers_rung, 1)


class CommandTests(GalleryRaceTestCase):
    def test_once_is_one_pass(self) -> None:
        worker = self.make_worker()
        silence(worker, 3601)
        call_command("upkeep", once=True)
        self.assertFalse(Worker.objects.exists())

    def test_a_disk_or_a_database_in_trouble_is_told_and_tried_again(self) -> None:
        for trouble in (OSError(errno.ENOSPC, "No space left on device"), OperationalError("gone")):
            stop, outcomes = Event(), [trouble, None]

            def act(stop: Event = stop, outcomes: list[Exception | None] = outcomes) -> None:
                if outcome := outcomes.pop(0):
                    raise outcome
                stop.set()

            with self.assertLogs("gallery.management.commands.upkeep", "ERROR"):
                repeat(act, stop, 0.01)
            self.assertEqual(outcomes, [])

    def test_an_error_that_nobody_foresaw_ends_all_parts(self) -> None:
        stop = Event()
        with self.assertRaises(KeyError):
            repeat({}.popitem, stop, 0.01)
        self.assertTrue(stop.is_set())

    def test_the_loop_rescues_and_collects_within_seconds_and_ends_on_request(self) -> None:
        photo = self.make_photo(self.owner)
        self.make_photo(self.friend, mark=1, has_color=True)
        services.give_consent(self.friend)
        worker = self.make_worker()
        self.claimed(photo, worker)
        loop = subprocess.Popen(
            [sys.executable, "manage.py", "upkeep"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": database_url(), "REDIS_URL": "redis://127.0.0.1:1/0"},
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(loop.kill)
        silence(worker, 11)
        deadline = time.monotonic() + 15
        while photo.jobs.get().status == JobState.RUNNING and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(photo.jobs.get().status, JobState.QUEUED)
        while not CollectedImage.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(CollectedImage.objects.get().owner, self.friend)
        loop.send_signal(signal.SIGTERM)
        self.assertEqual(loop.wait(timeout=5), 0)
