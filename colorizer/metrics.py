"""Figures about colored photographs. Inputs are RGB (N, 3, H, W) in 0..1 or Lab (N, 3, H, W); outputs (N,)."""

import numpy as np
import torch
from skimage.color import deltaE_ciede2000
from torch import Tensor

from .color import AB_MAX

NO_COLOR = 5.0  # a picture less colorful than this (Hasler and Süsstrunk) looks grey


def psnr_ab(predicted: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of ab (N, 2, H, W), with AB_MAX, 110, as the peak."""
    mse = ((predicted - truth) ** 2).mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return 10 * torch.log10(AB_MAX**2 / mse)


def psnr_rgb(predicted: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of RGB (N, 3, H, W) in 0..1."""
    mse = ((predicted - truth) ** 2).mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return -10 * torch.log10(mse)


def ciede2000(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean CIEDE2000 difference of Lab pictures (Sharma 2005, by scikit-image)."""
    pairs = zip(predicted.movedim(1, -1).numpy(), truth.movedim(1, -1).numpy(), strict=True)
    return torch.tensor([float(np.mean(deltaE_ciede2000(a, b))) for a, b in pairs])


def colorfulness(rgb: Tensor) -> Tensor:
    """Hasler and Süsstrunk 2003, signed, of RGB in 0..1: 0 none, 15 slight, 45 average, 82 high."""
    r, g, b = (rgb * 255).unbind(dim=1)
    rg, yb = r - g, (r + g) / 2 - b
    spread = torch.sqrt(rg.var(dim=(1, 2), correction=0) + yb.var(dim=(1, 2), correction=0))
    mean = torch.sqrt(rg.mean(dim=(1, 2)) ** 2 + yb.mean(dim=(1, 2)) ** 2)
    return spread + 0.3 * mean
