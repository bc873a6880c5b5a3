"""Photographs for training: where they come from, and that a step always sees the same ones."""

import tempfile
import unittest
from pathlib import Path

import torch

from colorizer.config import Stage
from colorizer.data import PhotoSet, TrainingBatches, degrade, evaluation_batch, to_batch
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

    def test_degraded_luminance_stays_in_range(self) -> None:
        light = torch.linspace(0, 100, 64).expand(8, 1, 64, 64)
        seen = degrade(light, torch.Generator().manual_seed(3))
        self.assertGreaterEqual(float(seen.min()), 0)
        self.assertLessEqual(float(seen.max()), 100)
        self.assertGreater(float((seen - light).abs().mean()), 1)
