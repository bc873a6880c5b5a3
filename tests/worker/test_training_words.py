"""The two halves of a training agree: what staff choose, what is told beforehand, and failures in words."""

import errno
from dataclasses import asdict
from unittest import TestCase, mock

from django.conf import settings

from colorizer import TrainingError
from colorizer.checkpoint import read_card
from colorizer.config import RECIPES, NetworkConfig
from colorizer.finetuning import FineTuning, make_recipe, what_it_needs
from gallery.services import RunSettings, TrainingRefused, run_settings
from gallery.services.needs import (
    EVALUATIONS,
    MOST_EVALUATED,
    MOST_JUDGED,
    PIXEL_BYTES,
    PROCESS_BYTES,
    RUN_BYTES,
    what_is_too_little,
)
from worker import judging, machine, retraining, telling, trainer


class AgreementTests(TestCase):
    def test_the_defaults_are_the_colorizers(self) -> None:
        self.assertEqual(asdict(RunSettings()), asdict(FineTuning()))

    def test_what_the_bounds_let_through_can_be_trained(self) -> None:
        extremes = {
            "steps": (run_settings.FEWEST_STEPS, run_settings.MOST_STEPS),
            "learning_rate": (1e-9, run_settings.HIGHEST_LEARNING_RATE),
            "base_share": (0.0, run_settings.HIGHEST_BASE_SHARE),
            "crop": (run_settings.SMALLEST_CROP, run_settings.LARGEST_CROP),
            "batch_size": (run_settings.SMALLEST_BATCH, run_settings.LARGEST_BATCH),
        }
        for name, values in extremes.items():
            for value in values:
                with self.subTest(name, value=value):
                    asked = RunSettings(**{name: value})
                    self.assertEqual([], asked.problems())
                    retraining.chosen(asked)

    def test_what_the_colorizer_refuses_is_refused_before(self) -> None:
        for wrong in ({"steps": 7}, {"learning_rate": 0.011}, {"base_share": 0.91}, {"crop": 100}, {"batch_size": 3}):
            with self.subTest(wrong):
                self.assertEqual(1, len(RunSettings(**wrong).problems()))
                with self.assertRaises(TrainingError):
                    retraining.chosen(RunSettings(**wrong))

    def test_memory_and_disk_are_reckoned_as_the_colorizer_does(self) -> None:
        shipped = read_card(settings.PHOTOLAB_WEIGHTS.with_suffix(".json")).network
        for network in (shipped, *(recipe.network for recipe in RECIPES.values())):
            for asked in (RunSettings(), RunSettings(adversarial=True, crop=64, batch_size=8)):
                recipe = make_recipe("r", network, FineTuning(**asdict(asked)), base={})
                needed = what_it_needs(recipe)
                self.assertEqual(needed.memory, round(PROCESS_BYTES + PIXEL_BYTES * asked.batch_size * asked.crop**2))
                self.assertTrue(needed.disk < RUN_BYTES < 2 * needed.disk, needed)

    def test_too_little_room_is_said_in_the_same_words_by_the_plan_and_the_worker(self) -> None:
        recipe = make_recipe("r", NetworkConfig(), FineTuning(), base={})
        needs = what_it_needs(recipe)
        for free, said in ({"memory": 10**9, "disk": 10**12}, 0), ({"memory": None, "disk": 10**8}, 1):
            problems = what_is_too_little(memory=(needs.memory, 10**9), disk=(needs.disk, 10**8))
            room = {f"free_{name}": mock.Mock(return_value=count) for name, count in free.items()}
            with mock.patch.multiple(machine, **room), self.assertRaises(TrainingError) as refused:
                retraining.check_room(recipe)
            self.assertEqual(str(refused.exception), problems[said])

    def test_as_many_pictures_are_looked_at_as_the_plan_reckons_with(self) -> None:
        recipe = make_recipe("r", NetworkConfig(), FineTuning(), base={})
        told = (1 + len(recipe.evaluations), recipe.validation_pictures, judging.PICTURES)
        self.assertEqual(told, (EVALUATIONS, MOST_EVALUATED, MOST_JUDGED))


class WordsTests(TestCase):
    def test_every_failure_says_what_to_do(self) -> None:
        for error, words in (
            (TrainingRefused("Only 5 are usable."), "Only 5 are usable."),
            (
                TrainingError("There is too little memory: lower the crop."),
                "lower the crop",
            ),
            (MemoryError(), trainer.NO_MEMORY),
            (OSError(errno.ENOSPC, "No space left on device"), "is full: make room"),
            (FileNotFoundError("models/1"), "is not there any more"),
            (OSError(errno.EIO, "Input/output error"), "cannot do what the run needs"),
        ):
            with self.subTest(type(error).__name__):
                said = telling.in_words(error)
                self.assertIn(words, said)
                self.assertTrue(said.endswith((".", ")")))
