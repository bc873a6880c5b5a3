"""The known recipe, trained from scratch on our photographs, as a row for the scoreboard.

    python -m benchmarks.known_recipe train --data DATA --out RUN --cpu-minutes 180
    python -m benchmarks.known_recipe score RUN PHOTOS --json FILE [what `python -m colorizer evaluate` takes]

pix2pix as its paper and the public tutorials train it to color (Isola 2017): U-Net generator with batch norm and
dropout from random weights, L in and ab out by tanh; 70-pixel PatchGAN without spectral norm; binary cross entropy
plus 100 x L1; Adam at 2e-4 with betas 0.5 and 0.999; batches of 16. What differs, to be fair on a CPU: crops of 128
pixels and the paper's seven-level U-Net for that size (it sees more pictures in its time; whole pictures are then
colored at full size, as it is convolutional), bfloat16, channels last, and our mix of sources and crops.
Batches are read in the same process, so that its CPU time counts everything; started again, a run goes on.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from colorizer import evaluate_command
from colorizer.__main__ import SHIPPED
from colorizer.checkpoint import load_optimizer, optimizer_tensors, read_tensors, tensors_under, write_atomically
from colorizer.color import AB_MAX, rgb_to_lab
from colorizer.data import PhotoSet, open_sources, train_crop
from colorizer.errors import ColorizerError
from colorizer.pix2pix import STRIDE, UNet

NAME = "known recipe"
CROP = 128
MIX = {"scenes": 7, "objects": 4, "tiny": 5}  # a batch of 16
CHANNELS = 64  # of the discriminator's first level
L1_WEIGHT = 100.0
RATE, BETAS = 2e-4, (0.5, 0.999)
SEED = 20261123
SAVE_EVERY = 200  # steps


class PatchGAN(nn.Module):
    """L and ab together (N, 3, H, W) to one logit for each 70-pixel patch."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, CHANNELS, 4, 2, padding=1), nn.LeakyReLU(0.2)]
        for inputs, outputs, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            conv = nn.Conv2d(inputs * CHANNELS, outputs * CHANNELS, 4, stride, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(outputs * CHANNELS), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * CHANNELS, 1, 4, 1, padding=1))

    def forward(self, light: Tensor, ab: Tensor) -> Tensor:
        return self.layers(torch.cat((light / 50 - 1, ab / AB_MAX), dim=1)).float()


