"""The loop in earnest: a small network learns from small pictures, in the program that a training worker starts."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

import imagehash
from django.db import connection
from django.db.models.functions import Now
from django.test import override_settings
from django.urls import reverse

from colorizer.data import PhotoSet
from colorizer.reports import Ending, Outcome
from gallery import files, services
from gallery.keys import new_checkpoint_key, new_sample_keys
from gallery.models import (
    CollectedImage,
    JobState,
    ModelVersion,
    RunState,
    TrainingEvaluation,
    TrainingRun,
    VersionState,
    Worker,
)
from tests import pictures
from tests.base import GalleryRaceTestCase, as_upload
from tests.colorizer.drawings import landscape, write_zip
from tests.e2e.stack import running_processes, wait_until
from tests.gallery.test_upkeep import database_url
from tests.worker.small_site import SmallSite, make_weights
from worker import engine, heartbeat, retraining, tasks, trainer
from worker.snapshot import write_pictures
from worker.telling import Teller

QUICK = {"crop": 64, "batch_size": 4, "learning_rate": 1e-3}


class RetrainingTestCase(SmallSite, GalleryRaceTestCase):
    """The program that is started finds the same database, storage and settings."""

    def setUp(self) -> None:
        super().setUp()
        for name, count in (("base", 50), ("golden", 3)):
            write_zip(self.data / f"{name}.zip", count=count, size=(64, 64))
        self.facts["PHOTOLAB_BASE_CORPUS"] = self.data / "base.zip"
        self.facts["PHOTOLAB_GOLDEN"] = self.data / "golden.zip"
        overridden = override_settings(**self.facts)
        overridden.enable()
        self.addCleanup(overridden.disable)
        told = {name: str(path) for name, path in self.facts.items()} | {"DATABASE_URL": database_url()}
        patched = mock.patch.dict(os.environ, told)
        patched.start()
        self.addCleanup(patched.stop)
        heart = heartbeat.Heart()
        heart.start()
        self.addCleanup(heart.stop)
        for number, image in enumerate(self.make_set(self.staff, count=9)):
            (self.media / image.file_key).write_bytes(pictures.encoded(landscape(80, 72, seed=number)))

    def run_row(self) -> TrainingRun:
        return TrainingRun.objects.get()

    @contextmanager
    def a_worker_trains(self) -> Iterator[threading.Thread]:
        """In a thread, as the pool process's task."""

        def work() -> None:
            try:
                tasks.retrain()
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield thread
        finally:
            thread.join(timeout=120)
        self.assertFalse(thread.is_alive())

    def assert_nothing_left(self) -> None:
        self.assertEqual([], list((self.data / "training").glob("*")))
        self.assertEqual([], [name for name in self.stored_files() if "checkpoints" in name])


class WholeLoopTests(RetrainingTestCase):
    def test_a_training_whose_program_is_killed_ends_in_a_version_that_colors(self) -> None:
        self.start(steps=8, **QUICK)
        with mock.patch.object(trainer, "PROGRAM", ("-m", "tests.worker.eager_program")):
            self.assertGreater(self.kill_at_the_first_checkpoint(), 0)
            tasks.retrain()
        run, version = self.run_row(), ModelVersion.objects.get(number=2)
        self.assertEqual((RunState.SUCCEEDED, 2, 8, ""), (run.status, run.attempt, run.step, run.error))
        self.assertEqual((VersionState.CANDIDATE, run, 1), (version.status, version.run, version.parent.number))
        self.check_evaluations(run)
        self.check_what_is_told_of(version)
        self.assert_nothing_left()
        services.promote_version(version.pk, self.staff, reason="a test")
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg((96, 64)))).photo
        tasks.colorize()
        job = photo.jobs.get()
        self.assertEqual((JobState.DONE, version), (job.status, job.result.model_version))

    def kill_at_the_first_checkpoint(self) -> int:
        """The step then. Its worker lives, and leaves the run to whoever claims it next."""
        worker = engine.worker_id()
        with self.assertLogs("worker.trainer", "ERROR"), self.a_worker_trains():
            wait_until(lambda: self.run_row().checkpoint_key, within_s=180)
            os.kill(self.program(), signal.SIGKILL)
        run = self.run_row()
        self.assertEqual((RunState.RUNNING, 1, worker), (run.status, run.attempt, run.worker_id))
        self.assertIsNone(services.claim_run(engine.worker_id()), "it is silent soon, and not yet")
        Worker.objects.filter(pk=worker).update(beat_at=Now() - timedelta(seconds=11))
        return run.step

    def program(self) -> int:
        """The process of this one that trains; the one that reads pictures for it is its child."""
        parents = running_processes()
        mine = [pid for pid, parent in parents.items() if parent == os.getpid()]
        return next(pid for pid in mine if pid in parents.values())

    def check_evaluations(self, run: TrainingRun) -> None:
        """Those of the second attempt go on where the first one ended; all have the same held-out pictures."""
        samples = {evaluation.step: evaluation.sample_keys for evaluation in run.evaluations.all()}
        self.assertEqual(list(range(9)), list(samples))
        self.assertEqual({3}, {len(keys) for keys in samples.values()})
        self.assertLessEqual({key for keys in samples.values() for key in keys}, self.stored_files())
        attempts = [keys[0].split("/")[-2][0] for keys in samples.values()]
        self.assertEqual(sorted(attempts), attempts)
        self.assertEqual(["1", "1"], attempts[:2], "the second attempt began anew")
        self.assertIn("l1", run.points.last().losses)

    def check_what_is_told_of(self, version: ModelVersion) -> None:
        self.assertEqual({"holdout", "golden", ""}, {rule["photos"] for rule in version.gate})
        self.assertEqual(len(version.gate), len({rule["rule"] for rule in version.gate}))
        self.assertTrue(any(rule["passed"] for rule in version.gate))
        for ways in version.metrics.values():
            self.assertEqual({"grey", "active", "candidate", "truth"}, ways.keys())
            self.assertLess(ways["truth"]["ciede2000"], ways["candidate"]["ciede2000"])
        self.assertEqual((6, ""), (version.card["data"]["new-train"], version.card["limits"]))
        self.assertGreater(version.card["data"]["base-train"], 40)
        self.assertEqual(version.parent, version.compared_with)
        self.assertEqual(3, len({pair["photograph"] for pair in version.comparisons}))
        keys = [pair[f"{name}_key"] for pair in version.comparisons for name in ("candidate", "active", "grey")]
        self.assertEqual(9, len(set(keys) & self.stored_files()))
        self.assertGreater(version.comparisons[0]["active_error"], 0)


