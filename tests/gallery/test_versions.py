"""What becomes of model versions: gate, promotion with and without a reason, rollback, pruning, lineage, votes."""

from unittest import mock

from gallery import services
from gallery.models import ModelVersion, VersionEvent, VersionState
from gallery.services import PromotionRefused
from tests.base import GalleryTestCase
from tests.gallery.training_rows import FAILED, PASSED, TrainingRows


class VersionTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.shipped = self.make_shipped()
        self.images = self.make_set(self.staff)

    def status(self, version: ModelVersion) -> str:
        return ModelVersion.objects.get(pk=version.pk).status


class ShippedTests(VersionTestCase):
    def test_the_shipped_weights_are_version_one_and_active(self) -> None:
        self.assertEqual((self.shipped.number, self.shipped.status), (1, VersionState.ACTIVE))
        self.assertEqual(services.active_version(), self.shipped)
        self.assertEqual(self.make_shipped(), self.shipped)
        self.assertEqual(ModelVersion.objects.count(), 1)

    def test_an_upgrade_of_the_product_is_active_at_once(self) -> None:
        upgrade = services.ensure_shipped_version("photolab-next", "b" * 64)
        self.assertEqual((upgrade.number, upgrade.status), (2, VersionState.ACTIVE))
        self.assertEqual(self.status(self.shipped), VersionState.RETIRED)

    def test_an_upgrade_beside_a_version_trained_here_is_a_candidate(self) -> None:
        trained = services.promote_version(self.make_trained().pk, self.staff)
        upgrade = services.ensure_shipped_version("photolab-next", "b" * 64)
        self.assertEqual((upgrade.status, services.active_version()), (VersionState.CANDIDATE, trained))

    def test_a_shipped_version_that_was_left_is_not_taken_up_again(self) -> None:
        services.ensure_shipped_version("photolab-next", "b" * 64)
        services.promote_version(self.shipped.pk, self.staff)
        services.ensure_shipped_version("photolab-next", "b" * 64)
        self.assertEqual(services.active_version(), self.shipped)


class PromotionTests(VersionTestCase):
    def test_a_candidate_that_passed_is_promoted_and_the_active_one_retires(self) -> None:
        candidate = self.make_trained()
        promoted = services.promote_version(candidate.pk, self.staff)
        self.assertEqual((promoted.status, self.status(self.shipped)), (VersionState.ACTIVE, VersionState.RETIRED))
        event = VersionEvent.objects.filter(version=candidate).first()
        self.assertEqual((event.action, event.by, event.reason), ("promoted", self.staff, ""))
        self.assertIsNotNone(promoted.activated_at)

    def test_a_candidate_that_failed_needs_a_typed_reason(self) -> None:
        candidate = self.make_trained(gate=[*PASSED, *FAILED])
        for reason in ("", "  "):
            with self.assertRaisesMessage(PromotionRefused, "fails the gate: color error on the golden set."):
                services.promote_version(candidate.pk, self.staff, reason=reason)
        self.assertEqual((self.status(candidate), services.active_version()), (VersionState.CANDIDATE, self.shipped))
        services.promote_version(candidate.pk, self.staff, reason="Better on our own forests.")
        self.assertEqual(services.active_version(), candidate)
        self.assertEqual(VersionEvent.objects.first().reason, "Better on our own forests.")

    def test_a_candidate_that_was_never_judged_needs_one_too(self) -> None:
        with self.assertRaisesMessage(PromotionRefused, "never put to the gate"):
            services.promote_version(self.make_trained(gate=[]).pk, self.staff)

    def test_a_retired_version_is_rolled_back_to_in_one_step(self) -> None:
        candidate = self.make_trained()
        services.promote_version(candidate.pk, self.staff)
        services.promote_version(self.shipped.pk, self.staff)
        self.assertEqual(services.active_version(), self.shipped)
        self.assertEqual(self.status(candidate), VersionState.RETIRED)
        self.assertEqual(VersionEvent.objects.first().action, "rolled_back")

    def test_no_reason_promotes_what_cannot_serve(self) -> None:
        candidate = self.make_trained()
        self.assertTrue(services.reject_version(candidate.pk, self.staff, reason="Purple skies."))
        self.assertFalse(services.reject_version(candidate.pk, self.staff))
        pruned = self.make_trained()
        services.prune_versions(keep=0)
        for version, why in ((candidate, "rejected"), (pruned, "removed"), (self.shipped, "active already")):
            with self.assertRaisesMessage(PromotionRefused, why):
                services.promote_version(version.pk, self.staff, reason="I insist.")
        self.assertEqual(services.active_version(), self.shipped)

    def test_only_a_candidate_is_rejected(self) -> None:
        self.assertFalse(services.reject_version(self.shipped.pk, self.staff))


