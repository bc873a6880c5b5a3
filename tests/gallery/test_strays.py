"""Stored files that no row names go, and none that a row names or a worker is about to name."""

from datetime import timedelta

from django.db.models.functions import Now

from gallery import files, services, upkeep
from gallery.keys import attempt_in, new_comparison_keys, new_weights_key
from gallery.models import TrainingRun, Worker
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows


class StrayTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_shipped()
        self.make_set(self.staff)

    def store(self, attempt: services.RunAttempt) -> set[str]:
        """What a worker stores before it finishes a run."""
        (pair,) = new_comparison_keys(attempt.run_id, attempt.attempt, count=1)
        keys = [new_weights_key(attempt.run_id, attempt.attempt), pair.candidate, pair.active, pair.grey]
        for key in keys:
            files.store(key, b"content")
        return set(keys)

    def outcomes(self) -> set[str]:
        return {name for name in self.stored_files() if name.startswith(("models/", "comparisons/"))}

    def test_what_a_worker_that_was_killed_had_stored_goes_once_its_attempt_is_over(self) -> None:
        self.start()
        claim = self.claimed_run()
        stored = self.store(claim)
        self.assertEqual((upkeep.remove_strays(), self.outcomes()), (0, stored))
        Worker.objects.update(beat_at=Now() - timedelta(minutes=1))
        later = self.store(self.claimed_run())
        self.assertEqual((upkeep.remove_strays(), self.outcomes()), (2, later))
        TrainingRun.objects.all().delete()
        self.assertEqual((upkeep.remove_strays(), self.outcomes()), (2, set()))

    def test_what_rows_name_stays(self) -> None:
        self.start()
        claim = self.claimed_run()
        keys = new_comparison_keys(claim.run_id, claim.attempt, count=1)[0]
        weights_key = new_weights_key(claim.run_id, claim.attempt)
        for key in (weights_key, keys.candidate):
            files.store(key, b"content")
        pair = {"candidate_key": keys.candidate, "active_key": keys.active, "grey_key": keys.grey}
        told = services.NewVersion(name="n", digest="e" * 64, weights_key=weights_key, comparisons=[pair])
        services.finish_run(claim, told)
        self.assertEqual((upkeep.remove_strays(), self.outcomes()), (0, {weights_key, keys.candidate}))

    def test_folders_that_no_run_has_made_are_left_alone(self) -> None:
        files.store("models/next/weights.safetensors", b"content")
        self.assertEqual(upkeep.remove_strays(), 0)
        self.assertIsNone(attempt_in("next"))
