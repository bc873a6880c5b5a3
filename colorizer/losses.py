"""What the generator and the discriminator are asked to make small."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .color import AB_MAX

REAL = 0.9  # one-sided label smoothing (Salimans 2016)


def l1_chroma(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of ab (N, 2, H, W), in units of AB_MAX."""
    return F.l1_loss(predicted, truth) / AB_MAX


def adversarial_generator(fake_logits: Tensor) -> Tensor:
    """The non-saturating loss (Goodfellow 2014): low where the discriminator takes the fake for real."""
    return F.binary_cross_entropy_with_logits(fake_logits, torch.ones_like(fake_logits))


def adversarial_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Binary cross entropy, mean of the real half and the fake half."""
    real = F.binary_cross_entropy_with_logits(real_logits, torch.full_like(real_logits, REAL))
    fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return (real + fake) / 2
