"""The generator of the recipe that everybody knows, which ours is compared with: pix2pix's U-Net (Isola 2017).

`benchmarks/known_recipe.py` trains it; `benchmark` times it, since random weights take as long as trained ones.
"""

import torch
from torch import Tensor, nn

from .color import AB_MAX

LEVELS = 7  # the paper's for pictures of 128 pixels, on which it is trained here; an eighth would add to its time
CHANNELS = 64
STRIDE = 2**LEVELS  # H and W must be multiples of it


class Level(nn.Module):
    """One level of the U-Net: half the size, whatever lies below, twice the size, and beside it what came in."""

    def __init__(self, inputs: int, inner: int, below: "Level | None", *, dropout: bool = False) -> None:
        super().__init__()
        down: list[nn.Module] = [nn.LeakyReLU(0.2), nn.Conv2d(inputs, inner, 4, 2, padding=1, bias=below is None)]
        if below is not None:
            down += [nn.BatchNorm2d(inner), below]
        up = nn.ConvTranspose2d(inner if below is None else 2 * inner, inputs, 4, 2, padding=1, bias=False)
        layers = [*down, nn.ReLU(), up, nn.BatchNorm2d(inputs)]
        self.layers = nn.Sequential(*layers, nn.Dropout(0.5)) if dropout else nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x, self.layers(x)), dim=1)


class UNet(nn.Module):
    """L (N, 1, H, W) in 0..100 to ab (N, 2, H, W); H and W multiples of STRIDE."""

    def __init__(self) -> None:
        super().__init__()
        widths = [min(CHANNELS * 2**level, CHANNELS * 8) for level in range(LEVELS)]
        below: Level | None = None
        for level in range(LEVELS - 1, 0, -1):
            dropout = below is not None and widths[level - 1] == widths[level]
            below = Level(widths[level - 1], widths[level], below, dropout=dropout)
        self.layers = nn.Sequential(
            nn.Conv2d(1, CHANNELS, 4, 2, padding=1),
            below,
            nn.ReLU(),
            nn.ConvTranspose2d(2 * CHANNELS, 2, 4, 2, padding=1),
        )

    def forward(self, light: Tensor) -> Tensor:
        x = (light / 50 - 1).to(self.layers[0].weight.dtype)
        return AB_MAX * torch.tanh(self.layers(x.contiguous(memory_format=torch.channels_last)).float())
