"""What a run is said to take beforehand, and what is refused for want of room."""

from datetime import timedelta

from django.db.models import F
from django.test import override_settings

from gallery import services
from gallery.models import ModelVersion, RunState, TrainingRun, Worker
from gallery.services import RunSettings
from gallery.services.needs import ADVERSARIAL_PIXELS_S, EVALUATED_S, JUDGED_S, PIXELS_S, REST_S
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows

GB = 10**9


class NeedsTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_shipped()
        self.make_set(self.staff)

    def trainer_with(self, *, memory: int, disk: int) -> Worker:
        trainer = self.make_trainer()
        services.beat(trainer.pk, services.WorkerState(free_memory_bytes=memory, free_disk_bytes=disk))
        return trainer

    def test_before_the_first_run_the_time_is_what_was_measured_once(self) -> None:
        megapixels = 1000 * 12 * 192**2 / 1e6
        for adversarial, pixels_s in ((False, PIXELS_S), (True, ADVERSARIAL_PIXELS_S)):
            with override_settings(PHOTOLAB_GOLDEN=None):
                plan = services.plan_run(RunSettings(steps=1000, adversarial=adversarial))
            looked_at = plan.holdout * (9 * EVALUATED_S + JUDGED_S)
            self.assertAlmostEqual(plan.seconds, megapixels * pixels_s + looked_at + REST_S)

    def test_after_a_whole_run_the_time_is_as_it_was_there(self) -> None:
        version = self.make_trained()
        TrainingRun.objects.update(claimed_at=F("ended_at") - timedelta(seconds=700))
        ModelVersion.objects.filter(pk=version.pk).update(card={"recipe": {"training_s": 600}})
        self.assertAlmostEqual(services.plan_run(RunSettings()).seconds, 700)
        self.assertAlmostEqual(services.plan_run(RunSettings(steps=2400)).seconds, 1300)
        self.assertAlmostEqual(services.plan_run(RunSettings(steps=2400, batch_size=6)).seconds, 700)

    def test_too_little_memory_or_disk_is_refused_with_the_number(self) -> None:
        self.trainer_with(memory=GB, disk=GB // 2)
        problems = services.plan_run(RunSettings()).problems
        self.assertEqual(len(problems), 2)
        self.assertRegex(problems[0], r"needs 2\.0 GB of memory, and 1\.0 GB are free: lower the batch size")
        self.assertRegex(problems[1], r"needs 1\.0 GB of disk, and 0\.5 GB are free")
        with self.assertRaises(services.TrainingRefused):
            self.start()

    def test_a_smaller_batch_of_smaller_crops_needs_less_memory(self) -> None:
        self.trainer_with(memory=15 * GB // 10, disk=9 * GB)
        self.assertTrue(services.plan_run(RunSettings()).problems)
        self.assertEqual((), services.plan_run(RunSettings(batch_size=4, crop=128)).problems)

    def test_memory_that_another_run_has_taken_refuses_nothing(self) -> None:
        self.start()
        self.claimed_run(self.trainer_with(memory=GB, disk=9 * GB))
        self.assertEqual((), services.plan_run(RunSettings()).problems)
        TrainingRun.objects.update(status=RunState.CANCELLED)
        self.assertEqual(1, len(services.plan_run(RunSettings()).problems))

    def test_what_no_setting_names_is_said_and_refuses_nothing(self) -> None:
        with override_settings(PHOTOLAB_BASE_CORPUS=None, PHOTOLAB_GOLDEN=None):
            plan = services.plan_run(RunSettings())
            self.assertEqual((2, ()), (len(plan.notes), plan.problems))
            self.assertEqual(1, len(services.plan_run(RunSettings(base_share=0)).notes))
        with override_settings(PHOTOLAB_BASE_CORPUS="corpus", PHOTOLAB_GOLDEN="golden"):
            self.assertEqual((), services.plan_run(RunSettings()).notes)
