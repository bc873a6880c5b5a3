"""Fine-tuning: what the settings become, and that what is told beforehand is what a real run then takes."""

import tempfile
import unittest
from pathlib import Path

import torch

from colorizer import ImageError, TrainingError
from colorizer.checkpoint import Card, load_generator, save_generator
from colorizer.config import HOLDOUT, NetworkConfig
from colorizer.data import PhotoSet
from colorizer.finetuning import BASE, NEW, FineTuning, make_recipe, open_base, open_held_out, what_it_needs
from colorizer.generator import Generator
from colorizer.reports import Ending, Evaluated
from colorizer.training import Training
from tests.colorizer.drawings import landscape, write_zip

SMALL = NetworkConfig(bottleneck_channels=16, decoder_channels=(16, 16, 16, 16), chroma_bins=True, hints=True)


class RecipeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        (cls.folder / "corpus").mkdir()
        for name, count in (("large", 30), ("small", 4)):
            write_zip(cls.folder / "corpus" / f"{name}-train.zip", count=count, size=(32, 32))
            write_zip(cls.folder / "corpus" / f"{name}-val.zip", count=2, size=(32, 32))

    def test_a_base_is_a_folder_of_sources_or_one_set_or_nothing(self) -> None:
        base = open_base(self.folder / "corpus")
        self.assertEqual({name: len(photos) for name, photos in base.items()}, {"large": 30, "small": 4})
        one = open_base(self.folder / "corpus" / "large-train.zip")
        held_out = PhotoSet(self.folder / "corpus" / "large-train.zip").names
        self.assertEqual(list(one), [BASE])
        self.assertLessEqual(set(one[BASE].names), set(held_out))
        self.assertEqual(open_base(None), {})
        with self.assertRaisesRegex(ImageError, "neither a folder nor a zip"):
            open_base(self.folder / "nowhere")

    def test_what_a_base_holds_out_is_its_validation_set_or_what_is_held_out_by_digest(self) -> None:
        write_zip(self.folder / "all.zip", count=2000, size=(8, 8))
        (self.folder / "two").mkdir()
        write_zip(self.folder / "two" / "few-train.zip", count=60, size=(8, 8))
        write_zip(self.folder / "two" / "many-train.zip", count=4, size=(8, 8))
        write_zip(self.folder / "two" / "many-val.zip", count=24, size=(8, 8))
        two = self.folder / "two"
        self.assertEqual(
            {name: len(photos) for name, photos in open_held_out(two, open_base(two)).items()}, {"many": 24}
        )
        base = open_base(self.folder / "all.zip")
        held_out, learned = open_held_out(self.folder / "all.zip", base)[BASE], base[BASE]
        self.assertEqual((2000, set()), (len(held_out) + len(learned), set(held_out.names) & set(learned.names)))
        self.assertEqual(open_held_out(None, {}), {})

    def test_the_reading_of_a_base_can_be_ended(self) -> None:
        def give_up() -> None:
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            open_base(self.folder / "corpus" / "large-train.zip", heed=give_up)

    def test_a_batch_is_new_pictures_and_the_base_by_its_sizes(self) -> None:
        base = open_base(self.folder / "corpus")
        for share, batch in ((0.5, {NEW: 8, "large": 7, "small": 1}), (0.0, {NEW: 16}), (0.06, {NEW: 15, "large": 1})):
            with self.subTest(share):
                recipe = make_recipe("r", SMALL, FineTuning(base_share=share, batch_size=16), base=base)
                self.assertEqual(recipe.stages[0].batch, batch)
        alone = make_recipe("r", SMALL, FineTuning(batch_size=16), base={})
        self.assertEqual(alone.stages[0].batch, {NEW: 16})

    def test_only_an_adversarial_run_has_a_discriminator_and_both_leave_the_encoder_alone(self) -> None:
        plain, fought = (make_recipe("r", SMALL, FineTuning(adversarial=is_), base={}) for is_ in (False, True))
        self.assertEqual(plain.steps, fought.steps)
        self.assertEqual([bool(recipe.stages[0].adversarial_weight) for recipe in (plain, fought)], [False, True])
        self.assertEqual([recipe.stages[0].encoder_lr for recipe in (plain, fought)], [0, 0])

    def test_a_network_without_bins_is_asked_for_none(self) -> None:
        self.assertEqual(make_recipe("r", NetworkConfig(), FineTuning(), base={}).stages[0].bins_weight, 0)

    def test_what_cannot_be_trained_is_refused_in_words(self) -> None:
        for wrong, said in (
            ({"steps": 2}, "at least 8 steps"),
            ({"learning_rate": 0.5}, "learning rate"),
            ({"base_share": 1.0}, "base corpus"),
            ({"crop": 100}, "multiple of 32"),
            ({"batch_size": 1}, "at least 4"),
        ):
            with self.subTest(said), self.assertRaisesRegex(TrainingError, said):
                FineTuning(**wrong)


class BeforehandTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(1)

    def test_disk_is_told_as_a_real_run_then_takes_it(self) -> None:
        for number in range(6):
            (self.folder / "new").mkdir(exist_ok=True)
            landscape(96, 80, seed=number).save(self.folder / "new" / f"{number}.png")
        start = self.folder / "start.safetensors"
        torch.manual_seed(1)
        save_generator(Generator(SMALL), start, Card("start", "2026-01-01", SMALL))
        sides = {"train": [f"{n}.png" for n in range(4)], "holdout": ["4.png", "5.png"]}
        train, holdout = (PhotoSet(self.folder / "new", names=names) for names in sides.values())
        recipe = make_recipe("r", SMALL, FineTuning(steps=16, crop=64, batch_size=4, adversarial=True), base={})
        sources, validation = {NEW: train}, {HOLDOUT: holdout}
        run = Training(recipe, self.folder / "run", sources, validation, start=start)
        reports: list[Evaluated] = []
        outcome = run.run(evaluated=reports.append)
        self.assertIs(outcome.ending, Ending.FINISHED)
        self.assertEqual([report.step for report in reports], [0, *recipe.evaluations])
        _, card = load_generator(outcome.weights)
        self.assertEqual(card.data, {"new-train": 4})
        took = sum(path.stat().st_size for path in (self.folder / "run").iterdir())
        self.assertTrue(took < what_it_needs(recipe).disk < 4 * took, (took, what_it_needs(recipe)))

    def test_a_picture_that_is_not_there_is_named(self) -> None:
        landscape(32, 32).save(self.folder / "a.png")
        with self.assertRaisesRegex(ImageError, "b.png is not among"):
            PhotoSet(self.folder, names=["a.png", "b.png"])
