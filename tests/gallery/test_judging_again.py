"""A verdict holds beside the version that it was found against: what was compared with another is judged again."""

from dataclasses import replace

from gallery import services
from gallery.models import ModelVersion, RunState, Side, TrainingRun, VersionEvent, VersionState
from gallery.services import PromotionRefused, TrainingRefused
from tests.base import GalleryTestCase
from tests.gallery.training_rows import FAILED, PASSED, TrainingRows


class JudgingTestCase(TrainingRows, GalleryTestCase):
    """Two candidates passed beside the shipped version; the first of them is active by now."""

    def setUp(self) -> None:
        super().setUp()
        self.shipped = self.make_shipped()
        self.images = self.make_set(self.staff)
        self.first, self.second = self.trained(), self.trained()
        services.promote_version(self.first.pk, self.staff)

    def trained(self) -> ModelVersion:
        self.start()
        claim = self.claimed_run()
        services.freeze_snapshot(claim)
        return services.finish_run(claim, self.new_version(comparisons=self.make_comparisons(1)))

    def judged(self, **told: object) -> services.Judged:
        new = self.new_version(comparisons=self.make_comparisons(2))
        judged = services.Judged(gate=PASSED, comparisons=new.comparisons, compared_with=self.first.pk)
        return replace(judged, **told)

    def row(self) -> ModelVersion:
        return ModelVersion.objects.get(pk=self.second.pk)


class PromotionTests(JudgingTestCase):
    def test_a_verdict_beside_another_version_promotes_nothing_without_a_reason(self) -> None:
        with self.assertRaisesMessage(PromotionRefused, f"and {self.first} is active now. Let the gate compare"):
            services.promote_version(self.second.pk, self.staff)
        self.assertEqual(services.active_version(), self.first)
        services.promote_version(self.second.pk, self.staff, reason="Looked at all of them myself.")
        self.assertEqual(services.active_version(), self.second)

    def test_the_version_that_it_was_compared_with_may_be_active_again(self) -> None:
        services.promote_version(self.shipped.pk, self.staff)
        services.promote_version(self.second.pk, self.staff)
        self.assertEqual(services.active_version(), self.second)

    def test_after_the_gate_has_compared_it_with_the_active_one_a_click_is_enough(self) -> None:
        services.start_judging(self.row(), self.staff)
        self.assertTrue(services.finish_judging(self.claimed_run(), self.judged()))
        services.promote_version(self.second.pk, self.staff)
        self.assertEqual(services.active_version(), self.second)


class JudgingTests(JudgingTestCase):
    def test_the_run_waits_for_a_worker_and_tells_it_what_to_do(self) -> None:
        run = services.start_judging(self.row(), self.staff)
        self.assertEqual((run.status, run.judges, run.base_version), (RunState.QUEUED, self.second, self.first))
        claim = self.claimed_run()
        self.assertEqual((claim.run_id, claim.judges, claim.base), (run.pk, self.second, self.first))

    def test_what_it_finds_takes_the_place_of_the_verdict_before_which_the_log_keeps(self) -> None:
        services.record_vote(self.second, "photograph 0", prefers_version=True, by=self.staff)
        before = {pair["candidate_key"] for pair in self.second.comparisons}
        services.start_judging(self.row(), self.staff)
        claim = self.claimed_run()
        with self.captureOnCommitCallbacks(execute=True):
            self.assertTrue(services.finish_judging(claim, self.judged(gate=FAILED)))
        version = self.row()
        self.assertEqual((version.gate, version.compared_with, version.status), (FAILED, self.first, "candidate"))
        self.assertEqual((len(version.comparisons), before & self.stored_files()), (2, set()))
        self.assertEqual(services.count_votes(version), services.Votes(0, 0))
        event = VersionEvent.objects.first()
        self.assertEqual((event.action, event.by), (VersionEvent.Action.JUDGED, self.staff))
        self.assertEqual(event.reason, f"It did not pass beside {self.first}. Before, passed beside {self.shipped}.")
        self.assertEqual(TrainingRun.objects.get(pk=claim.run_id).status, RunState.SUCCEEDED)

    def test_a_late_worker_changes_no_verdict(self) -> None:
        services.start_judging(self.row(), self.staff)
        claim = self.claimed_run()
        services.cancel_run(claim.run_id)
        self.assertFalse(services.finish_judging(claim, self.judged(gate=FAILED)))
        self.assertEqual(self.row().gate, PASSED)

    def test_what_would_say_nothing_new_is_refused(self) -> None:
        services.reject_version(self.second.pk, self.staff)
        for version, why in ((self.row(), "Only a candidate"), (self.first, "Only a candidate")):
            version.refresh_from_db()
            with self.assertRaisesMessage(TrainingRefused, why):
                services.start_judging(version, self.staff)
        third = self.trained()
        with self.assertRaisesMessage(TrainingRefused, "has compared it with the active version"):
            services.start_judging(third, self.staff)
        self.assertEqual(third.status, VersionState.CANDIDATE)

    def test_one_waits_at_most(self) -> None:
        self.start()
        with self.assertRaisesMessage(TrainingRefused, "waits already"):
            services.start_judging(self.row(), self.staff)

    def test_the_weights_of_both_are_kept_while_it_waits(self) -> None:
        services.start_judging(self.row(), self.staff)
        services.promote_version(self.shipped.pk, self.staff)
        services.promote_version(self.first.pk, self.staff)
        self.assertNotIn(self.row(), services.prunable_versions(keep=0))

    def test_it_is_compared_on_what_both_runs_hold_out_and_nobody_has_withdrawn(self) -> None:
        held_out = self.second.run.snapshot.filter(side=Side.HOLDOUT)
        services.delete_images([held_out.first().collected_id], self.staff)
        found = services.held_out_for(self.second, self.first)
        self.assertEqual(len(found), held_out.count() - 1)
        self.assertEqual({one.digest for one in found}, set(held_out[1:].values_list("digest", flat=True)))
        self.assertEqual(services.held_out_for(self.shipped), [])


class TroubleTests(JudgingTestCase):
    def test_what_does_not_work_now_is_told_until_it_does_or_the_run_ends(self) -> None:
        services.start_judging(self.row(), self.staff)
        claim = self.claimed_run()
        for trouble in ("The storage does not answer.", ""):
            services.report_progress(claim, services.Progress("Storing", 1, 2, 1.0, 1.0, {}, trouble))
            self.assertEqual(TrainingRun.objects.get(pk=claim.run_id).trouble, trouble)
        services.report_progress(claim, services.Progress("Storing", 1, 2, 1.0, 1.0, {}, "It does not answer."))
        services.fail_run(claim, "The storage did not answer for ten minutes.")
        self.assertEqual(TrainingRun.objects.get(pk=claim.run_id).trouble, "")
