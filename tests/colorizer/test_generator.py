"""The two networks: shapes, ranges and what they look at."""

import unittest

import torch

from colorizer.color import AB_MAX
from colorizer.config import NetworkConfig
from colorizer.discriminator import PatchDiscriminator
from colorizer.generator import Generator


class GeneratorTest(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(0)
        self.generator = Generator(NetworkConfig()).eval()

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
        self.generator(torch.rand(1, 1, 64, 64) * 100).square().mean().backward()
        idle = [name for name, p in self.generator.named_parameters() if p.grad is None or not p.grad.any()]
        self.assertEqual(idle, [])


class DiscriminatorTest(unittest.TestCase):
    def test_one_logit_sees_a_patch_of_seventy_pixels(self) -> None:
        discriminator = PatchDiscriminator().eval()
        light = torch.zeros(1, 1, 160, 160, requires_grad=True)
        logits = discriminator(light, torch.zeros(1, 2, 160, 160))
        self.assertEqual(logits.shape, (1, 1, 18, 18))
        logits[0, 0, 9, 9].backward()
        seen = light.grad[0, 0].ne(0).nonzero()
        extent = seen.amax(dim=0) - seen.amin(dim=0) + 1
        self.assertEqual(extent.tolist(), [70, 70])
