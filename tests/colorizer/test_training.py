"""A short real training on drawn pictures: it learns, it stops, it goes on as if it had never stopped."""

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import torch

from colorizer import TrainingError, losses
from colorizer.checkpoint import load_generator, read_tensors
from colorizer.config import RECIPES, NetworkConfig
from colorizer.descent import LAST_LR, lr_scale
from colorizer.training import Training
from tests.colorizer.drawings import write_data

SMALL = NetworkConfig(
    bottleneck_channels=16, decoder_channels=(16, 16, 16, 16), attention_blocks=1, chroma_bins=True, hints=True
)
SMOKE = replace(RECIPES["smoke"], network=SMALL)


class TrainingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        write_data(cls.folder)
        cls.whole = Training(SMOKE, cls.folder / "whole", cls.folder)
        cls.finished = cls.whole.run()

    def log(self, run: str) -> list[dict]:
        return [json.loads(line) for line in (self.folder / run / "log.jsonl").read_text().splitlines()]

    def test_it_runs_every_step_of_every_stage(self) -> None:
        self.assertTrue(self.finished)
        steps = [line["step"] for line in self.log("whole") if "l1" in line]
        self.assertEqual(steps, list(range(1, SMOKE.steps + 1)))

    def test_the_adversarial_stage_trains_both_networks(self) -> None:
        last = [line for line in self.log("whole") if "l1" in line][-1]
        self.assertEqual(last["stage"], "adversarial")
        self.assertGreater(last["discriminator"], 0)
        self.assertGreater(last["adversarial"], 0)
        values = [line["discriminator"] for line in self.log("whole") if "discriminator" in line]
        self.assertEqual(len(values), len(set(values)))
        gradients = [p.grad for p in self.whole.objective.discriminator.parameters()]
        self.assertTrue(all(gradient is not None and gradient.any() for gradient in gradients))

    def test_a_frozen_encoder_stays_imagenets(self) -> None:
        half = Training(SMOKE, self.folder / "frozen", self.folder)
        before = {k: v.clone() for k, v in half.generator.encoder.state_dict().items()}
        half.run(should_stop=lambda: half.step >= 3)
        for name, tensor in half.generator.encoder.state_dict().items():
            self.assertTrue(torch.equal(tensor, before[name]), name)

    def test_every_checkpoint_is_evaluated_and_loads(self) -> None:
        for step in (4, 8, 12):
            _, card = load_generator(self.folder / "whole" / f"step-{step:05}.safetensors")
            self.assertEqual(card.recipe["stopped_at_step"], step)
            self.assertEqual(set(card.figures["scenes"]), {"grey", "generator", "truth"})
            self.assertTrue((self.folder / "whole" / f"step-{step:05}-objects.jpg").exists())

    def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(self) -> None:
        first = Training(SMOKE, self.folder / "legs", self.folder)
        self.assertFalse(first.run(should_stop=lambda: first.step >= 10))
        second = Training(SMOKE, self.folder / "legs", self.folder)
        self.assertTrue(second.run())
        steps = [line["step"] for line in self.log("legs") if "l1" in line]
        self.assertEqual(steps, list(range(1, SMOKE.steps + 1)))
        whole, legs = (read_tensors(self.folder / run / "state.safetensors") for run in ("whole", "legs"))
        self.assertEqual(set(whole), set(legs))
        for name in whole:
            if not name.startswith("counters.train_s"):
                torch.testing.assert_close(legs[name], whole[name], atol=2e-3, rtol=2e-2, msg=name)

    def test_a_run_can_start_from_weights_of_its_own_network_alone(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        run = Training(SMOKE, self.folder / "tuned", self.folder, start=weights)
        started, _ = load_generator(weights)
        for name, tensor in run.generator.state_dict().items():
            self.assertTrue(torch.equal(tensor, started.state_dict()[name]), name)
        with self.assertRaisesRegex(TrainingError, "another network"):
            Training(replace(SMOKE, network=NetworkConfig()), self.folder / "other", self.folder, start=weights)

    def test_a_loss_that_is_not_finite_ends_the_run_with_a_reason(self) -> None:
        run = Training(SMOKE, self.folder / "broken", self.folder)
        with (
            mock.patch.object(losses, "l1_chroma", lambda predicted, truth: predicted.sum() * float("nan")),
            self.assertRaisesRegex(TrainingError, "not finite"),
        ):
            run.run()


class RateTest(unittest.TestCase):
    def test_the_learning_rate_rises_then_falls(self) -> None:
        rates = [lr_scale(step, 100) for step in range(100)]
        peak = max(range(100), key=rates.__getitem__)
        self.assertEqual(rates[peak], 1.0)
        self.assertLess(peak, 10)
        self.assertEqual(sorted(rates[:peak]), rates[:peak])
        self.assertEqual(sorted(rates[peak:], reverse=True), rates[peak:])
        self.assertAlmostEqual(rates[-1], LAST_LR, delta=0.01)
