"""Which weights a worker colors with: the active version's from its next job on; the ones before, if those are bad."""

import json
from dataclasses import asdict, replace
from unittest import mock

from django.test import override_settings

from gallery import services
from gallery.models import Job, JobState, ModelVersion, Worker
from tests import pictures
from tests.base import GalleryTestCase, as_upload
from tests.worker.small_site import SMALL, SmallSite, make_weights
from worker import engine, heartbeat, tasks, weights


class SwapTests(SmallSite, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.shipped = services.active_version()
        self.make_set(self.staff, count=8)

    def promote(self, version: ModelVersion) -> None:
        services.promote_version(version.pk, self.staff, reason="a test")

    def color(self) -> Job:
        """A photo's job, as it stands when the task is over."""
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg((96, 64)))).photo
        services.retry_photo(photo.pk)
        tasks.colorize()
        return photo.jobs.latest("id")

    def assert_serves(self, version: ModelVersion) -> None:
        loaded = engine.current()
        self.assertEqual((version, version.digest, ""), (loaded.version, loaded.colorizer.digest, engine._engine.error))

    def assert_refused(self, version: ModelVersion, *, says: str) -> None:
        """It is active, and the shipped one goes on serving; the worker's row tells why."""
        with self.assertLogs("worker.engine", "ERROR"):
            self.assertEqual(self.shipped, engine.current().version)
        services.beat(engine.worker_id(), heartbeat.what_to_tell())
        told = Worker.objects.get(pk=engine.worker_id())
        self.assertRegex(told.weights_error, rf"^The active version {version.number} .* cannot be loaded: .*{says}")
        self.assertEqual((1, self.shipped.digest), (told.model_number, told.model_digest))

    def test_the_next_job_is_colored_by_what_was_promoted(self) -> None:
        better = self.add_version(seed=2)
        self.assert_serves(self.shipped)
        self.promote(better)
        result = self.color().result
        self.assertEqual((better, "small-2"), (result.model_version, result.model_name))
        self.assertEqual(better.digest, result.model_digest)

    def test_a_rollback_is_served_too(self) -> None:
        better = self.add_version(seed=2)
        self.promote(better)
        self.assert_serves(better)
        self.promote(self.shipped)
        self.assert_serves(self.shipped)

    def test_tampered_weights_are_refused_without_a_failed_job_and_repaired_ones_taken_after_a_minute(self) -> None:
        bad = self.add_version(seed=2)
        stored = self.media / bad.weights_key
        whole = stored.read_bytes()
        stored.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        self.promote(bad)
        self.assert_refused(bad, says="damaged: their digest is another")
        job = self.color()
        self.assertEqual((JobState.DONE, self.shipped), (job.status, job.result.model_version))
        stored.write_bytes(whole)
        self.assertEqual(self.shipped, engine.current().version, "it is tried once in a minute")
        with mock.patch.object(engine, "TRY_AGAIN_AFTER_S", 0.0):
            self.assert_serves(bad)

    def test_weights_that_are_gone_are_refused(self) -> None:
        bad = self.add_version(seed=2)
        (self.media / bad.weights_key).unlink()
        self.promote(bad)
        self.assert_refused(bad, says="not in the storage any more")

    def test_weights_of_another_network_than_their_card_says_are_refused(self) -> None:
        bad = self.add_version(seed=2)
        other = asdict(replace(SMALL, decoder_channels=(16, 16, 16, 32)))
        ModelVersion.objects.filter(pk=bad.pk).update(card={**bad.card, "network": other})
        self.promote(bad)
        self.assert_refused(bad, says="do not fit the network")

    def test_weights_whose_colors_are_no_numbers_are_refused(self) -> None:
        bad = self.add_version(seed=2, shade=float("nan"))
        self.promote(bad)
        self.assert_refused(bad, says="not a number")

    def test_a_worker_that_starts_with_a_broken_version_serves_the_one_before(self) -> None:
        bad = self.add_version(seed=2)
        (self.media / bad.weights_key).write_bytes(b"nonsense")
        self.promote(bad)
        engine._engine.loaded = None
        self.assert_refused(bad, says="damaged")

    def test_a_damaged_copy_is_fetched_anew(self) -> None:
        version = self.add_version(seed=2)
        copy = weights.fetch(version)
        copy.write_bytes(b"nonsense")
        self.assertEqual(copy, weights.fetch(version))
        self.assertEqual((self.media / version.weights_key).read_bytes(), copy.read_bytes())
        self.assertEqual(version.card, json.loads(copy.with_suffix(".json").read_text()))

    def test_the_oldest_copies_go(self) -> None:
        with mock.patch.object(weights, "KEPT_COPIES", 2):
            copies = [weights.fetch(self.add_version(seed=seed)) for seed in (2, 3, 4)]
        for suffix in (".safetensors", ".json"):
            self.assertEqual([False, True, True], [copy.with_suffix(suffix).exists() for copy in copies])

    def test_other_shipped_weights_are_an_upgrade(self) -> None:
        make_weights(self.data / "newer.safetensors", seed=5)
        with override_settings(PHOTOLAB_WEIGHTS=self.data / "newer.safetensors"):
            engine.warm_up()
            loaded = engine.current()
        self.assertEqual(("small-5", 2), (loaded.version.name, loaded.version.number))

    def test_shipped_weights_can_be_rolled_back_to_after_an_upgrade_took_their_file(self) -> None:
        make_weights(self.data / "newer.safetensors", seed=5)
        (self.data / "shipped.safetensors").unlink()
        with override_settings(PHOTOLAB_WEIGHTS=self.data / "newer.safetensors"):
            engine.warm_up()
            self.assertEqual("small-5", engine.current().version.name)
            self.promote(self.shipped)
            self.assert_serves(ModelVersion.objects.get(pk=self.shipped.pk))
        self.assertEqual(2, ModelVersion.objects.exclude(weights_key="").count())
        engine.warm_up()
        self.assertEqual(2, len(list((self.media / "models").iterdir())), "each is stored once")
