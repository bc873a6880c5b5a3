"""A generator is taught how far told colors reach, by drawn landscapes: a blue sky over green hills."""

import contextlib
import io
import unittest

import numpy as np
import torch

from colorizer.__main__ import main
from colorizer.checkpoint import Card, load_generator, save_generator
from colorizer.color import rgb_to_lab, to_tensor
from colorizer.config import NetworkConfig
from colorizer.data import PhotoSet
from colorizer.generator import Generator
from colorizer.inference import predict_ab
from colorizer.listening import CHANNELS, _lesson, _look, teach
from tests.colorizer.drawings import data_folder, landscape

SMALL = NetworkConfig(bottleneck_channels=16, decoder_channels=(16, 16, 16, 16), chroma_bins=True)
STEPS = 8


def seeing() -> Generator:
    """A generator of random weights whose features are not all the same: as if it had been trained."""
    torch.manual_seed(1)
    generator = Generator(SMALL)
    for module in generator.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        generator.train()(rgb_to_lab(torch.stack(landscapes(0)).float() / 255)[:, :1])
    return generator.eval()


def landscapes(seed: int) -> list[torch.Tensor]:
    """Four, uint8 RGB (3, 256, 256) each."""
    return [to_tensor(landscape(256, 256, seed=seed + number)) for number in range(4)]


def exam(generator: Generator) -> float:
    """What a lesson asks for, of landscapes that were not learned from, always at the same points."""
    rng = np.random.default_rng(3)
    with torch.no_grad():
        photos = _look(generator, landscapes(40))
        marks = [_lesson(photo, rng) for photo in photos for _ in range(4)]
    return float(torch.stack(marks).mean())


class ListeningTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = data_folder(cls)
        cls.generator = seeing()

    def test_what_is_told_reaches_better_after_a_few_lessons(self) -> None:
        sources = {"scenes": PhotoSet(self.folder / "scenes-train.zip")}
        heard: list[int] = []
        hardly = teach(self.generator, sources, steps=1)
        better = teach(self.generator, sources, steps=STEPS, progress=lambda step, loss: heard.append(step))
        self.assertEqual(heard, list(range(1, STEPS + 1)))
        self.assertLess(exam(better), exam(hardly) - 0.5)  # dB, and as much of errors where nothing was told

    def test_the_command_writes_weights_that_color_as_before_where_nothing_is_told(self) -> None:
        before, after = self.folder / "before.safetensors", self.folder / "after.safetensors"
        parent = save_generator(self.generator, before, Card("small", "", SMALL, recipe={"name": "r"}))
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
            status = main(
                ["listen", "--data", str(self.folder), "--weights", str(before), "--out", str(after), "--steps", "2"]
            )
        taught, card = load_generator(after)
        self.assertEqual(status, 0)
        self.assertIn(card.digest, said.getvalue())
        self.assertEqual((card.name, card.network.alike_channels), ("small", CHANNELS))
        self.assertEqual(card.recipe, {"name": "r", "listening": {"steps": 2, "parent": parent.digest}})
        light = torch.rand(1, 1, 64, 64) * 100
        untaught, _ = load_generator(before)
        self.assertTrue(torch.equal(predict_ab(untaught, light), predict_ab(taught, light)))
        self.assertGreater(float(taught.predict(light).alike.std()), 0)
