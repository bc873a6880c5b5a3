"""The gate on weights that are as good, worse, paler and slower than the active ones."""

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from colorizer.checkpoint import Card, load_generator
from colorizer.config import HOLDOUT, RECIPES
from colorizer.data import PhotoSet
from colorizer.efficientnet import load_imagenet
from colorizer.evaluation import TRUTH
from colorizer.gate import ACTIVE, CANDIDATE, GOLDEN, RULES, SECONDS, Check, Loaded, Verdict, compare, find_judge
from colorizer.generator import Generator
from colorizer.judge import learn_probe
from colorizer.scoreboard import GREY
from tests.colorizer.test_evaluate_command import write_classes
from tests.colorizer.test_inference import SHIPPED


class GateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.addClassCleanup(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(1)
        for name, seeds in ((HOLDOUT, range(8)), (GOLDEN, range(8, 20))):
            write_classes(cls.folder / f"{name}.zip", seeds=seeds)
        cls.sets = {name: PhotoSet(cls.folder / f"{name}.zip") for name in (HOLDOUT, GOLDEN)}
        cls.shipped = load_generator(SHIPPED)
        cls.same = compare(cls.shipped, cls.shipped, cls.sets, size=64)
        cls.wild = compare(cls.changed(scale=3.0), cls.shipped, cls.sets, size=64)

    @classmethod
    def changed(cls, *, scale: float) -> Loaded:
        """The shipped weights with stronger or weaker colors."""
        generator, card = load_generator(SHIPPED)
        with torch.no_grad():
            generator.to_ab.weight.mul_(scale)
            generator.to_ab.bias.mul_(scale)
            if card.network.chroma_bins:
                generator.centers.mul_(scale)
        return generator, card

    def check(self, verdict: Verdict, figure: str, photos: str = GOLDEN) -> Check:
        return next(check for check in verdict.checks if (check.figure, check.photos) == (figure, photos))

    def test_weights_pass_beside_themselves(self) -> None:
        self.assertTrue(self.same.passed)
        for check in self.same.checks:
            self.assertIn(check.passed, (True, None))
            self.assertEqual(check.candidate, check.active)
        self.assertEqual(self.same.regressions, {HOLDOUT: (), GOLDEN: ()})

    def test_colors_that_run_away_break_the_rules_with_both_numbers(self) -> None:
        self.assertFalse(self.wild.passed)
        for photos in (HOLDOUT, GOLDEN):
            for figure in ("ciede2000", "psnr_ab", "outside_gamut_share"):
                check = self.check(self.wild, figure, photos)
                self.assertFalse(check.passed, check)
                self.assertGreater(check.worse, check.tolerance)
                self.assertLessEqual(check.low, check.worse)
        self.assertTrue(self.check(self.wild, SECONDS, "").passed)

    def test_the_worst_regressions_come_first_and_are_named(self) -> None:
        worst = self.wild.regressions[GOLDEN]
        gaps = [one.candidate - one.active for one in worst]
        self.assertEqual(gaps, sorted(gaps, reverse=True))
        self.assertGreater(gaps[0], 0)
        self.assertEqual(self.sets[GOLDEN].names[worst[0].position], worst[0].name)

    def test_the_report_is_plain_json_and_complete(self) -> None:
        report = json.loads(json.dumps(self.wild.report(), allow_nan=False))
        self.assertFalse(report["passed"])
        self.assertEqual(len(report["checks"]), 2 * len(RULES) + 1)
        relative = {check["figure"] for check in report["checks"] if check["relative"]}
        self.assertEqual(relative, {"ciede2000", SECONDS})

    def test_the_figures_of_all_ways_to_color_are_those_of_the_checks(self) -> None:
        for photos, ways in self.wild.figures.items():
            self.assertEqual({CANDIDATE, ACTIVE, GREY, TRUTH}, ways.keys())
            for way in (CANDIDATE, ACTIVE):
                for figure in ("ciede2000", "colorfulness_gap_of_means"):
                    self.assertEqual(getattr(self.check(self.wild, figure, photos), way), ways[way][figure])
            self.assertEqual((0, 0), (ways[TRUTH]["ciede2000"], round(ways[GREY]["colorfulness"], 3)))
            self.assertGreater(ways[CANDIDATE]["colorfulness"], ways[ACTIVE]["colorfulness"])
            self.assertNotIn("skin_share", ways[ACTIVE])

    def test_what_cannot_be_told_is_not_judged(self) -> None:
        """There is no skin in these pictures, and no judge was asked."""
        for figure in ("skin_share", "kernel_distance", "recovery"):
            self.assertIsNone(self.check(self.same, figure).passed)
        alone = compare(self.shipped, self.shipped, {HOLDOUT: self.sets[HOLDOUT]}, size=64)
        self.assertTrue(all(check.passed is None for check in alone.checks if check.photos == GOLDEN))
        self.assertTrue(alone.passed)

    def test_a_judge_and_a_probe_bring_their_rules(self) -> None:
        judge = find_judge()
        probe = learn_probe(judge, self.sets[HOLDOUT], size=64, limit=16)
        golden = {GOLDEN: self.sets[GOLDEN]}
        verdict = compare(self.changed(scale=0.2), self.shipped, golden, judge=judge, probe=probe, size=64)
        for figure in ("kernel_distance", "recovery"):
            self.assertIsNotNone(self.check(verdict, figure).candidate)

    def test_a_slower_network_is_told(self) -> None:
        slow = replace(RECIPES["photolab-2"].network, decoder_channels=(512, 512, 512, 512))
        torch.manual_seed(1)
        generator = Generator(slow)
        load_imagenet(generator.encoder, slow.encoder)
        nn.init.normal_(generator.to_ab.weight, std=0.01)
        loaded = generator.eval(), Card("slow", "2026-01-01", slow)
        verdict = compare(loaded, self.shipped, {GOLDEN: self.sets[GOLDEN]}, size=64, limit=4)
        self.assertFalse(self.check(verdict, SECONDS, "").passed)

    def test_it_can_be_ended_on_the_way(self) -> None:
        def give_up(done: int, total: int) -> None:
            self.assertEqual((done, total), (16, 40))
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            compare(self.shipped, self.shipped, self.sets, size=64, progress=give_up)
