"""The generator: a U-Net in Lab with an EfficientNet-Lite0 encoder. Luminance in, chroma out.

Sources: U-Net (Ronneberger 2015), EfficientNet (Tan and Le 2019) in its Lite form (no squeeze-excite, ReLU6),
global features beside local ones (Iizuka 2016), colorization in Lab (Zhang 2016, Isola 2017).
Reads from top to bottom; N pictures of H x W, both multiples of 32.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .color import AB_MAX
from .config import NetworkConfig

STRIDE = 32  # of the deepest features: H and W must be multiples of it
_LITE0 = (  # kernel, stride, expansion, channels, repeats
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_TAPS = (0, 1, 2, 4, 6)  # stages whose outputs are kept: strides 2, 4, 8, 16, 32
TAP_CHANNELS = (16, 24, 40, 112, 320)


class _ConvBN(nn.Sequential):
    """Convolution, batch norm and, if wanted, ReLU6, padded as TensorFlow pads ("same")."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int, stride: int = 1, groups: int = 1, act: bool = True
    ) -> None:
        total = kernel - stride  # for even sizes; uneven in all where the stride is 2
        super().__init__(
            nn.ZeroPad2d((total // 2, total - total // 2) * 2),
            nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
            nn.ReLU6(inplace=True) if act else nn.Identity(),
        )


class _InvertedResidual(nn.Module):
    """MobileNetV2's block (Sandler 2018): expand, depthwise, project; a shortcut where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers = [] if expansion == 1 else [_ConvBN(inputs, hidden, kernel=1)]
        layers.append(_ConvBN(hidden, hidden, kernel=kernel, stride=stride, groups=hidden))
        layers.append(_ConvBN(hidden, outputs, kernel=1, act=False))
        self.layers = nn.Sequential(*layers)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.shortcut else self.layers(x)


class Encoder(nn.Module):
    """EfficientNet-Lite0 without its head: luminance scaled to -1..1, three times, to five feature maps."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _ConvBN(3, 32, kernel=3, stride=2)
        stages, inputs = [], 32
        for kernel, stride, expansion, outputs, repeats in _LITE0:
            blocks = []
            for index in range(repeats):
                blocks.append(
                    _InvertedResidual(
                        inputs,
                        outputs,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                    )
                )
                inputs = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, 32, H/2, W/2)
        taps = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in _TAPS:
                taps.append(x)
        return taps  # (N, 16, H/2, W/2) ... (N, 320, H/32, W/32)


class _UpBlock(nn.Module):
    """Twice as large by bilinear interpolation, joined with the encoder's tap, two convolutions."""

    def __init__(self, inputs: int, tap: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs + tap, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor, tap: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return self.layers(torch.cat((x, tap), dim=1))


class Generator(nn.Module):
    """Luminance (N, 1, H, W) in 0..100 to chroma ab (N, 2, H/2, W/2) in -110..110."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder()
        self.bottleneck = nn.Conv2d(TAP_CHANNELS[-1], config.bottleneck_channels, 1)
        self.scene = nn.Linear(TAP_CHANNELS[-1], config.bottleneck_channels)  # of the whole picture
        self.ups = nn.ModuleList()
        inputs = config.bottleneck_channels
        for tap, outputs in zip(reversed(TAP_CHANNELS[:-1]), config.decoder_channels, strict=True):
            self.ups.append(_UpBlock(inputs, tap, outputs))
            inputs = outputs
        self.to_ab = nn.Conv2d(inputs, 2, 1)

    def forward(self, light: Tensor) -> Tensor:
        x = (light / 50 - 1).expand(-1, 3, -1, -1)  # (N, 3, H, W) in -1..1
        *taps, deepest = self.encoder(x)  # deepest (N, 320, H/32, W/32)
        scene = self.scene(deepest.mean(dim=(2, 3)))  # (N, C)
        x = torch.relu(self.bottleneck(deepest) + scene[:, :, None, None])
        for up, tap in zip(self.ups, reversed(taps), strict=True):
            x = up(x, tap)  # strides 16, 8, 4, 2
        return torch.tanh(self.to_ab(x).float()) * AB_MAX  # (N, 2, H/2, W/2)