class GateTests(RetrainingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.first, self.second = self.add_version(seed=2), self.add_version(seed=3)
        services.promote_version(self.first.pk, self.staff, reason="a test")

    def test_a_candidate_is_put_to_the_gate_again_beside_the_version_that_is_active_now(self) -> None:
        run = services.start_judging(self.second, self.staff)
        retraining.retrain(self.claimed_run())
        run.refresh_from_db()
        self.assertEqual((RunState.SUCCEEDED, "", 3, 3), (run.status, run.error, run.step, run.steps))
        version = ModelVersion.objects.get(pk=self.second.pk)
        self.assertEqual((self.first, VersionState.CANDIDATE), (version.compared_with, version.status))
        self.assertEqual({"golden", ""}, {rule["photos"] for rule in version.gate if rule["passed"] is not None})
        self.assertEqual({"golden"}, version.metrics.keys())
        keys = {pair[f"{name}_key"] for pair in version.comparisons for name in ("candidate", "active", "grey")}
        self.assertEqual((9, set()), (len(keys), keys - self.stored_files()))

    def test_with_nothing_to_compare_by_the_verdict_stays_as_it_was(self) -> None:
        services.start_judging(self.second, self.staff)
        with override_settings(PHOTOLAB_GOLDEN=None), self.assertLogs("worker.retraining", "ERROR"):
            retraining.retrain(self.claimed_run())
        self.assertIn("There is nothing to compare by", self.error_of_the_last_run())
        self.assertEqual([], ModelVersion.objects.get(pk=self.second.pk).gate)

    def test_an_outcome_is_kept_although_the_active_version_cannot_be_loaded_any_more(self) -> None:
        files.delete([self.first.weights_key])
        shutil.rmtree(self.data / "weights", ignore_errors=True)
        self.start(**QUICK)
        claim = self.claimed_run()
        made = self.data / "step-8.safetensors"
        make_weights(made, seed=4)
        teller = Teller(claim, self.data)
        retraining.finish(claim, Outcome(Ending.FINISHED, 8, made), {}, teller, rehearsed=True)
        version = ModelVersion.objects.latest("number")
        self.assertEqual(
            (4, [], None, ""), (version.number, version.gate, version.compared_with, version.card["limits"])
        )
        self.assertIn("The outcome is kept", self.error_of_the_last_run())
        self.assertIn("never put to the gate", services.why_not_promoted(version, self.first))
        self.assertEqual("", services.why_not_judged_again(version, self.first))
        self.client.force_login(self.staff)
        page = self.client.get(reverse("admin:gallery_modelversion_change", args=[version.pk]))
        self.assertContains(page, "The outcome is kept")
        self.assertContains(page, "Put it to the gate now")

    def error_of_the_last_run(self) -> str:
        return TrainingRun.objects.latest("pk").error


class EndedTests(RetrainingTestCase):
    def test_a_golden_set_that_is_not_there_ends_a_run_before_it_has_learned_anything(self) -> None:
        self.start(**QUICK)
        with override_settings(PHOTOLAB_GOLDEN=self.data / "nowhere"), self.assertLogs("worker.retraining", "ERROR"):
            retraining.retrain(self.claimed_run())
        run = self.run_row()
        self.assertEqual((RunState.FAILED, 0, 0), (run.status, run.step, run.evaluations.count()))
        self.assertIn("nowhere", run.error)

    def test_weights_that_cannot_be_loaded_end_a_run_before_it_has_learned_anything(self) -> None:
        """Those that it starts from, or those of another version that is active by then."""
        for is_base in (True, False):
            with self.subTest(is_base=is_base):
                version = self.add_version(seed=7 + is_base)
                run = self.start(**QUICK)
                services.promote_version(version.pk, self.staff, reason="a test")
                if is_base:
                    services.cancel_run(run.pk)
                    run = self.start(**QUICK)
                files.delete([version.weights_key])
                shutil.rmtree(self.data / "weights", ignore_errors=True)
                with self.assertLogs("worker.retraining", "ERROR"):
                    retraining.retrain(self.claimed_run())
                run.refresh_from_db()
                self.assertEqual((RunState.FAILED, 0), (run.status, run.evaluations.count()))
                self.assertIn(f"The weights of {version} are not in the storage any more. Put the file back", run.error)
                services.promote_version(ModelVersion.objects.get(number=1).pk, self.staff)

    def test_what_is_of_the_golden_set_is_not_learned_from(self) -> None:
        self.start(**QUICK)
        claim = self.claimed_run()
        golden = PhotoSet(self.data / "golden.zip")
        digest = services.freeze_snapshot(claim).train[0].digest
        CollectedImage.objects.filter(digest=digest).update(phash=str(imagehash.phash(golden.open(1))))
        snapshot = services.freeze_snapshot(claim)
        with self.assertLogs("worker.snapshot", "WARNING"):
            train, _ = write_pictures(snapshot, self.data / "some", Teller(claim, self.data), golden=golden)
        self.assertEqual({f"{one.digest}.jpg" for one in snapshot.train} - set(train.names), {f"{digest}.jpg"})

    def test_what_killed_attempts_have_left_goes_and_what_is_trained_on_stays(self) -> None:
        run = self.start()
        self.claimed_run()
        names = [f"{run.pk}-0", f"{run.pk}-1", f"{run.pk + 1}-1"]
        for name in names:
            (self.data / "training" / name / "pictures").mkdir(parents=True)
        tasks.retrain()
        self.assertEqual([names[1]], [path.name for path in (self.data / "training").iterdir()])
        services.cancel_run(run.pk)
        tasks.retrain()
        self.assert_nothing_left()

    def test_a_canceled_training_ends_within_ten_seconds_and_leaves_nothing(self) -> None:
        run = self.start(steps=2000, **QUICK)
        with self.a_worker_trains() as thread:
            wait_until(lambda: self.run_row().stage, within_s=180)
            services.cancel_run(run.pk)
            began = time.monotonic()
            thread.join(timeout=20)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(RunState.CANCELLED, self.run_row().status)
        self.assertEqual(1, ModelVersion.objects.count())
        self.assert_nothing_left()

    def test_a_program_that_is_ended_while_it_clears_up_leaves_no_checkpoints(self) -> None:
        run = self.start()
        claim = self.claimed_run()
        self.assertTrue(services.fail_run(claim, "It is over."))
        files.store(new_checkpoint_key(run.pk, 1), b"what it had not removed yet")
        with mock.patch.object(trainer, "PROGRAM", ("-c", "import time; time.sleep(60)")):
            self.assertIs(trainer.train(claim), trainer.Ended.SETTLED)
        self.assert_nothing_left()

    def test_a_program_that_breaks_fails_its_run_in_plain_words(self) -> None:
        self.start()
        with mock.patch.object(trainer, "PROGRAM", ("-c", "raise SystemExit(1)")):
            tasks.retrain()
        self.assertEqual((RunState.FAILED, trainer.UNEXPECTED), (self.run_row().status, self.run_row().error))

    def test_samples_that_an_ended_attempt_did_not_tell_of_go(self) -> None:
        run = self.start()
        told, untold, newer = (new_sample_keys(run.pk, attempt, step=1, count=2) for attempt in (1, 1, 2))
        for key in (*told, *untold, *newer):
            files.store(key, b"sample")
        TrainingEvaluation.objects.create(run=run, step=1, figures={}, sample_keys=told)
        with mock.patch.object(trainer, "PROGRAM", ("-c", "raise SystemExit(1)")):
            tasks.retrain()
        self.assertEqual({*told, *newer}, {name for name in self.stored_files() if "samples" in name})

    def test_a_program_ended_for_want_of_memory_fails_its_run_with_what_to_lower(self) -> None:
        self.start()
        killed = mock.patch.object(trainer, "PROGRAM", ("-c", "import os; os.kill(os.getpid(), 9)"))
        with killed, mock.patch.object(trainer, "_oom_kills", side_effect=[3, 4]):
            tasks.retrain()
        self.assertEqual((RunState.FAILED, trainer.NO_MEMORY), (self.run_row().status, self.run_row().error))
