"""What a training says while its storage is away: it goes on where it can, waits where it cannot, and tells so."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from django.core.files.storage import default_storage
from PIL import Image

from colorizer.config import HOLDOUT
from colorizer.reports import Evaluated, Progress
from colorizer.sheet import HEADER
from gallery import services
from gallery.models import TrainingRun
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows
from worker import telling
from worker.telling import ClaimLost, Teller


class JudgingTests(TrainingRows, GalleryTestCase):
    def test_how_many_photographs_there_are_is_told_once_it_is_known(self) -> None:
        self.make_shipped()
        self.make_set(self.staff)
        version, other = self.make_trained(), self.make_trained()
        services.promote_version(other.pk, self.staff)
        run = services.start_judging(version, self.staff)
        teller = Teller(self.claimed_run(), self.media)
        told = []
        for tell in (
            lambda: teller.begin(telling.PREPARING),
            lambda: teller.compared(4, 40, began=time.monotonic()),
        ):
            with mock.patch.object(telling, "TELL_EVERY_S", 0.0), mock.patch.object(telling, "close_old_connections"):
                tell()
            run.refresh_from_db()
            told.append((run.stage, run.step, run.steps))
        self.assertEqual([(telling.PREPARING, 0, 0), (telling.COMPARING, 4, 40)], told)


class TellerTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        # The connection of a test has to stay open.
        for name, value in (("TELL_EVERY_S", 0.0), ("KEEP_EVERY_S", 0.0), ("close_old_connections", lambda: None)):
            patched = mock.patch.object(telling, name, value)
            patched.start()
            self.addCleanup(patched.stop)
        self.make_shipped()
        self.make_set(self.staff)
        self.start(steps=40)
        self.claim = self.claimed_run()
        self.folder = self.media.parent / "run"
        self.folder.mkdir()
        self.teller = Teller(self.claim, self.folder)

    @contextmanager
    def storage_away(self) -> Iterator[None]:
        """A file stands where its folder was, as an unplugged disk leaves things."""
        aside = self.media.with_name("aside")
        self.media.rename(aside)
        self.media.write_bytes(b"")
        try:
            yield
        finally:
            self.media.unlink()
            aside.rename(self.media)

    def run_row(self) -> TrainingRun:
        return TrainingRun.objects.get()

    def step(self, number: int) -> None:
        self.teller.step_done(Progress("fine-tuning", number, 40, {"l1": 1.0}, 8.0, 60.0))

    def evaluate(self, number: int) -> None:
        sheet = self.folder / f"step-{number:05}.png"
        Image.new("RGB", (3 * 32, HEADER + 32), "red").save(sheet)
        figures = {HOLDOUT: {"generator": {"ciede2000": 9.0 - number / 10}}}
        self.teller.evaluated(Evaluated(number, figures, {HOLDOUT: sheet}))

    def learn(self) -> None:
        (self.folder / "state.safetensors").write_bytes(time.monotonic().hex().encode())

    def test_samples_and_checkpoints_wait_for_the_storage_and_the_training_goes_on(self) -> None:
        with self.storage_away(), self.assertLogs("worker.telling", "WARNING"), self.assertLogs("gallery.files"):
            self.learn()
            self.evaluate(10)
            self.step(11)
            self.evaluate(20)
            self.step(21)
            run = self.run_row()
            self.assertEqual((run.step, run.checkpoint_key, run.evaluations.count()), (21, "", 0))
            self.assertIn("The training goes on; samples and checkpoints wait for the storage.", run.trouble)
        self.step(22)
        self.step(23)
        run = self.run_row()
        self.assertEqual((run.trouble, [one.step for one in run.evaluations.all()]), ("", [10, 20]))
        kept = {run.checkpoint_key, *(key for one in run.evaluations.all() for key in one.sample_keys)}
        self.assertEqual((len(kept), kept - self.stored_files()), (3, set()))

    def test_at_the_end_of_a_training_what_waits_is_stored(self) -> None:
        self.learn()
        with self.storage_away(), self.assertLogs("worker.telling", "WARNING"), self.assertLogs("gallery.files"):
            self.evaluate(40)
        self.teller.settle()
        run = self.run_row()
        self.assertEqual((run.evaluations.count(), bool(run.checkpoint_key)), (1, True))

    def test_what_cannot_be_done_without_the_storage_is_tried_again_and_told(self) -> None:
        tries: list[str] = []

        def store() -> str:
            tries.append(self.run_row().trouble)
            if len(tries) < 3:
                raise OSError("no route to host")
            return "stored"

        with mock.patch.object(telling, "ASK_STORAGE_EVERY_S", 0.0), self.assertLogs("worker.telling", "WARNING"):
            self.assertEqual("stored", self.teller.insist(store))
        self.assertEqual(["", tries[1], tries[1]], tries)
        self.assertRegex(tries[1], r"no route to host\)\. It is tried again until \d\d:\d\d UTC\.")
        self.teller.begin("Storing")
        self.assertEqual("", self.run_row().trouble)

    def test_after_some_minutes_the_storage_is_not_waited_for(self) -> None:
        with (
            mock.patch.object(telling, "ASK_STORAGE_EVERY_S", 0.01),
            mock.patch.object(telling, "STORAGE_PATIENCE_S", 0.05),
            self.assertLogs("worker.telling", "WARNING"),
            self.storage_away(),
            self.assertRaises(OSError),
        ):
            self.teller.insist(lambda: default_storage.open("a/b"))

    def test_a_file_that_is_not_there_is_not_waited_for(self) -> None:
        with self.assertRaises(FileNotFoundError):
            self.teller.insist(lambda: default_storage.open("a/b"))

    def test_a_run_that_waits_for_the_storage_can_be_canceled(self) -> None:
        services.cancel_run(self.claim.run_id)
        with self.storage_away(), self.assertLogs("worker.telling", "WARNING"), self.assertRaises(ClaimLost):
            self.teller.insist(lambda: default_storage.open("a/b"))
