"""A training run from start to end, and the fence that keeps out a worker thought dead."""

from gallery import files, services, upkeep
from gallery.keys import new_checkpoint_key, new_sample_keys
from gallery.models import Admission, CollectedImage, RunState, Side, TrainingPoint, TrainingRun, VersionState, Worker
from gallery.services import Heard, Progress, RunSettings, TrainingRefused
from gallery.services.runs import MOST_POINTS
from tests.base import GalleryTestCase
from tests.gallery.test_upkeep import silence
from tests.gallery.training_rows import TrainingRows


def progress(step: int, **losses: float) -> Progress:
    return Progress("decoder", step, 100, pictures_per_s=8.0, eta_s=60.0, losses=losses)


class RunTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.images = self.make_set(self.staff)

    def only_run(self) -> TrainingRun:
        return TrainingRun.objects.get()


class StartTests(RunTestCase):
    def test_a_run_waits_with_who_and_why_and_frozen_settings(self) -> None:
        settings = RunSettings(steps=9, adversarial=True)
        run = services.start_run(self.staff, settings, note=" forests ")
        self.assertEqual((run.status, run.started_by, run.note, run.steps), ("queued", self.staff, "forests", 9))
        self.assertEqual((RunSettings.of_row(run), run.base_version, run.takes_all), (settings, self.base, True))

    def test_a_second_start_while_one_runs_waits_and_a_third_is_refused(self) -> None:
        self.start()
        self.claimed_run()
        waiting = self.start()
        with self.assertRaisesMessage(TrainingRefused, "waits already"):
            self.start()
        self.assertEqual(TrainingRun.objects.filter(status=RunState.QUEUED).get(), waiting)

    def test_the_plan_counts_what_is_usable(self) -> None:
        services.exclude_images([self.images[0].pk], self.staff)
        plan = services.plan_run(RunSettings(), image_ids=[image.pk for image in self.images])
        self.assertEqual((plan.selected, plan.usable, plan.train, plan.holdout), (12, 11, 8, 3))
        self.assertEqual((plan.base, plan.problems), (self.base, ()))

    def test_too_few_pictures_are_refused_with_the_number(self) -> None:
        with self.assertRaisesMessage(TrainingRefused, "Only 5 of the pictures are usable; at least 8 are needed."):
            services.start_run(None, RunSettings(), image_ids=[image.pk for image in self.images[:5]])
        self.assertFalse(TrainingRun.objects.exists())

    def test_settings_out_of_bounds_are_refused(self) -> None:
        for wrong in ({"steps": 0}, {"learning_rate": 0.5}, {"base_share": 1.0}, {"learning_rate": float("nan")}):
            with self.subTest(wrong), self.assertRaises(TrainingRefused):
                self.start(**wrong)

    def test_nothing_to_start_from_is_refused(self) -> None:
        type(self.base).objects.all().delete()
        with self.assertRaisesMessage(TrainingRefused, "no active model"):
            self.start()


class ClaimTests(RunTestCase):
    def test_a_claim_carries_what_a_worker_needs(self) -> None:
        run = self.start(steps=50)
        worker = self.make_trainer()
        claim = services.claim_run(worker.pk)
        self.assertEqual((claim.run_id, claim.attempt, claim.worker_id), (run.pk, 1, worker.pk))
        self.assertEqual((claim.settings.steps, claim.base, claim.checkpoint_key), (50, self.base, ""))

    def test_it_ignores_a_second_delivery(self) -> None:
        self.start()
        self.claimed_run()
        self.assertIsNone(services.claim_run(self.make_trainer("host:2").pk))
        self.assertEqual(self.only_run().attempt, 1)

    def test_a_waiting_run_begins_when_the_one_before_it_has_ended(self) -> None:
        self.start()
        claim = self.claimed_run()
        second = self.start()
        self.assertIsNone(services.claim_run(self.make_trainer().pk))
        services.fail_run(claim, "no luck")
        self.assertEqual(self.claimed_run().run_id, second.pk)

    def test_a_silent_run_is_resumed_from_its_checkpoint_before_a_waiting_one_begins(self) -> None:
        run = self.start()
        worker = self.make_trainer()
        late = self.claimed_run(worker)
        services.keep_checkpoint(late, "training/1/checkpoints/1-x")
        self.start()
        silence(worker, 11)
        claim = self.claimed_run()
        self.assertEqual((claim.run_id, claim.attempt), (run.pk, 2))
        self.assertEqual(claim.checkpoint_key, "training/1/checkpoints/1-x")

    def test_a_worker_thought_dead_that_comes_back_late_changes_nothing(self) -> None:
        self.start()
        worker = self.make_trainer()
        late = self.claimed_run(worker)
        services.retire_worker(worker.pk)
        self.claimed_run()
        self.assertEqual(services.report_progress(late, progress(9, l1=1.0)), Heard.LOST)
        self.assertEqual(services.listen(late), Heard.LOST)
        self.assertFalse(services.keep_checkpoint(late, "late"))
        self.assertFalse(services.record_evaluation(late, 9, figures={}, sample_keys=[]))
        self.assertIsNone(services.freeze_snapshot(late))
        self.assertFalse(services.fail_run(late, "too late"))
        self.assertIsNone(services.finish_run(late, self.new_version()))
        run = self.only_run()
        self.assertEqual((run.status, run.step, run.checkpoint_key, run.error), ("running", 0, "", ""))


