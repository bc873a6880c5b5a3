"""What the generator and the discriminator are asked to make small. Chroma ab is (N, 2, H, W) in -110..110."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .color import AB_MAX

REAL = 0.9  # one-sided label smoothing (Salimans 2016)
BIN_SIGMA = 5.0  # of the soft assignment of a color to bins (Zhang 2016)


def l1_chroma(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of ab, in units of AB_MAX."""
    return F.l1_loss(predicted, truth) / AB_MAX


def colorfulness_distance(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of each picture's colorfulness, in units of AB_MAX.

    By the formula in CIELab of Hasler and Süsstrunk (2003): s_ab + 0.37 m_ab, the length of the standard deviation
    and the distance of the mean to grey. It says how much color there is, not where: no pixel is drawn to an average.
    """
    return F.l1_loss(_colorfulness(predicted), _colorfulness(truth)) / AB_MAX


def _colorfulness(ab: Tensor) -> Tensor:
    variance, mean = torch.var_mean(ab, dim=(2, 3), correction=0)  # (N, 2) each
    # The small number keeps the root's slope finite where a picture is grey.
    return (variance.sum(dim=1) + 1e-4).sqrt() + 0.37 * (mean.square().sum(dim=1) + 1e-4).sqrt()


def soft_bins(ab: Tensor, centers: Tensor) -> Tensor:
    """How much of each pixel's color belongs to each bin (Q, 2), by a Gaussian of the distance: (N, Q, H, W)."""
    squares = ((ab[:, None] - centers[None, :, :, None, None]) ** 2).sum(dim=2)
    return torch.softmax(squares / (-2 * BIN_SIGMA**2), dim=1)


def bin_weights(ab: Tensor, centers: Tensor, *, uniform: float = 0.5) -> Tensor:
    """Weights (Q,) by which rare colors count more, from a sample of true colors (Zhang 2016, section 2.2).

    `uniform` is the share of the uniform distribution in the prior, their lambda.
    """
    prior = soft_bins(ab, centers).mean(dim=(0, 2, 3))
    weights = 1 / ((1 - uniform) * prior + uniform / len(centers))
    return weights / (prior * weights).sum()


def bins_cross_entropy(logits: Tensor, truth: Tensor, centers: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy of the soft bins of the true ab and logits (N, Q, H, W), rare colors weighted more."""
    target = soft_bins(truth, centers)
    weight = weights[target.argmax(dim=1)]  # (N, H, W)
    entropy = -(target * torch.log_softmax(logits, dim=1)).sum(dim=1)
    return (entropy * weight).mean()


def feature_distance(predicted: list[Tensor], truth: list[Tensor]) -> Tensor:
    """Mean over feature maps (N, C, H, W) of the squared distance of unit feature vectors (Zhang 2018, unweighted)."""
    distances = [
        (F.normalize(a.float(), dim=1) - F.normalize(b.float(), dim=1)).square().sum(dim=1).mean()
        for a, b in zip(predicted, truth, strict=True)
    ]
    return torch.stack(distances).mean()


def adversarial_generator(fake_logits: list[Tensor]) -> Tensor:
    """The non-saturating loss (Goodfellow 2014): low where the discriminator takes the fake for real."""
    parts = [F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits)) for logits in fake_logits]
    return torch.stack(parts).mean()


def adversarial_discriminator(real_logits: list[Tensor], fake_logits: list[Tensor]) -> Tensor:
    """Binary cross entropy, mean of the real half and the fake half."""
    real = [F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, REAL)) for logits in real_logits]
    fake = [F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits)) for logits in fake_logits]
    return (torch.stack(real).mean() + torch.stack(fake).mean()) / 2
