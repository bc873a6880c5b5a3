"""The discriminators: what tells a colored photograph from a color photograph.

Spectral norm (Miyato 2018) keeps them from outrunning the generator.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from .color import AB_MAX
from .efficientnet import tap_channels

FEATURES = "efficientnet-lite0"


class PatchDiscriminator(nn.Module):
    """A PatchGAN (Isola 2017): judges 70-pixel patches of luminance and chroma together.

    L (N, 1, H, W) in 0..100 and ab (N, 2, H, W) to one logit a patch (N, 1, H/8 - 2, W/8 - 2), in a list.
    """

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

    def forward(self, light: Tensor, ab: Tensor) -> list[Tensor]:
        return [self.layers(torch.cat((light / 50 - 1, ab / AB_MAX), dim=1)).float()]


class ProjectedDiscriminator(nn.Module):
    """A projected GAN (Sauer 2021): small heads judge the features that a frozen ImageNet network sees.

    Feature maps at strides 4, 8, 16 and 32 (N, C, H, W) to one logit a position each, in a list.
    """

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(channels, width, 1)),
                nn.LeakyReLU(0.2, inplace=True),
                spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
                nn.LeakyReLU(0.2, inplace=True),
                spectral_norm(nn.Conv2d(width, 1, 1)),
            )
            for channels in tap_channels(FEATURES)[1:]
        )

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        return [head(tap).float() for head, tap in zip(self.heads, features, strict=True)]