class PruningTests(VersionTestCase):
    def test_the_newest_the_active_and_the_previous_keep_their_weights(self) -> None:
        versions = [self.make_trained() for _ in range(5)]
        services.promote_version(versions[0].pk, self.staff)
        services.promote_version(versions[1].pk, self.staff, reason="It was compared with another.")
        self.assertEqual(services.prunable_versions(keep=2), [versions[2]])
        services.promote_version(self.shipped.pk, self.staff)
        self.assertEqual(services.prunable_versions(keep=2), [versions[2], versions[0]])

    def test_a_run_that_is_live_keeps_its_base(self) -> None:
        base = services.promote_version(self.make_trained().pk, self.staff)
        self.start()
        services.promote_version(self.shipped.pk, self.staff)
        services.ensure_shipped_version("next", "b" * 64)  # takes over from the other shipped one
        self.assertNotEqual(self.status(base), VersionState.ACTIVE)
        self.assertEqual(services.prunable_versions(keep=0), [])

    def test_a_version_that_was_promoted_since_it_was_looked_at_keeps_its_weights(self) -> None:
        version = self.make_trained()
        found = services.prunable_versions(keep=0)
        self.assertEqual(found, [version])
        services.promote_version(version.pk, self.staff)
        with (
            mock.patch("gallery.services.pruning.prunable_versions", return_value=found),
            self.captureOnCommitCallbacks(execute=True),
        ):
            self.assertEqual(services.prune_versions(keep=0), 0)
        self.assertIn(services.active_version().weights_key, self.stored_files())

    def test_the_sixth_run_removes_the_weights_of_the_first(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            versions = [self.make_trained() for _ in range(6)]
        first = ModelVersion.objects.get(pk=versions[0].pk)
        self.assertEqual(first.weights_key, "")
        self.assertIsNotNone(first.weights_removed_at)
        kept = {key for key in self.stored_files() if key.startswith("models")}
        self.assertEqual(kept, {version.weights_key for version in versions[1:]})


class LineageTests(VersionTestCase):
    def trained_on_all(self) -> ModelVersion:
        self.start()
        claim = self.claimed_run()
        services.freeze_snapshot(claim)
        return services.finish_run(claim, self.new_version())

    def test_which_versions_saw_a_picture_even_after_it_is_gone(self) -> None:
        first = services.promote_version(self.trained_on_all().pk, self.staff)
        entry = first.run.snapshot.filter(side="train").first()
        held_out = first.run.snapshot.filter(side="holdout").first()
        services.delete_images([entry.collected_id], self.staff)
        child = self.trained_on_all()
        self.assertFalse(child.run.snapshot.filter(digest=entry.digest).exists())
        self.assertEqual(services.versions_that_saw(entry.digest), [first, child])
        self.assertEqual(services.versions_that_saw(held_out.digest), [])


class VoteTests(VersionTestCase):
    def test_each_persons_last_vote_on_a_photograph_counts(self) -> None:
        candidate = self.make_trained()
        for by, photograph, prefers in (
            (self.staff, "a.jpg", False),
            (self.staff, "a.jpg", True),
            (self.staff, "b.jpg", True),
            (self.friend, "a.jpg", False),
        ):
            services.record_vote(candidate, photograph, prefers_version=prefers, by=by)
        self.assertEqual(services.count_votes(candidate), services.Votes(version=2, against=1))

    def test_it_counts_against_the_version_that_was_shown_whatever_is_active_by_then(self) -> None:
        candidate = self.make_trained()
        services.promote_version(self.make_trained().pk, self.staff)
        vote = services.record_vote(candidate, "a.jpg", prefers_version=True, by=self.staff)
        self.assertEqual(vote.against, self.shipped)

    def test_a_version_beside_which_none_was_shown_has_no_votes(self) -> None:
        with self.assertRaises(ValueError):
            services.record_vote(self.shipped, "a.jpg", prefers_version=True, by=self.staff)
