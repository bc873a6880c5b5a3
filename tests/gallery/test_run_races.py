"""Real races around training: several connections want the same run, version or picture at the same moment."""

import time
from collections.abc import Callable
from threading import Barrier
from unittest import mock

from django.db import IntegrityError

from gallery import files, services
from gallery.models import Admission, CollectedImage, ModelVersion, RunState, TrainingRun, VersionEvent, VersionState
from gallery.services import PromotionRefused, RunSettings, TrainingRefused
from tests import pictures
from tests.base import GalleryRaceTestCase, as_upload
from tests.gallery.test_claim_races import race
from tests.gallery.training_rows import TrainingRows

RACERS = 4
WHILE_THE_CHILD_READS_S = 0.2


def meanwhile(act: Callable[[], object]) -> Callable[[], object]:
    """A picture is looked at for about half a second, between the first look at the consent and the last."""

    def late() -> object:
        time.sleep(WHILE_THE_CHILD_READS_S)
        return act()

    return late


class TrainingRaceTests(TrainingRows, GalleryRaceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.shipped = self.make_shipped()

    def test_one_of_many_workers_gets_the_run_and_one_resumes_it(self) -> None:
        self.make_set(self.staff)
        self.start()
        workers = [self.make_trainer(f"host:{number}") for number in range(RACERS)]
        for attempt in (1, 2):
            claims = race(*(lambda w=worker: services.claim_run(w.pk) for worker in workers))
            (claim,) = [claim for claim in claims if claim]
            self.assertEqual(claim.attempt, attempt)
            services.retire_worker(claim.worker_id)
            workers = [worker for worker in workers if worker.pk != claim.worker_id]

    def test_impatient_staff_start_one_run(self) -> None:
        self.make_set(self.staff)

        def start() -> object:
            try:
                return services.start_run(None, RunSettings())
            except TrainingRefused as refused:
                return str(refused)

        outcomes = race(*[start] * RACERS)
        self.assertEqual(len([run for run in outcomes if isinstance(run, TrainingRun)]), 1)
        self.assertEqual(TrainingRun.objects.filter(status=RunState.QUEUED).count(), 1)

    def test_of_two_versions_promoted_at_once_one_is_active(self) -> None:
        candidates = [
            ModelVersion.objects.create(
                number=number,
                name=str(number),
                digest=str(number) * 64,
                gate=[{"passed": True}],
                compared_with=self.shipped,
            )
            for number in (2, 3)
        ]
        for _ in range(4):

            def promote(version: ModelVersion) -> bool:
                try:
                    return bool(services.promote_version(version.pk, None))
                except PromotionRefused:
                    return False

            outcomes = race(*(lambda v=version: promote(v) for version in candidates))
            self.assertGreaterEqual(outcomes.count(True), 1)
            self.assertEqual(ModelVersion.objects.filter(status=VersionState.ACTIVE).count(), 1)
            logged = VersionEvent.objects.exclude(action="shipped").count()
            self.assertEqual(logged, outcomes.count(True))
            services.promote_version(self.shipped.pk, None)
            VersionEvent.objects.exclude(action="shipped").delete()

    def test_consent_revoked_while_a_picture_is_collected_leaves_nothing(self) -> None:
        services.give_consent(self.owner)
        photo = services.upload_photo(self.owner, as_upload(pictures.encoded(pictures.color()))).photo
        race(lambda: services.collect_photo(photo.pk), meanwhile(lambda: services.revoke_consent(self.owner)))
        self.assertFalse(CollectedImage.objects.exists())
        self.assertEqual(self.stored_files(), set(photo.file_keys))

    def test_of_copies_uploaded_at_once_one_is_included(self) -> None:
        copies = [as_upload(pictures.encoded(pictures.color(), quality=quality)) for quality in (95, 60)]
        both, store = Barrier(len(copies)), files.store

        def store_together(*what: object) -> None:
            both.wait(timeout=60)  # both were looked at, and neither is there
            store(*what)

        with mock.patch.object(files, "store", store_together):
            race(*(lambda c=copy: services.collect_upload(self.staff, c) for copy in copies))
        statuses = CollectedImage.objects.values_list("status", flat=True)
        self.assertEqual(sorted(statuses), [Admission.INCLUDED, Admission.SET_ASIDE])

    def test_an_account_deleted_while_a_picture_is_collected_leaves_nothing(self) -> None:
        services.give_consent(self.owner)
        photo = services.upload_photo(self.owner, as_upload(pictures.encoded(pictures.color()))).photo

        def collect() -> object:
            try:
                return services.collect_photo(photo.pk)
            except IntegrityError as error:
                return error

        race(collect, meanwhile(lambda: services.delete_account(self.owner)))
        self.assertFalse(CollectedImage.objects.exists())
        self.assertEqual(self.stored_files(), set())

    def test_pictures_deleted_while_a_snapshot_is_frozen_are_digests_or_absent(self) -> None:
        images = self.make_set(self.staff, 14)
        self.start()
        claim = self.claimed_run()
        race(
            lambda: services.freeze_snapshot(claim),
            lambda: services.delete_images([image.pk for image in images[:3]], self.staff),
        )
        snapshot = services.freeze_snapshot(claim)
        self.assertEqual(len(snapshot.train) + len(snapshot.holdout), 11)
        self.assertIn(snapshot.withdrawn, (0, 3))
