"""The generator: a U-Net in Lab with an EfficientNet-Lite0 encoder. Luminance and hints in, chroma out.

Sources: U-Net (Ronneberger 2015), global features beside local ones (Iizuka 2016), a distribution over chroma bins
and its annealed mean (Zhang 2016), hints as input channels (Zhang 2017), attention over the whole picture at
stride 16 (Vaswani 2017; for hints: iColoriT, Yun 2023). Reads from top to bottom; N pictures of H x W, both
multiples of 32.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .color import AB_MAX, in_gamut_bins
from .config import NetworkConfig
from .efficientnet import Features, tap_channels

BIN_SIZE = 10.0  # in a and b
TEMPERATURE = 0.38  # of the annealed mean: between the mean (1), which is pale, and the mode (0), which is spotty
HINT_PLANES = 3  # a and b in units of AB_MAX, and 1 where they are told


@dataclass(frozen=True)
class Prediction:
    """Chroma ab (N, 2, H/2, W/2) in -110..110 and, from a network that has them, the rest.

    They are the logits of bins (N, Q, H/4, W/4) and an embedding (N, C, H/4, W/4) of which places belong together.
    """

    ab: Tensor
    logits: Tensor | None
    alike: Tensor | None


class _UpBlock(nn.Module):
    """Twice as large by bilinear interpolation, joined with what else is known there, two convolutions."""

    def __init__(self, inputs: int, joined: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs + joined, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor, *joined: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        # One thin plane in another order would bring the whole sum into it, and each convolution would turn it back.
        joined = tuple(plane.contiguous(memory_format=torch.channels_last) for plane in joined)
        return self.layers(torch.cat((x, *joined), dim=1))


class _Attention(nn.Module):
    """A transformer block over the positions of a feature map (N, C, H, W), without position codes.

    Far parts of the picture agree on their colors, and a hint reaches whatever looks like the place it was given for.
    Both branches begin as zero, so that the block begins as the identity.
    """

    def __init__(self, channels: int, *, heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.mlp = nn.Sequential(
            nn.LayerNorm(channels), nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels)
        )
        for layer in (self.project, self.mlp[-1]):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)  # (N, HW, C)
        qkv = self.query_key_value(self.norm(tokens)).view(n, h * w, 3, self.heads, c // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (N, heads, HW, C / heads)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(n, h * w, c)
        tokens = tokens + self.project(mixed)
        tokens = tokens + self.mlp(tokens)
        return tokens.view(n, h, w, c).movedim(-1, 1)


class Generator(nn.Module):
    """Luminance (N, 1, H, W) in 0..100 and hints (N, 3, H, W) to chroma at half the size.

    Hints are a and b in units of AB_MAX and a mask, 1 where they are told; without them a network that can listen
    colors on its own.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Features(config.encoder)
        *taps, deepest = tap_channels(config.encoder)
        told = HINT_PLANES if config.hints else 0
        self.bottleneck = nn.Conv2d(deepest + told, config.bottleneck_channels, 1)
        self.scene = nn.Linear(deepest, config.bottleneck_channels)  # of the whole picture
        inputs = config.bottleneck_channels
        *coarse, finest = config.decoder_channels
        self.ups = nn.ModuleList()
        for tap, outputs in zip(reversed(taps[1:]), coarse, strict=True):
            self.ups.append(_UpBlock(inputs, tap + told, outputs))
            inputs = outputs
        self.attention = nn.Sequential(*(_Attention(coarse[0]) for _ in range(config.attention_blocks)))
        self.alike = nn.Conv2d(inputs, config.alike_channels, 1) if config.alike_channels else None
        mean = 0
        if config.chroma_bins:
            centers = in_gamut_bins(BIN_SIZE)
            self.register_buffer("centers", centers)  # (Q, 2)
            self.bins = nn.Conv2d(inputs, len(centers), 1)
            self.narrow = nn.Conv2d(inputs, finest, 1)
            inputs, mean = finest, 2
        self.ups.append(_UpBlock(inputs, taps[0] + told + mean, finest))
        self.to_ab = nn.Conv2d(finest, 2, 1)
        if config.chroma_bins:
            nn.init.zeros_(self.to_ab.weight)
            nn.init.zeros_(self.to_ab.bias)

    @property
    def refinement(self) -> list[nn.Module]:
        """What stands behind the distribution over chroma and is not needed to learn it."""
        return [self.narrow, self.ups[-1], self.to_ab] if self.config.chroma_bins else []

    def forward(self, light: Tensor, hints: Tensor | None = None) -> Tensor:
        return self.predict(light, hints).ab

    def predict(self, light: Tensor, hints: Tensor | None = None) -> Prediction:
        dtype = self.to_ab.weight.dtype  # light and chroma are float32, whatever the network works in
        x = (light / 50 - 1).to(dtype).expand(-1, 3, -1, -1)  # (N, 3, H, W) in -1..1
        *taps, deepest = self.encoder(x)  # deepest (N, 320, H/32, W/32)
        told = self._hint_pyramid(light, hints, dtype)  # at strides 2, 4, 8, 16, 32
        scene = self.scene(deepest.mean(dim=(2, 3)))  # (N, C)
        x = torch.relu(self.bottleneck(torch.cat((deepest, *told[4]), dim=1)) + scene[:, :, None, None])
        x = self.attention(self.ups[0](x, taps[3], *told[3]))  # stride 16
        x = self.ups[1](x, taps[2], *told[2])
        x = self.ups[2](x, taps[1], *told[1])  # stride 4
        alike = None if self.alike is None else self.alike(x).float()
        if not self.config.chroma_bins:
            x = self.ups[3](x, taps[0], *told[0])
            return Prediction(self._gained(torch.tanh(self.to_ab(x).float()) * AB_MAX), None, alike)
        logits = self.bins(x).float()  # (N, Q, H/4, W/4)
        mean, sureness = annealed_mean(logits, self.centers)
        x = self.ups[3](torch.cat((self.narrow(x), (mean / AB_MAX).to(x)), dim=1), taps[0], *told[0])
        mean = F.interpolate(mean, scale_factor=2, mode="bilinear", align_corners=False)
        ab = mean + self.to_ab(x).float() * AB_MAX
        if self.config.focus:
            ab = focused(ab, F.interpolate(sureness, scale_factor=2, mode="bilinear") ** self.config.focus)
        return Prediction(self._gained(ab), logits, alike)

    def _gained(self, ab: Tensor) -> Tensor:
        return (ab * self.config.chroma_gain).clamp(-AB_MAX, AB_MAX)

    def _hint_pyramid(self, light: Tensor, hints: Tensor | None, dtype: torch.dtype) -> list[list[Tensor]]:
        """At each stride the mean of what is told there, and 1 where anything is told; empty lists if deaf."""
        if not self.config.hints:
            return [[] for _ in range(5)]
        if hints is None:
            n, _, h, w = light.shape
            return [[light.new_zeros(n, HINT_PLANES, h >> level, w >> level, dtype=dtype)] for level in range(1, 6)]
        levels = []
        for _ in range(5):
            hints = F.avg_pool2d(hints, 2)
            mask = hints[:, 2:]
            mean = hints[:, :2] / mask.clamp_min(1e-6) * self.config.hint_scale
            levels.append([torch.cat((mean, (mask > 0).to(hints)), dim=1).to(dtype)])
        return levels

    @torch.no_grad()
    def rescale_hints(self, scale: float) -> None:
        """Another scale of the planes, and weights that answer as before; what trains on hears them so much louder."""
        for convolution in (self.bottleneck, *(up.layers[0] for up in self.ups)):
            convolution.weight[:, -HINT_PLANES:-1] *= self.config.hint_scale / scale  # a and b come last but the mask
        self.config = replace(self.config, hint_scale=scale)


