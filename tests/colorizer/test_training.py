"""A short real training on drawn pictures: it learns, it stops, it goes on as if it had never stopped."""

import json
import subprocess
import sys
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

import torch
from PIL import Image

from colorizer import TrainingError, losses, training
from colorizer.checkpoint import load_generator, read_card, read_tensors
from colorizer.config import RECIPES, NetworkConfig, Recipe, Stage
from colorizer.data import PhotoSet, TrainingBatches, open_data, to_batch
from colorizer.descent import LAST_LR, first_weights, lr_scale
from colorizer.inference import predict_ab
from colorizer.pace import Pace
from colorizer.reports import Ending, Evaluated, Figures, Outcome, Progress
from colorizer.runaway import what_ran_away
from colorizer.training import Training
from tests.colorizer.drawings import data_folder

SMALL = NetworkConfig(
    bottleneck_channels=16,
    decoder_channels=(16, 16, 16, 16),
    attention_blocks=1,
    chroma_bins=True,
    hints=True,
    alike_channels=4,
)
SMOKE = replace(RECIPES["smoke"], network=SMALL)


class TrainingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = data_folder(cls)
        cls.addClassCleanup(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(1)  # on pictures so small, threads wait for one another
        cls.whole = Training(SMOKE, cls.folder / "whole", *open_data(cls.folder, SMOKE))
        cls.embedding = cls.whole.generator.alike.weight.detach().clone()
        cls.told: list[Progress] = []
        cls.evaluations: list[Evaluated] = []
        cls.outcome = cls.whole.run(progress=cls.told.append, evaluated=cls.evaluations.append)

    def training(self, run: str, recipe: Recipe = SMOKE, *, start: Path | None = None) -> Training:
        return Training(recipe, self.folder / run, *open_data(self.folder, recipe), start=start)

    def log(self, run: str) -> list[dict]:
        return [json.loads(line) for line in (self.folder / run / "log.jsonl").read_text().splitlines()]

    def test_it_runs_every_step_of_every_stage(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        self.assertEqual(self.outcome, Outcome(Ending.FINISHED, SMOKE.steps, weights))
        self.assertEqual(self.steps("whole"), list(range(1, SMOKE.steps + 1)))

    def test_what_was_taught_of_told_colors_stays(self) -> None:
        for network in (self.whole.generator, self.whole.ema):
            torch.testing.assert_close(network.alike.weight, self.embedding)

    def steps(self, run: str) -> list[int]:
        return [line["step"] for line in self.log(run) if "stage" in line]

    def test_it_tells_how_fast_it_goes_and_what_came_of_it(self) -> None:
        self.assertEqual([report.step for report in self.told], list(range(1, SMOKE.steps + 1)))
        self.assertTrue(all(report.pictures_per_s > 0 for report in self.told))
        self.assertGreater(self.told[0].seconds_left, 0)
        self.assertEqual([report.step for report in self.evaluations], [4, 8, 12])
        for report in self.evaluations:
            self.assertGreater(report.figures["scenes"]["truth"]["colorfulness"], 5)
            with Image.open(report.sheets["scenes"]) as sheet:
                self.assertGreater(sheet.width, 3 * SMOKE.validation_size)

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
        half = self.training("frozen")
        before = {k: v.clone() for k, v in half.generator.encoder.state_dict().items()}
        half.run(should_stop=lambda: half.step >= 3)
        for name, tensor in half.generator.encoder.state_dict().items():
            self.assertTrue(torch.equal(tensor, before[name]), name)

    def test_where_bins_alone_are_learned_the_refinement_stays_as_it_was(self) -> None:
        run = self.training("bins")
        before = {k: v.clone() for k, v in run.generator.named_parameters()}
        run.run(should_stop=lambda: run.step >= 3)
        moved = {name.split(".")[0] for name, p in run.generator.named_parameters() if not torch.equal(p, before[name])}
        self.assertIn("bins", moved)
        self.assertFalse({"narrow", "to_ab"} & moved)

    def test_only_the_deep_groups_of_the_encoder_learn_where_it_is_said(self) -> None:
        first, last = (load_generator(self.folder / "whole" / f"step-{step:05}.safetensors")[0] for step in (8, 12))
        for group in range(7):
            pairs = zip(first.encoder.stages[group].parameters(), last.encoder.stages[group].parameters(), strict=True)
            self.assertEqual(all(torch.equal(a, b) for a, b in pairs), group < 5, group)

    def test_every_checkpoint_is_evaluated_and_loads(self) -> None:
        for step in (4, 8, 12):
            _, card = load_generator(self.folder / "whole" / f"step-{step:05}.safetensors")
            self.assertEqual(card.recipe["stopped_at_step"], step)
            self.assertEqual(set(card.figures["scenes"]), {"grey", "generator", "truth"})
            self.assertTrue((self.folder / "whole" / f"step-{step:05}-objects.jpg").exists())

    def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(self) -> None:
        first = self.training("legs")
        self.assertIs(first.run(should_stop=lambda: first.step >= 10).ending, Ending.STOPPED)
        self.assertIs(self.training("legs").run().ending, Ending.FINISHED)
        self.assertEqual(self.steps("legs"), list(range(1, SMOKE.steps + 1)))
        self.assert_same("state.safetensors", "whole", "legs")

    def test_a_run_stopped_while_it_is_evaluated_is_evaluated_when_it_goes_on(self) -> None:
        first = self.training("unheard")
        told: list[int] = []
        outcome = first.run(progress=lambda report: told.append(report.step), should_stop=lambda: 4 in told)
        self.assertEqual(outcome, Outcome(Ending.STOPPED, 4, None))
        second = self.training("unheard")
        reports: list[Evaluated] = []
        outcome = second.run(evaluated=reports.append, should_stop=lambda: bool(reports))
        self.assertEqual(outcome, Outcome(Ending.STOPPED, 4, self.folder / "unheard" / "step-00004.safetensors"))

    def test_a_run_that_dies_goes_on_from_what_the_clock_saved(self) -> None:
        def die(report: Progress) -> None:
            if report.step == 3:
                raise KeyboardInterrupt  # nothing is saved on the way out

        with mock.patch.object(training, "SAVE_EVERY_S", 0.0), self.assertRaises(KeyboardInterrupt):
            self.training("dead").run(progress=die)
        self.training("dead").run(should_stop=(self.folder / "dead" / "step-00004.safetensors").exists)
        self.assertEqual(self.steps("dead"), [1, 2, 3, 3, 4])
        self.assert_same("step-00004.safetensors", "whole", "dead")

    def assert_same(self, name: str, one: str, other: str) -> None:
        first, second = (read_tensors(self.folder / run / name) for run in (one, other))
        self.assertEqual(set(first), set(second))
        for name in first:
            if not name.startswith("counters.train_s"):
                torch.testing.assert_close(second[name], first[name], atol=2e-3, rtol=2e-2, msg=name)

    def test_a_run_from_weights_measures_them_first_and_names_them(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        run = self.training("tuned", start=weights)
        started, card = load_generator(weights)
        for name, tensor in run.generator.state_dict().items():
            self.assertTrue(torch.equal(tensor, started.state_dict()[name]), name)
        run.run(should_stop=lambda: run.step >= 4)
        self.assertEqual(read_card(self.folder / "tuned" / "step-00000.json").recipe["parent"], card.digest)
        measured = read_card(self.folder / "tuned" / "step-00000.json").figures["scenes"]["generator"]
        self.assertAlmostEqual(measured["ciede2000"], card.figures["scenes"]["generator"]["ciede2000"], delta=0.05)

    def test_what_is_rehearsed_keeps_the_colors_that_the_first_weights_give_it(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        stage = replace(SMOKE.stages[1], rehearses=("objects",))
        run = self.training("rehearsed", replace(SMOKE, stages=(stage,)), start=weights)
        rgb = TrainingBatches(run.sources, stage, seed=1, first_step=0)[0]
        noise = torch.Generator().manual_seed(1)
        truth = to_batch(rgb, noise).ab
        kept = to_batch(rgb, noise, recolor=run.rehearsal.of(stage))
        self.assertTrue(torch.equal(kept.ab[:2], truth[:2]))
        known = predict_ab(load_generator(weights)[0], kept.light[2:])
        torch.testing.assert_close(kept.ab[2:], known, atol=0.5, rtol=0.05)
        self.assertGreater(float((known - truth[2:]).abs().mean()), 1)
        run.run(should_stop=lambda: run.step >= 2)
        self.assertEqual(run.step, 2)

    def test_what_has_faded_becomes_as_vivid_as_before_by_its_gain(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        stage = replace(SMOKE.stages[1], rehearses=("objects",))
        run = self.training("faded", replace(SMOKE, stages=(stage,)), start=weights)
        faded = load_generator(weights)[0]
        faded.config = replace(faded.config, chroma_gain=0.5)
        vivid = run.rehearsal.blend(faded, heed=lambda: None)
        self.assertAlmostEqual(vivid.config.chroma_gain, 1.0, delta=0.1)
        self.assertEqual(faded.config.chroma_gain, 0.5)
        run.run()
        written = read_card(self.folder / "faded" / "step-00004.json")
        self.assertEqual(written.network, replace(SMALL, chroma_gain=written.network.chroma_gain))
        self.assertNotEqual(written.network.chroma_gain, 1.0)

    def test_fading_is_seen_by_what_is_held_out_where_there_is_some(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        recipe = replace(SMOKE, stages=(replace(SMOKE.stages[1], rehearses=("objects",)),))
        mine = self.training("by-own", recipe, start=weights)
        other = Training(
            recipe,
            self.folder / "by-others",
            mine.sources,
            mine.validation,
            held_out={"objects": mine.validation["scenes"], "scenes": mine.validation["scenes"]},
            start=weights,
        )
        self.assertEqual(mine.rehearsal.photos, [mine.sources["objects"]])
        self.assertEqual(other.rehearsal.photos, [mine.validation["scenes"]])

    def test_a_share_of_the_first_weights_is_in_what_comes_out(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        stage = SMOKE.stages[1]
        run = self.training("blended", replace(SMOKE, stages=(stage,), start_share=0.25), start=weights)
        run.run()
        first, newest = load_generator(weights)[0].state_dict(), run.ema.state_dict()
        moved = 0.0
        for name, tensor in load_generator(self.folder / "blended" / "step-00004.safetensors")[0].state_dict().items():
            if tensor.is_floating_point():
                torch.testing.assert_close(tensor, 0.25 * first[name] + 0.75 * newest[name], atol=2e-3, rtol=2e-2)
                moved = max(moved, float((newest[name] - first[name]).abs().max()))
        self.assertGreater(moved, 0.01)

    def test_a_recipe_that_is_told_louder_begins_with_weights_that_answer_as_before(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        louder = replace(SMOKE, network=replace(SMOKE.network, hint_scale=5.0))
        generator, _ = first_weights(louder, weights)
        self.assertEqual(generator.config, louder.network)
        light, hints = torch.rand(1, 1, 64, 64) * 100, torch.zeros(1, 3, 64, 64)
        hints[:, :, 20:24, 20:24] = torch.tensor([0.3, -0.2, 1]).view(3, 1, 1)
        quieter = load_generator(weights)[0]
        with torch.inference_mode():
            torch.testing.assert_close(generator.eval()(light, hints), quieter(light, hints), atol=0.05, rtol=1e-3)
            self.assertGreater(float((quieter(light, hints) - quieter(light)).abs().max()), 0.01)

    def test_weights_of_another_network_are_refused(self) -> None:
        weights = self.folder / "whole" / "step-00012.safetensors"
        with self.assertRaisesRegex(TrainingError, "another network"):
            self.training("other", replace(SMOKE, network=NetworkConfig()), start=weights)

    def test_a_loss_that_is_not_finite_ends_the_run_with_the_last_checkpoint(self) -> None:
        first = self.training("broken")
        checkpoint = self.folder / "broken" / "step-00004.safetensors"
        first.run(should_stop=checkpoint.exists)
        with mock.patch.object(losses, "bins_cross_entropy", lambda logits, *_: logits.sum() * float("nan")):
            outcome = self.training("broken").run()
            self.assertEqual((outcome.ending, outcome.step, outcome.weights), (Ending.EARLY, 4, checkpoint))
            self.assertIn("not finite", outcome.reason)
            with self.assertRaisesRegex(TrainingError, "not finite.*no checkpoint yet"):
                self.training("broken at once").run()

    def test_color_that_runs_away_ends_the_run_with_the_last_checkpoint(self) -> None:
        first = replace(SMOKE.stages[0], l1_weight=1.0)
        sound, wild = (replace(first, name=name, decoder_lr=lr) for name, lr in (("a", 1e-3), ("b", 9.0)))
        recipe = replace(SMOKE, stages=(sound, wild, sound))
        for _ in range(2):  # started once more, it ends in the same way
            outcome = self.training("wild", recipe).run()
            self.assertEqual((outcome.ending, outcome.step), (Ending.EARLY, 8))
            self.assertEqual(outcome.weights, self.folder / "wild" / "step-00004.safetensors")
            self.assertIn("Color ran away", outcome.reason)
        self.assertFalse((self.folder / "wild" / "step-00008.safetensors").exists())

    def test_a_photograph_that_cannot_be_read_ends_the_run_by_its_name(self) -> None:
        (self.folder / "mixed").mkdir()
        (self.folder / "mixed" / "broken.jpg").write_bytes(b"\xff\xd8 no more")
        mixed = dict.fromkeys(("scenes", "objects"), PhotoSet(self.folder / "mixed"))
        for bins_weight in (0.0, 0.1):  # with bins, photographs are read before the first step too
            stages = (replace(SMOKE.stages[0], bins_weight=bins_weight),)
            run = Training(replace(SMOKE, stages=stages), self.folder / "unread", mixed, {})
            with self.assertRaisesRegex(TrainingError, "^broken.jpg in mixed cannot be read as a photograph.$"):
                run.run()

    def test_too_little_memory_is_one_sentence_that_says_what_to_lower(self) -> None:
        done = subprocess.run([sys.executable, "-c", SHORT_OF_MEMORY, self.folder], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "lower the batch size or the crop"), done.stderr)


SHORT_OF_MEMORY = r"""
import re, resource, sys, torch
from dataclasses import replace
from pathlib import Path
from colorizer import TrainingError
from colorizer.data import open_data
from colorizer.training import Training
from tests.colorizer.test_training import SMOKE
torch.set_num_threads(1)
folder = Path(sys.argv[1])
stage = replace(SMOKE.stages[0], crop=512, batch={"scenes": 24, "objects": 24})
recipe = replace(SMOKE, stages=(stage,))
run = Training(recipe, folder / "short", *open_data(folder, recipe))
used = int(re.search(r"VmSize:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 600_000_000, resource.RLIM_INFINITY))
try:
    run.run()
except TrainingError as error:
    print(str(error).partition(": ")[2].rstrip("."))
"""


class RunawayTest(unittest.TestCase):
    def figures(self, *, color: float, outside: float = 0.01) -> Figures:
        own = {"colorfulness": color, "outside_gamut_share": outside}
        return {"a": {"generator": own, "truth": {"colorfulness": 30.0}}}

    def test_color_may_go_beyond_the_truth_or_beyond_the_start_but_not_both(self) -> None:
        self.assertIsNone(what_ran_away(self.figures(color=47), None))
        self.assertIn("colorfulness of a was 49.0", what_ran_away(self.figures(color=49), None))
        self.assertIsNone(what_ran_away(self.figures(color=49), self.figures(color=35)))
        self.assertIsNotNone(what_ran_away(self.figures(color=54), self.figures(color=35)))

    def test_figures_that_are_no_numbers_and_colors_beyond_the_screen_are_told(self) -> None:
        self.assertIn("numbers", what_ran_away(self.figures(color=float("nan")), None))
        self.assertIn("40% of a", what_ran_away(self.figures(color=20, outside=0.4), None))


class PaceTest(unittest.TestCase):
    def test_the_time_left_counts_what_later_stages_cost(self) -> None:
        stage = Stage("a", 10, 64, {"scenes": 4}, decoder_lr=1e-3)
        pace = Pace(Recipe("r", (stage, replace(stage, name="b", crop=128)), evaluate_every=100))
        self.assertEqual(pace.pictures_per_s(stage), 0)
        pace.step_took(stage, 2.0)
        pace.evaluation_took(5.0)
        self.assertAlmostEqual(pace.pictures_per_s(stage), 2.0)
        self.assertAlmostEqual(pace.seconds_left(4), 6 * 2 + 10 * 8 + 2 * 5)
        self.assertAlmostEqual(pace.seconds_left(15), 5 * 8 + 5)
        self.assertEqual(pace.seconds_left(20), 0)


class RateTest(unittest.TestCase):
    def test_the_learning_rate_rises_then_falls(self) -> None:
        rates = [lr_scale(step, 100) for step in range(100)]
        peak = max(range(100), key=rates.__getitem__)
        self.assertEqual(rates[peak], 1.0)
        self.assertLess(peak, 10)
        self.assertEqual(sorted(rates[:peak]), rates[:peak])
        self.assertEqual(sorted(rates[peak:], reverse=True), rates[peak:])
        self.assertAlmostEqual(rates[-1], LAST_LR, delta=0.01)