def as_in_the_paper(module: nn.Module) -> None:
    """Random weights: normal, 0.02 wide."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


class Run:
    """Both networks with their optimizers, in a folder that holds `state.safetensors`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.safetensors"
        torch.manual_seed(SEED)
        self.networks = {"generator": UNet(), "discriminator": PatchGAN()}
        self.optimizers = {}
        for name, network in self.networks.items():
            network.apply(as_in_the_paper).to(memory_format=torch.channels_last)
            self.optimizers[name] = torch.optim.Adam(network.parameters(), lr=RATE, betas=BETAS)
        self.step = 0
        self.cpu_s = 0.0  # of this process, all threads and legs
        if self.path.exists():
            self._resume()

    def train(self, data: Path, *, cpu_s: float) -> None:
        """Go on until the run has used `cpu_s` seconds of CPU time."""
        sources = {name: open_sources(data, name)[0] for name in MIX}
        before, began = self.cpu_s, time.process_time()
        with tqdm(total=round(cpu_s), initial=round(self.cpu_s), unit="cpu-s", mininterval=5) as bar:
            while self.cpu_s < cpu_s:
                losses = self._train_step(batch_of(sources, self.step))
                self.step += 1
                self.cpu_s = before + time.process_time() - began
                bar.set_postfix(step=self.step, **losses, refresh=False)
                bar.update(round(self.cpu_s) - bar.n)
                if self.step % SAVE_EVERY == 0:
                    self.save()
        self.save()

    def _train_step(self, rgb: Tensor) -> dict[str, str]:
        generator, discriminator = self.networks.values()
        lab = rgb_to_lab(rgb.float() / 255).contiguous(memory_format=torch.channels_last)
        light, ab = lab[:, :1], lab[:, 1:]
        with torch.autocast("cpu", torch.bfloat16):
            fake = generator.train()(light)
            real_logits, fake_logits = discriminator(light, ab), discriminator(light, fake.detach())
        judged = (bce(real_logits, real=True) + bce(fake_logits, real=False)) / 2
        descend(self.optimizers["discriminator"], judged)
        discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            logits = discriminator(light, fake)
        discriminator.requires_grad_(True)
        l1 = F.l1_loss(fake, ab) / AB_MAX
        descend(self.optimizers["generator"], bce(logits, real=True) + L1_WEIGHT * l1)
        return {"l1": f"{float(l1.detach()):.4f}", "discriminator": f"{float(judged.detach()):.3f}"}

    def save(self) -> None:
        """Write the state, in one piece or not at all."""
        tensors = {"counters.step": torch.tensor(self.step), "counters.cpu_s": torch.tensor(self.cpu_s)}
        for name, network in self.networks.items():
            tensors |= {f"{name}.{k}": v for k, v in network.state_dict().items()}
            tensors |= {f"optimizer.{name}.{k}": v for k, v in optimizer_tensors(self.optimizers[name]).items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, save({k: v.detach().clone().contiguous() for k, v in tensors.items()}))

    def _resume(self) -> None:
        tensors = read_tensors(self.path)
        self.step, self.cpu_s = int(tensors["counters.step"]), float(tensors["counters.cpu_s"])
        for name, network in self.networks.items():
            network.load_state_dict(tensors_under(tensors, f"{name}."))
            load_optimizer(self.optimizers[name], tensors_under(tensors, f"optimizer.{name}."))

    @torch.inference_mode()
    def paint(self, light: Tensor) -> Tensor:
        """L (N, 1, H, W) of any size to ab (N, 2, H, W), without dropout, normed by the batch's own statistics.

        As in the paper; by those of training it was farther from the truth (CIEDE2000 13.0 and 12.7 on 48 scenes).
        """
        height, width = light.shape[-2:]
        padded = F.pad(light, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        generator = self.networks["generator"].eval()
        for module in generator.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train().momentum = 0.0  # what training has gathered stays
        return generator(padded.contiguous(memory_format=torch.channels_last))[..., :height, :width]


def batch_of(sources: dict[str, PhotoSet], step: int) -> Tensor:
    """The batch of a step, the same in every run: uint8 RGB (16, 3, CROP, CROP)."""
    rng = np.random.default_rng((SEED, step))
    crops = []
    for name, count in MIX.items():
        for position in rng.integers(0, len(sources[name]), count):
            crops.append(train_crop(sources[name].open(int(position)), CROP, rng))
    return torch.stack(crops)


def bce(logits: Tensor, *, real: bool) -> Tensor:
    """Binary cross entropy with one answer for all patches."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step down."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def main() -> int:
    """Train, or score beside the other rows; 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train")
    train.add_argument("--data", type=Path, required=True, metavar="DIR")
    train.add_argument("--out", type=Path, required=True, metavar="RUN")
    train.add_argument("--cpu-minutes", type=float, required=True, help="of all legs together")
    score = commands.add_parser("score")
    score.add_argument("run", type=Path, metavar="RUN")
    evaluate_command.add_arguments(score)
    score.add_argument("--weights", type=Path, default=SHIPPED, help="the candidate (default: the shipped ones)")
    options = parser.parse_args()
    try:
        if options.command == "train":
            Run(options.out).train(options.data, cpu_s=60 * options.cpu_minutes)
        else:
            run = Run(options.run)
            print(evaluate_command.run(options, painters={NAME: run.paint}).table())
            print(f"{NAME}: {run.step} steps, {run.cpu_s / 60:.0f} CPU minutes")
    except (ColorizerError, OSError) as error:
        print(f"known_recipe: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