def annealed_mean(logits: Tensor, centers: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (N, Q, H, W) over chroma bins (Q, 2) to the mean of the sharpened distribution and how sure it is.

    The mean is ab (N, 2, H, W). Sureness (N, 1, H, W) in 0..1 is its length over the mean length, as the resultant
    length of directional statistics (Mardia 1972): 1 where all likely colors are of one hue, 0 where they cancel out.
    """
    shares = torch.softmax(logits.movedim(1, -1) / TEMPERATURE, dim=-1)  # as it lies in memory with channels last
    mean = F.linear(shares, centers.to(shares).T)
    length = F.linear(shares, centers.norm(dim=1)[None].to(shares)).clamp_min(1e-3)
    return mean.movedim(-1, 1), (mean.detach().norm(dim=-1, keepdim=True) / length.detach()).movedim(-1, 1)


def focused(ab: Tensor, weight: Tensor) -> Tensor:
    """Chroma ab (N, 2, H, W) by weight (N, 1, H, W), made up for so that each picture's mean chroma stays."""
    weighted = ab * weight
    kept = _mean_chroma(ab) / _mean_chroma(weighted).clamp_min(1e-3)
    return weighted * kept


def _mean_chroma(ab: Tensor) -> Tensor:
    return ab.norm(dim=1, keepdim=True).mean(dim=(2, 3), keepdim=True)