class ReportTests(RunTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.run_row = self.start()
        self.claim = self.claimed_run()

    def test_progress_is_seen_and_losses_become_a_curve(self) -> None:
        self.assertEqual(services.report_progress(self.claim, progress(10, l1=0.5)), Heard.GO_ON)
        services.report_progress(self.claim, progress(12))
        run = self.only_run()
        self.assertEqual((run.stage, run.step, run.steps, run.eta_s), ("decoder", 12, 100, 60.0))
        self.assertEqual([(p.step, p.losses) for p in run.points.all()], [(10, {"l1": 0.5})])

    def test_what_a_lost_attempt_had_told_of_later_steps_goes(self) -> None:
        for step in (10, 20, 30):
            services.report_progress(self.claim, progress(step, l1=step))
        services.report_progress(self.claim, progress(20, l1=7.0))
        self.assertEqual([(p.step, p.losses["l1"]) for p in self.only_run().points.all()], [(10, 10.0), (20, 7.0)])

    def test_curves_are_thinned_and_keep_their_ends(self) -> None:
        TrainingPoint.objects.bulk_create(
            TrainingPoint(run=self.run_row, step=step, losses={"l1": 1.0}) for step in range(MOST_POINTS)
        )
        services.report_progress(self.claim, progress(1000, l1=1.0))
        steps = [point.step for point in self.run_row.points.all()]
        self.assertEqual((steps[0], steps[-1], len(steps)), (0, 1000, MOST_POINTS // 2 + 1))

    def test_a_loss_that_is_no_number_is_a_gap(self) -> None:
        services.report_progress(self.claim, progress(1, l1=float("nan"), gan=float("inf"), bins=2.0))
        self.assertEqual(self.run_row.points.get().losses, {"l1": None, "gan": None, "bins": 2.0})

    def test_an_evaluation_replaces_those_of_a_lost_attempt_and_their_files(self) -> None:
        stored = []
        for _ in range(2):
            keys = new_sample_keys(self.claim.run_id, 1, step=5, count=2)
            for key in keys:
                files.store(key, b"sample")
            stored.append(keys)
            with self.captureOnCommitCallbacks(execute=True):
                services.record_evaluation(self.claim, 5, figures={"ciede2000": 9.0}, sample_keys=keys)
        self.assertEqual(self.run_row.evaluations.get().sample_keys, stored[1])
        self.assertEqual({key for key in self.stored_files() if "samples" in key}, set(stored[1]))

    def record_samples(self, step: int) -> set[str]:
        """The samples that are there then."""
        keys = new_sample_keys(self.claim.run_id, 1, step=step, count=2)
        for key in keys:
            files.store(key, b"sample")
        with self.captureOnCommitCallbacks(execute=True):
            self.assertTrue(services.record_evaluation(self.claim, step, figures={}, sample_keys=keys))
        told = {key for keys in self.run_row.evaluations.values_list("sample_keys", flat=True) for key in keys}
        self.assertEqual(told, {key for key in self.stored_files() if "samples" in key})
        return told

    def withdraw(self, side: Side) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_images([self.run_row.snapshot.filter(side=side).first().collected_id], self.staff)

    def test_samples_go_with_a_held_out_picture_that_is_withdrawn_and_none_are_added(self) -> None:
        services.freeze_snapshot(self.claim)
        self.assertEqual(2, len(self.record_samples(5)))
        self.withdraw(Side.TRAIN)
        self.assertEqual(4, len(self.record_samples(10)))
        self.withdraw(Side.HOLDOUT)
        self.assertEqual(set(), self.record_samples(15))
        self.assertEqual(3, self.run_row.evaluations.count())

    def test_a_newer_checkpoint_removes_the_one_before(self) -> None:
        keys = [new_checkpoint_key(self.claim.run_id, 1) for _ in range(2)]
        for key in keys:
            files.store(key, b"checkpoint")
            with self.captureOnCommitCallbacks(execute=True):
                self.assertTrue(services.keep_checkpoint(self.claim, key))
        self.assertEqual({key for key in self.stored_files() if "checkpoints" in key}, {keys[1]})


class EndTests(RunTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.claim = self.claimed_run()

    def store_checkpoint(self) -> None:
        for key in (new_checkpoint_key(self.claim.run_id, 1), new_checkpoint_key(self.claim.run_id, 1)):
            files.store(key, b"checkpoint")  # the second by a worker that was killed before it could say so
        services.keep_checkpoint(self.claim, key)

    def checkpoints(self) -> set[str]:
        return {key for key in self.stored_files() if "checkpoints" in key}

    def test_a_finished_run_has_made_a_candidate(self) -> None:
        self.store_checkpoint()
        new = self.new_version()
        with self.captureOnCommitCallbacks(execute=True):
            version = services.finish_run(self.claim, new, ended_early="The colors ran away at step 80.")
        self.assertEqual((version.number, version.status, version.parent), (2, VersionState.CANDIDATE, self.base))
        self.assertEqual(
            (version.digest, version.weights_key, version.run), (new.digest, new.weights_key, self.only_run())
        )
        run = self.only_run()
        self.assertEqual((run.status, run.error), ("succeeded", "The colors ran away at step 80."))
        self.assertIsNotNone(run.ended_at)
        self.assertEqual(self.checkpoints(), set())
        self.assertIn(new.weights_key, self.stored_files())

    def test_a_second_finish_adds_no_second_version(self) -> None:
        services.finish_run(self.claim, self.new_version())
        self.assertIsNone(services.finish_run(self.claim, self.new_version()))
        self.assertEqual(self.base.children.count(), 1)

    def test_weights_that_are_there_already_are_no_version(self) -> None:
        new = self.new_version()
        same = services.NewVersion(name="same", digest=self.base.digest, weights_key=new.weights_key)
        with self.assertRaisesMessage(TrainingRefused, "changed nothing"):
            services.finish_run(self.claim, same)
        self.assertTrue(services.fail_run(self.claim, "The run has changed nothing."))

    def test_a_failure_keeps_its_reason(self) -> None:
        self.store_checkpoint()
        with self.captureOnCommitCallbacks(execute=True):
            self.assertTrue(services.fail_run(self.claim, "There was too little memory."))
        self.assertEqual((self.only_run().status, self.only_run().error), ("failed", "There was too little memory."))
        self.assertEqual(self.checkpoints(), set())

    def test_a_canceled_run_is_heard_of_at_the_next_report(self) -> None:
        self.store_checkpoint()
        with self.captureOnCommitCallbacks(execute=True):
            self.assertTrue(services.cancel_run(self.claim.run_id))
        self.assertEqual(services.listen(self.claim), Heard.OVER)
        self.assertEqual(services.report_progress(self.claim, progress(3, l1=1.0)), Heard.OVER)
        self.assertIsNone(services.finish_run(self.claim, self.new_version()))
        self.assertFalse(services.cancel_run(self.claim.run_id))
        self.assertEqual((self.only_run().status, self.checkpoints()), ("cancelled", set()))
        self.assertFalse(TrainingPoint.objects.exists())

    def test_a_canceled_run_is_not_resumed(self) -> None:
        services.cancel_run(self.claim.run_id)
        Worker.objects.all().delete()
        self.assertIsNone(services.claim_run(self.make_trainer().pk))


class UpkeepTests(RunTestCase):
    def test_the_third_lost_worker_is_the_last(self) -> None:
        self.start()
        for attempt in (1, 2, 3):
            worker = self.make_trainer(f"host:{attempt}")
            self.assertEqual(self.claimed_run(worker).attempt, attempt)
            silence(worker, 11)
            self.assertEqual(upkeep.run_pass().runs_given_up, int(attempt == 3))
        self.assertEqual((self.only_run().status, self.only_run().error), (RunState.FAILED, upkeep.RUN_GIVEN_UP))

    def test_a_run_without_attempts_left_is_not_resumed(self) -> None:
        self.start()
        worker = self.make_trainer()
        self.claimed_run(worker)
        TrainingRun.objects.update(attempt=3)
        silence(worker, 11)
        self.assertIsNone(services.claim_run(self.make_trainer("host:2").pk))

    def test_attempts_that_a_stopped_worker_gave_back_are_not_counted(self) -> None:
        self.start()
        for attempt in (1, 2, 3, 4):
            worker = self.make_trainer(f"host:{attempt}")
            claim = self.claimed_run(worker)
            self.assertEqual(claim.attempt, attempt)
            if attempt == 1:
                self.assertTrue(services.give_back_run(claim))
            silence(worker, 11)
            self.assertEqual(upkeep.run_pass().runs_given_up, int(attempt == 4))
        self.assertFalse(services.give_back_run(claim))

    def test_a_run_whose_worker_beats_is_left_alone(self) -> None:
        self.start()
        self.claimed_run()
        TrainingRun.objects.update(attempt=3)
        self.assertFalse(upkeep.run_pass())


class SnapshotTests(RunTestCase):
    def frozen(self) -> services.Snapshot:
        snapshot = services.freeze_snapshot(self.claimed_run())
        assert snapshot is not None
        return snapshot

    def test_it_is_frozen_once_and_later_attempts_read_it_again(self) -> None:
        self.start()
        worker = self.make_trainer()
        first = services.freeze_snapshot(self.claimed_run(worker))
        self.assertEqual((len(first.train), len(first.holdout)), (8, 4))
        self.make_set(self.staff, 3)
        services.exclude_images([self.images[0].pk], self.staff)
        silence(worker, 11)
        self.assertEqual(self.frozen(), first)
        self.assertEqual(self.only_run().snapshot_digest, first.digest)

    def test_the_same_pictures_give_the_same_digest(self) -> None:
        self.start()
        first = self.claimed_run()
        digest = services.freeze_snapshot(first).digest
        services.fail_run(first, "again")
        self.start()
        self.assertEqual(self.frozen().digest, digest)

    def test_only_the_selected_and_included_are_in_it(self) -> None:
        chosen = self.images[:10]
        services.start_run(None, RunSettings(), image_ids=[image.pk for image in chosen])
        CollectedImage.objects.filter(pk=chosen[0].pk).update(status=Admission.SET_ASIDE)
        snapshot = self.frozen()
        digests = {picture.digest for picture in (*snapshot.train, *snapshot.holdout)}
        self.assertEqual(digests, {image.digest for image in chosen[1:]})

    def test_the_same_bytes_of_two_people_are_one_picture(self) -> None:
        self.make_collected(self.friend, digest=self.images[0].digest)
        self.start()
        snapshot = self.frozen()
        self.assertEqual(len(snapshot.train) + len(snapshot.holdout), 12)

    def test_what_is_withdrawn_before_the_claim_is_not_in_it_and_later_it_is_a_digest(self) -> None:
        self.start()
        services.delete_images([self.images[0].pk], self.staff)
        claim = self.claimed_run()
        before = services.freeze_snapshot(claim)
        self.assertNotIn(self.images[0].digest.encode(), before.manifest)
        services.delete_images([self.images[1].pk], self.staff)
        after = services.freeze_snapshot(claim)
        self.assertEqual((after.manifest, after.withdrawn), (before.manifest, 1))
        self.assertEqual(len(after.train) + len(after.holdout), 10)
        self.assertEqual(services.count_withdrawn(self.only_run()), 1)

    def test_too_few_pictures_at_the_claim_are_told_in_words(self) -> None:
        self.start()
        services.delete_images([image.pk for image in self.images[:6]], self.staff)
        with self.assertRaisesMessage(TrainingRefused, "Only 6 of the pictures are usable"):
            services.freeze_snapshot(self.claimed_run())
        self.assertEqual(self.only_run().snapshot_digest, "")

    def test_an_uploader_keeps_the_side_of_the_run_before_with_other_pictures(self) -> None:
        """Of two uploaders who do not fit, the one with fewer pictures is held out: the friend, then the owner."""
        photos = {person: self.make_photo(person, has_color=True) for person in (self.friend, self.owner)}
        sides = []
        for counts in ({self.friend: 4, self.owner: 5}, {self.friend: 6, self.owner: 4}):
            CollectedImage.objects.update(status=Admission.EXCLUDED)
            for person, count in counts.items():
                for _ in range(count):
                    self.make_collected(person, photo=photos[person])
            self.start()
            claim = self.claimed_run()
            services.freeze_snapshot(claim)
            services.fail_run(claim, "again")
            entries = TrainingRun.objects.get(pk=claim.run_id).snapshot
            sides.append(set(entries.values_list("collected__owner__username", "side")))
        self.assertEqual(sides, [{("frida", "holdout"), ("olga", "train")}] * 2)
