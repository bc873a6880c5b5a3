"""One stage's objective: which losses a training step adds up, and what judges the pictures for them.

The frozen classifier that the perceptual loss and the projected discriminator look through is Lite0 on RGB. The
scoreboard's features are another network's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from . import losses
from .color import lab_to_rgb
from .config import Stage
from .data import Batch, PhotoSet, TrainingBatches, to_batch
from .discriminator import FEATURES, PatchDiscriminator, ProjectedDiscriminator
from .efficientnet import Features, load_imagenet
from .generator import Generator, Prediction
from .team import Team

PRIOR_BATCHES = 24  # true pictures whose colors tell how rare each bin is


@dataclass(frozen=True)
class Judged:
    """A predicted ab (N, 2, H, W) with the features of the truth and its own, at four strides."""

    ab: Tensor
    real: list[Tensor] | None
    fake: list[Tensor] | None


def make_discriminator(stage: Stage) -> PatchDiscriminator | ProjectedDiscriminator:
    kinds = {"patch": PatchDiscriminator, "projected": ProjectedDiscriminator}
    return kinds[stage.discriminator]().to(memory_format=torch.channels_last)


class Objective:
    """The losses of a stage. `discriminator` is None in a stage without one."""

    def __init__(
        self,
        stage: Stage,
        generator: Generator,
        sources: dict[str, PhotoSet],
        *,
        seed: int,
        team: Team,
    ) -> None:
        self.stage = stage
        self.team = team
        self.discriminator = make_discriminator(stage).to(team.device) if stage.adversarial_weight else None
        if self.discriminator is not None:
            self._learning = team.spread(self.discriminator)
        self.projected = self.discriminator is not None and stage.discriminator == "projected"
        self.features: Features | None = None
        if stage.perceptual_weight or self.projected:
            self.features = Features(FEATURES)
            load_imagenet(self.features, FEATURES)
            self.features.eval().requires_grad_(False).to(team.device, memory_format=torch.channels_last)
        if stage.bins_weight:
            self.centers = generator.centers
            colors = _sample_colors(sources, stage, seed).to(team.device)
            self.weights = losses.bin_weights(colors, self.centers, uniform=stage.bins_uniform)

    def discriminator_loss(self, batch: Batch, judged: Judged) -> Tensor:
        """From pictures that carry no gradient to the generator."""
        fake_features = judged.fake and [tap.detach() for tap in judged.fake]
        real = self._logits(self._learning, batch.light, batch.ab, judged.real)
        fake = self._logits(self._learning, batch.light, judged.ab.detach(), fake_features)
        return losses.adversarial_discriminator(real, fake)

    def judge(self, batch: Batch, prediction: Prediction) -> Judged:
        """The prediction at full size and, where the stage needs them, features of it and of the truth."""
        ab = prediction.ab
        if self.discriminator is not None or self.features is not None:
            ab = F.interpolate(ab, scale_factor=2, mode="bilinear", align_corners=False)
        if self.features is None:
            return Judged(ab, None, None)
        with torch.no_grad():
            real = self._see(torch.cat((batch.light, batch.ab), dim=1))
        return Judged(ab, real, self._see(torch.cat((batch.light, ab), dim=1)))

    def generator_loss(self, batch: Batch, prediction: Prediction, judged: Judged) -> dict[str, tuple[float, Tensor]]:
        """Each term's weight and value."""
        stage = self.stage
        half = F.avg_pool2d(batch.ab, 2)
        terms = {}
        if stage.l1_weight:
            terms["l1"] = (stage.l1_weight, losses.l1_chroma(prediction.ab, half))
        if stage.bins_weight:
            value = losses.bins_cross_entropy(prediction.logits, F.avg_pool2d(half, 2), self.centers, self.weights)
            terms["bins"] = (stage.bins_weight, value)
        if stage.colorfulness_weight:
            terms["colorfulness"] = (stage.colorfulness_weight, losses.colorfulness_distance(prediction.ab, half))
        if stage.perceptual_weight:
            terms["perceptual"] = (stage.perceptual_weight, losses.feature_distance(judged.fake, judged.real))
        if self.discriminator is not None:
            self.discriminator.requires_grad_(False)
            logits = self._logits(self.discriminator, batch.light, judged.ab, judged.fake)
            self.discriminator.requires_grad_(True)
            terms["adversarial"] = (stage.adversarial_weight, losses.adversarial_generator(logits))
        return terms

    def _logits(
        self, judge: Callable[..., list[Tensor]], light: Tensor, ab: Tensor, features: list[Tensor] | None
    ) -> list[Tensor]:
        with self.team.autocast():
            return judge(features) if self.projected else judge(light, ab)

    def _see(self, lab: Tensor) -> list[Tensor]:
        """Lab (N, 3, H, W) to features at strides 4, 8, 16 and 32."""
        rgb = lab_to_rgb(lab) * 2 - 1
        with self.team.autocast():
            return self.features(rgb.contiguous(memory_format=torch.channels_last))[1:]


def _sample_colors(sources: dict[str, PhotoSet], stage: Stage, seed: int) -> Tensor:
    """True ab (N, 2, H, W) of a few batches of the stage, coarse as the bins are."""
    batches = TrainingBatches(sources, stage, seed=seed, first_step=0)
    noise = torch.Generator().manual_seed(seed)
    count = min(PRIOR_BATCHES, len(batches))
    return torch.cat([F.avg_pool2d(to_batch(batches[index], noise).ab, 8) for index in range(count)])
