"""manage.py retrain: the plan in words, the start, and what is refused."""

from io import StringIO

from django.core.management import CommandError, call_command

from gallery.models import TrainingRun
from gallery.services import RunSettings
from gallery.wording import NO_TRAINER
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows


class RetrainCommandTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()

    def retrain(self, *arguments: str) -> str:
        told = StringIO()
        call_command("retrain", *arguments, stdout=told)
        return told.getvalue()

    def assert_refused(self, because: str, *arguments: str) -> None:
        with self.assertRaisesMessage(CommandError, because):
            self.retrain(*arguments)
        self.assertFalse(TrainingRun.objects.exists())

    def test_it_says_what_it_starts_and_starts_it(self) -> None:
        images = self.make_set(self.owner)
        chosen = ",".join(str(image.pk) for image in images[:10])
        told = self.retrain(
            "--images", chosen, "--steps=300", "--adversarial", "--base-share=0.25", "--batch-size=8", "--crop=96",
            "--note=forests", "--user=stella",
        )  # fmt: skip
        run = TrainingRun.objects.get()
        self.assertEqual((run.base_version, run.started_by, run.note), (self.base, self.staff, "forests"))
        asked = RunSettings(steps=300, adversarial=True, base_share=0.25, batch_size=8, crop=96)
        self.assertEqual(RunSettings.of_row(run), asked)
        self.assertEqual(run.selected.count(), 10)
        for line in (
            "Starts from: version 1 (photolab-test)",
            "Pictures selected: 10",
            "To learn from: 7",
            "Memory needed: 1.4 GB",
            NO_TRAINER,
        ):
            self.assertIn(f"{line}\n", told)
        self.assertIn(f"/admin/gallery/trainingrun/{run.pk}/change/", told)

    def test_all_is_usual_and_a_live_worker_is_not_missed(self) -> None:
        self.make_set(self.owner)
        self.make_trainer()
        self.assertNotIn(NO_TRAINER, self.retrain())
        run = TrainingRun.objects.get()
        self.assertTrue(run.takes_all and run.started_by is None)

    def test_a_plan_alone_starts_nothing(self) -> None:
        self.make_set(self.owner)
        self.assertIn("Usable: 12", self.retrain("--plan"))
        self.assertFalse(TrainingRun.objects.exists())

    def test_what_is_missing_is_said_in_numbers(self) -> None:
        self.make_set(self.owner, 3)
        self.assert_refused("Only 3 of the pictures are usable; at least 8 are needed.")

    def test_senseless_orders_are_refused(self) -> None:
        self.make_set(self.owner)
        self.assert_refused("with commas between them", "--images=3;5")
        self.assert_refused("with commas between them", "--images=-1")
        self.assert_refused("with commas between them", "--images=")
        self.assert_refused("There is no account nobody.", "--user=nobody")
        self.assert_refused("The number of steps must be between", "--steps=0")
