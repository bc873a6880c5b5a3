"""How weights move: what they begin as, the optimizers of a stage, the learning rate's course, one step downhill."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from .checkpoint import load_generator
from .config import Recipe, Stage
from .efficientnet import load_imagenet
from .errors import TrainingError
from .generator import Generator

WARM_UP = 0.08  # share of a stage during which the learning rate rises
LAST_LR = 0.05  # of the peak, at the end of a stage
CLIP = 5.0  # norm of all gradients together
DECAY = 0.01  # of the generator's weights
ADVERSARIAL_BETAS = (0.5, 0.999)  # little momentum where the target moves (Radford 2016)


def first_weights(recipe: Recipe, start: Path | None) -> tuple[Generator, str]:
    """A generator and the digest of the weights that it comes from; "" for ImageNet's encoder."""
    if start is None:
        generator = Generator(recipe.network)
        load_imagenet(generator.encoder, recipe.network.encoder)
        return generator, ""
    generator, card = load_generator(start)
    wanted = recipe.network
    if replace(card.network, hint_scale=wanted.hint_scale) != wanted:
        raise TrainingError(f"The weights {start.name} are of another network than the recipe {recipe.name}.")
    if wanted.hints:
        generator.rescale_hints(wanted.hint_scale)
    return generator, card.digest


def lr_scale(step: int, steps: int) -> float:
    """The share of the peak learning rate at a step of a stage: a linear rise, then half a cosine."""
    warm = max(1, int(steps * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    done = torch.tensor((step - warm) / max(1, steps - warm))
    return float(LAST_LR + (1 - LAST_LR) * (1 + torch.cos(done * torch.pi)) / 2)


def make_optimizers(
    stage: Stage, generator: Generator, discriminator: nn.Module | None
) -> dict[str, torch.optim.Optimizer]:
    """AdamW for the generator and, where there is one, the discriminator; each group knows its `peak_lr`."""
    decoder = [p for name, p in generator.named_parameters() if not name.startswith("encoder.")]
    groups = [{"params": decoder, "peak_lr": stage.decoder_lr}]
    if stage.encoder_lr:
        learning = generator.encoder.parameters_from(stage.encoder_from)
        groups.append({"params": learning, "peak_lr": stage.encoder_lr})
    if discriminator is None:
        return {"generator": torch.optim.AdamW(groups, weight_decay=DECAY)}
    judging = [{"params": list(discriminator.parameters()), "peak_lr": stage.discriminator_lr}]
    return {
        "generator": torch.optim.AdamW(groups, betas=ADVERSARIAL_BETAS, weight_decay=DECAY),
        "discriminator": torch.optim.AdamW(judging, betas=ADVERSARIAL_BETAS, weight_decay=0.0),
    }


def set_rate(optimizer: torch.optim.Optimizer, scale: float) -> None:
    """Give every group that share of its peak learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * scale


@torch.no_grad()
def average(target: nn.Module, source: nn.Module, decay: float) -> None:
    """One step of the exponential moving average of a network's weights and statistics."""
    newest = source.state_dict()
    for name, tensor in target.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(newest[name], 1 - decay)
        else:
            tensor.copy_(newest[name])


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, network: nn.Module) -> None:
    """One step along the loss's gradient, clipped."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in network.parameters() if p.grad is not None], CLIP)
    optimizer.step()
