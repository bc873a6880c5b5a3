"""What film, time and scanners do to a photograph, simulated on the luminance that the network sees.

The truth stays as it is: the generator learns to color through the damage. Exposure and contrast differ in every
picture; each other effect meets a share of them, so that damage stays the rarer case. All work is on L (N, 1, H, W)
in 0..100.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .color import rgb_to_lab

# Shares of the spectrum in linear light (red, green, blue) around which a film's response lies: panchromatic,
# and orthochromatic, which is blind to red: lips and freckles go dark, skies white.
_PANCHROMATIC = (0.30, 0.50, 0.20)
_ORTHOCHROMATIC = (0.05, 0.45, 0.50)


class Degradation:
    """Draws every effect from one random generator, so that the same seed gives the same damage."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def __call__(self, rgb: Tensor, light: Tensor) -> Tensor:
        """RGB (N, 3, H, W) in 0..1 and its L to the L of an old photograph of the same scene."""
        x = self._film(rgb, light) / 100
        x = self._exposure(x)
        x = self._fading(x)
        x = self._blur(x)
        x = self._grain(x)
        x = self._scratches(x)
        x = self._halftone(x)
        x = self._jpeg(x.clamp(0, 1))
        return (x * 100).clamp(0, 100)

    def _uniform(self, n: int, low: float, high: float) -> Tensor:
        return torch.empty(n, 1, 1, 1).uniform_(low, high, generator=self.generator)

    def _share(self, n: int, share: float) -> Tensor:
        """1 for the pictures that an effect meets, 0 for the others: (N, 1, 1, 1)."""
        return (torch.rand(n, 1, 1, 1, generator=self.generator) < share).float()

    def _film(self, rgb: Tensor, light: Tensor) -> Tensor:
        """Three tenths were taken on film with a response of its own, from panchromatic to orthochromatic."""
        n = len(rgb)
        met, mix = self._share(n, 0.3), self._uniform(n, 0, 1)
        weights = torch.lerp(*(torch.tensor(w).view(1, 3, 1, 1) for w in (_PANCHROMATIC, _ORTHOCHROMATIC)), mix)
        linear = (rgb**2.2 * weights).sum(dim=1, keepdim=True)
        seen = rgb_to_lab((linear ** (1 / 2.2)).expand(-1, 3, -1, -1))[:, :1]
        return torch.lerp(light, seen, met)

    def _exposure(self, x: Tensor) -> Tensor:
        """Overall exposure by gamma; uneven by a smooth field, as of a bad flash, a stain or a vignette."""
        n, _, h, w = x.shape
        x = x.clamp(1e-4, 1) ** torch.exp2(self._uniform(n, -0.5, 0.5))
        field = torch.rand(n, 1, 3, 3, generator=self.generator) - 0.5
        field = F.interpolate(field, size=(h, w), mode="bicubic", align_corners=False)
        return x * (1 + 0.4 * field * self._share(n, 0.25))

    def _fading(self, x: Tensor) -> Tensor:
        """Blacks turn grey and whites turn yellow, that is: darker in L; sometimes contrast was raised again."""
        n = len(x)
        return (x - 0.5) * self._uniform(n, 0.6, 1.15) + 0.5 + self._uniform(n, -0.08, 0.08)

    def _blur(self, x: Tensor) -> Tensor:
        blurred = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
        twice = F.avg_pool2d(F.pad(blurred, (1, 1, 1, 1), mode="replicate"), 3, 1)
        amount = self._uniform(len(x), -1.5, 2).clamp_min(0)
        return torch.lerp(torch.lerp(x, blurred, amount.clamp_max(1)), twice, (amount - 1).clamp_min(0))

    def _grain(self, x: Tensor) -> Tensor:
        """Strongest in the middle tones, and not of one pixel alone."""
        noise = torch.randn(x.shape, generator=self.generator)
        coarse = F.avg_pool2d(F.pad(noise, (1, 1, 1, 1), mode="replicate"), 3, 1) * 3
        noise = torch.lerp(noise, coarse, self._uniform(len(x), 0, 1))
        amount = self._uniform(len(x), -0.06, 0.08).clamp_min(0)
        return x + noise * amount * (0.4 + 2.4 * x.clamp(0, 1) * (1 - x.clamp(0, 1)))

    def _scratches(self, x: Tensor) -> Tensor:
        """A tenth have up to three thin, nearly straight lines and some specks, light or dark."""
        n, _, h, w = x.shape
        met = self._share(n, 0.1)
        rows = torch.linspace(0, 1, h).view(1, 1, h, 1)
        columns = torch.arange(w).view(1, 1, 1, w)
        for _ in range(3):
            place = self._uniform(n, 0, w) + self._uniform(n, -0.2, 0.2) * w * rows
            line = (1 - (columns - place).abs()).clamp_min(0) * self._share(n, 0.6)
            x = torch.lerp(x, self._share(n, 0.7).expand_as(x), 0.8 * line * met)
        specks = (torch.rand(x.shape, generator=self.generator) < 0.002).float()
        return torch.lerp(x, self._share(n, 0.5).expand_as(x), 0.8 * specks * met)

    def _halftone(self, x: Tensor) -> Tensor:
        """One in twenty was printed: a screen of dots at some angle modulates the tones."""
        n, _, h, w = x.shape
        angle, period = self._uniform(n, 0, math.pi), self._uniform(n, 2.2, 5.0)
        rows, columns = torch.arange(h).view(1, 1, h, 1), torch.arange(w).view(1, 1, 1, w)
        u = (columns * torch.cos(angle) + rows * torch.sin(angle)) * (2 * math.pi / period)
        v = (rows * torch.cos(angle) - columns * torch.sin(angle)) * (2 * math.pi / period)
        depth = self._uniform(n, 0.05, 0.2) * self._share(n, 0.05)
        return x + depth * torch.cos(u) * torch.cos(v)

    def _jpeg(self, x: Tensor) -> Tensor:
        """A quarter were compressed: 8 x 8 blocks' cosine coefficients are rounded, high ones more coarsely."""
        n, _, h, w = x.shape
        basis = _cosine_basis()
        blocks = x.view(n, h // 8, 8, w // 8, 8).transpose(2, 3)  # (N, H/8, W/8, 8, 8)
        rise = torch.arange(8.0)
        table = (4 + 3.5 * (rise[:, None] + rise)) / 255  # near the standard table at quality 50, halved for L
        step = table * self._uniform(n, 0.3, 4.0)[..., None]
        rounded = (basis @ blocks @ basis.T / step).round() * step
        restored = (basis.T @ rounded @ basis).transpose(2, 3).reshape(n, 1, h, w)
        return torch.lerp(x, restored, self._share(n, 0.25))


def _cosine_basis() -> Tensor:
    """The orthonormal DCT-II of length 8: (8 frequencies, 8 places)."""
    k, i = torch.arange(8.0)[:, None], torch.arange(8.0)
    basis = torch.cos(math.pi * (2 * i + 1) * k / 16) / 2
    basis[0] /= math.sqrt(2)
    return basis
