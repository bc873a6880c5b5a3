"""The discriminator: a PatchGAN (Isola 2017) that judges 70-pixel patches of luminance and chroma together.

Spectral norm (Miyato 2018) keeps it from outrunning the generator.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from .color import AB_MAX


class PatchDiscriminator(nn.Module):
    """L (N, 1, H, W) in 0..100 and ab (N, 2, H, W) to one logit a patch (N, 1, H/8 - 2, W/8 - 2)."""

    def __init__(self, channels: tuple[int, ...] = (48, 96, 192, 384)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for index, outputs in enumerate(channels):
            stride = 2 if index < len(channels) - 1 else 1
            layers += [
                spectral_norm(nn.Conv2d(inputs, outputs, 4, stride, padding=1)),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            inputs = outputs
        layers.append(spectral_norm(nn.Conv2d(inputs, 1, 4, 1, padding=1)))
        self.layers = nn.Sequential(*layers)

    def forward(self, light: Tensor, ab: Tensor) -> Tensor:
        return self.layers(torch.cat((light / 50 - 1, ab / AB_MAX), dim=1)).float()
