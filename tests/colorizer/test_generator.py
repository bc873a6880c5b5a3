"""The two networks: shapes, ranges and what they look at."""

import unittest
from dataclasses import replace

import torch

from colorizer.color import AB_MAX
from colorizer.config import NetworkConfig
from colorizer.discriminator import FEATURES, PatchDiscriminator, ProjectedDiscriminator
from colorizer.efficientnet import Features
from colorizer.generator import Generator, annealed_mean, focused

SMALL = {"bottleneck_channels": 16, "decoder_channels": (16, 16, 16, 16)}


class GeneratorTest(unittest.TestCase):
    config = NetworkConfig(**SMALL)

    def setUp(self) -> None:
        torch.manual_seed(0)
        self.generator = Generator(self.config).eval()

    @torch.inference_mode()
    def test_it_answers_chroma_at_half_the_size(self) -> None:
        ab = self.generator(torch.rand(2, 1, 64, 96) * 100)
        self.assertEqual(ab.shape, (2, 2, 32, 48))
        self.assertLessEqual(float(ab.abs().max()), AB_MAX)

    @torch.inference_mode()
    def test_a_picture_does_not_depend_on_its_neighbours_in_the_batch(self) -> None:
        light = torch.rand(2, 1, 64, 64) * 100
        torch.testing.assert_close(self.generator(light)[:1], self.generator(light[:1]), atol=1e-3, rtol=1e-3)

    def test_every_parameter_gets_a_gradient(self) -> None:
        for parameter in self.generator.parameters():
            if parameter.ndim > 1 and not parameter.any():  # what begins as zero keeps gradients from what is before
                torch.nn.init.normal_(parameter, std=0.1)
        self.generator(torch.rand(2, 1, 64, 64) * 100, torch.rand(2, 3, 64, 64)).square().mean().backward()
        idle = [name for name, p in self.generator.named_parameters() if p.grad is None or not p.grad.any()]
        self.assertEqual(idle, [])


class ListeningGeneratorTest(GeneratorTest):
    """The same promises, and more, of a network with bins, attention and hints."""

    config = NetworkConfig(**SMALL, attention_blocks=1, chroma_bins=True, hints=True)

    @torch.inference_mode()
    def test_it_says_how_likely_each_color_is(self) -> None:
        prediction = self.generator.predict(torch.rand(2, 1, 64, 96) * 100)
        self.assertEqual(prediction.logits.shape, (2, len(self.generator.centers), 16, 24))

    @torch.inference_mode()
    def test_hints_can_be_made_louder_without_another_answer(self) -> None:
        light, hints = torch.rand(1, 1, 64, 64) * 100, torch.zeros(1, 3, 64, 64)
        hints[:, :, 20:24, 20:24] = torch.tensor([0.3, -0.2, 1]).view(3, 1, 1)
        before = self.generator(light, hints)
        self.generator.rescale_hints(5.0)
        self.assertEqual(self.generator.config.hint_scale, 5.0)
        torch.testing.assert_close(self.generator(light, hints), before, atol=1e-4, rtol=1e-3)
        self.generator.config = self.config
        self.assertGreater(float((self.generator(light, hints) - before).abs().max()), 0.005)

    @torch.inference_mode()
    def test_no_hints_and_empty_hints_are_the_same(self) -> None:
        light = torch.rand(1, 1, 64, 64) * 100
        torch.testing.assert_close(self.generator(light), self.generator(light, torch.zeros(1, 3, 64, 64)))

    @torch.inference_mode()
    def test_a_hint_changes_the_colors(self) -> None:
        light, hints = torch.rand(1, 1, 64, 64) * 100, torch.zeros(1, 3, 64, 64)
        hints[:, :, 20:24, 20:24] = 1
        self.assertGreater(float((self.generator(light, hints) - self.generator(light)).abs().max()), 0.01)

    def test_a_sure_distribution_has_its_bin_as_mean(self) -> None:
        logits = torch.zeros(1, len(self.generator.centers), 1, 1)
        logits[0, 7] = 100
        mean, sureness = annealed_mean(logits, self.generator.centers)
        torch.testing.assert_close(mean[0, :, 0, 0], self.generator.centers[7])
        self.assertAlmostEqual(float(sureness), 1.0, places=4)

    def test_what_may_be_red_or_green_is_unsure_and_what_may_be_red_or_pale_red_is_not(self) -> None:
        centers = torch.tensor([[40.0, 0.0], [-40.0, 0.0], [10.0, 0.0]])
        _, unsure = annealed_mean(torch.tensor([1.0, 1.0, -99.0]).view(1, 3, 1, 1), centers)
        _, sure = annealed_mean(torch.tensor([1.0, -99.0, 1.0]).view(1, 3, 1, 1), centers)
        self.assertAlmostEqual(float(unsure), 0.0, places=4)
        self.assertAlmostEqual(float(sure), 1.0, places=4)

    def test_focus_moves_chroma_to_where_the_network_is_sure_and_keeps_the_mean_of_each_picture(self) -> None:
        ab = torch.tensor([[[[10.0, 10.0]], [[0.0, 0.0]]], [[[0.0, 0.0]], [[30.0, 30.0]]]])  # (2, 2, 1, 2)
        weight = torch.tensor([1.0, 0.25]).view(1, 1, 1, 2).expand(2, 1, 1, 2)
        moved = focused(ab, weight)
        torch.testing.assert_close(moved.norm(dim=1).mean(dim=(1, 2)), torch.tensor([10.0, 30.0]))
        torch.testing.assert_close(moved[0, 0, 0], torch.tensor([16.0, 4.0]))
        self.assertEqual(float(focused(torch.zeros(1, 2, 1, 2), weight[:1]).abs().max()), 0.0)

    @torch.inference_mode()
    def test_a_network_with_focus_colors_otherwise_and_as_vividly(self) -> None:
        torch.nn.init.normal_(self.generator.bins.weight, std=100.0)  # so that places differ
        light = torch.rand(1, 1, 64, 64) * 100
        before = self.generator(light)
        self.generator.config = replace(self.config, focus=2.0)
        after = self.generator(light)
        self.assertGreater(float((after - before).abs().max()), 0.1 * float(before.abs().max()))
        torch.testing.assert_close(after.norm(dim=1).mean(), before.norm(dim=1).mean(), rtol=1e-3, atol=1e-3)


class DiscriminatorTest(unittest.TestCase):
    def test_one_logit_sees_a_patch_of_seventy_pixels(self) -> None:
        discriminator = PatchDiscriminator().eval()
        light = torch.zeros(1, 1, 160, 160, requires_grad=True)
        (logits,) = discriminator(light, torch.zeros(1, 2, 160, 160))
        self.assertEqual(logits.shape, (1, 1, 18, 18))
        logits[0, 0, 9, 9].backward()
        seen = light.grad[0, 0].ne(0).nonzero()
        extent = seen.amax(dim=0) - seen.amin(dim=0) + 1
        self.assertEqual(extent.tolist(), [70, 70])

    def test_the_projected_one_judges_every_feature_map(self) -> None:
        taps = Features(FEATURES).eval()(torch.rand(2, 3, 64, 64))[1:]
        logits = ProjectedDiscriminator()(taps)
        self.assertEqual([tuple(part.shape) for part in logits], [(2, 1, n, n) for n in (16, 8, 4, 2)])
