"""Photographs for training: where they come from, and that a step always sees the same ones."""

import tempfile
import unittest
from pathlib import Path

import torch

from colorizer.config import Stage
from colorizer.data import PhotoSet, TrainingBatches, evaluation_batch, open_sources, to_batch
from colorizer.errors import ImageError
from tests.colorizer.drawings import landscape, write_zip

STAGE = Stage("test", steps=6, crop=64, batch={"a": 2, "b": 1}, decoder_lr=1e-3)


class PhotoSetTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_zip_and_a_folder_hold_the_same_photographs(self) -> None:
        write_zip(self.folder / "set.zip", count=2)
        for index in range(2):
            landscape(96, 80, seed=index).save(self.folder / f"{index}.png")
        packed, loose = PhotoSet(self.folder / "set.zip"), PhotoSet(self.folder)
        self.assertEqual(len(packed), len(loose))
        self.assertEqual(packed.open(1).tobytes(), loose.open(1).tobytes())

    def test_a_broken_photograph_is_named(self) -> None:
        (self.folder / "broken.jpg").write_bytes(b"\xff\xd8 no more")
        with self.assertRaisesRegex(ImageError, "broken.jpg"):
            PhotoSet(self.folder).open(0)

    def test_an_empty_folder_is_refused(self) -> None:
        with self.assertRaisesRegex(ImageError, "no photographs"):
            PhotoSet(self.folder)

    def test_a_file_that_is_no_zip_is_refused(self) -> None:
        (self.folder / "x.zip").write_bytes(b"not a zip")
        with self.assertRaisesRegex(ImageError, "neither a folder nor a zip"):
            PhotoSet(self.folder / "x.zip")

    def test_evaluation_takes_photographs_from_all_over_the_set(self) -> None:
        write_zip(self.folder / "set.zip", count=10)
        photos = PhotoSet(self.folder / "set.zip")
        batch = evaluation_batch(photos, range(2), of=2, size=64)
        self.assertEqual(batch.shape, (2, 3, 64, 64))
        self.assertTrue(torch.equal(batch[1], evaluation_batch(photos, range(5, 6), of=10, size=64)[0]))


class HoldoutTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        write_zip(self.folder / "a-train.zip", count=150, size=(16, 16))

    def test_a_set_without_its_own_validation_set_is_split_by_digest(self) -> None:
        train, holdout = open_sources(self.folder, "a")
        self.assertEqual(sorted(train.names + holdout.names), PhotoSet(self.folder / "a-train.zip").names)
        self.assertTrue(0 < len(holdout) < 15, len(holdout))

    def test_no_photograph_changes_sides_when_others_come(self) -> None:
        _, before = open_sources(self.folder, "a")
        write_zip(self.folder / "a-train.zip", count=170, size=(16, 16))
        _, after = open_sources(self.folder, "a")
        self.assertEqual(before.names, [name for name in after.names if name < "hills/150"])

    def test_a_validation_set_is_taken_as_it_is(self) -> None:
        write_zip(self.folder / "a-val.zip", count=3, size=(16, 16))
        train, validation = open_sources(self.folder, "a")
        self.assertEqual((len(train), len(validation)), (150, 3))


class TrainingBatchesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name in "ab":
            write_zip(Path(folder.name) / f"{name}.zip", count=5)
        self.sources = {name: PhotoSet(Path(folder.name) / f"{name}.zip") for name in "ab"}

    def test_a_resumed_stage_sees_what_an_unbroken_one_would_have_seen(self) -> None:
        whole = TrainingBatches(self.sources, STAGE, seed=7, first_step=0)
        rest = TrainingBatches(self.sources, STAGE, seed=7, first_step=4)
        self.assertEqual((len(whole), len(rest)), (6, 2))
        self.assertTrue(torch.equal(whole[5], rest[1]))
        self.assertFalse(torch.equal(whole[4], whole[5]))

    def test_a_batch_is_mixed_as_the_stage_says(self) -> None:
        batch = TrainingBatches(self.sources, STAGE, seed=7, first_step=0)[0]
        self.assertEqual((batch.shape, batch.dtype), ((3, 3, 64, 64), torch.uint8))

    def test_only_what_the_network_sees_is_degraded(self) -> None:
        rgb = TrainingBatches(self.sources, STAGE, seed=7, first_step=0)[0]
        one, two = (to_batch(rgb, torch.Generator().manual_seed(seed)) for seed in (1, 2))
        self.assertTrue(torch.equal(one.light, two.light) and torch.equal(one.ab, two.ab))
        self.assertFalse(torch.equal(one.seen, two.seen))
