"""The folder of a training run: its log, the state to go on from, its checkpoints. Nothing here trains."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from .checkpoint import load_optimizer, optimizer_tensors, read_card, read_tensors, tensors_under, write_atomically
from .reports import Figures


class RunFolder:
    """`state.safetensors`, `log.jsonl`, `step-<n>.safetensors` with its card, `step-<n>-<set>.jpg`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = path / "state.safetensors"

    def make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)

    def log(self, line: dict[str, Any]) -> None:
        with (self.path / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def checkpoint(self, step: int) -> Path:
        return self.path / f"step-{step:05}.safetensors"

    def sheet(self, step: int, name: str) -> Path:
        return self.path / f"step-{step:05}-{name}.jpg"

    def last_checkpoint(self) -> Path | None:
        """Of those that training made; None where there is none."""
        made = {int(path.stem.removeprefix("step-")): path for path in self.path.glob("step-*.safetensors")}
        made.pop(0, None)
        return made[max(made)] if made else None

    def start_figures(self) -> Figures | None:
        """Of the weights that the run started from; None where it began without."""
        card = self.checkpoint(0).with_suffix(".json")
        return read_card(card).figures if card.exists() else None

    def save_state(
        self,
        counters: dict[str, float],
        networks: dict[str, nn.Module],
        optimizers: dict[str, torch.optim.Optimizer],
    ) -> None:
        tensors = {f"counters.{name}": torch.tensor(value) for name, value in counters.items()}
        for name, network in networks.items():
            tensors |= {f"{name}.{k}": v for k, v in network.state_dict().items()}
        for name, optimizer in optimizers.items():
            tensors |= {f"optimizer.{name}.{k}": v for k, v in optimizer_tensors(optimizer).items()}
        write_atomically(self._state, save({k: v.detach().clone().contiguous() for k, v in tensors.items()}))

    def read_state(self) -> dict[str, Tensor] | None:
        """What `save_state` wrote last. Raises WeightsError for a damaged file."""
        return read_tensors(self._state) if self._state.exists() else None


def restore(
    tensors: dict[str, Tensor], networks: dict[str, nn.Module], optimizers: dict[str, torch.optim.Optimizer]
) -> None:
    """Put what `read_state` answered back."""
    for name, network in networks.items():
        network.load_state_dict(tensors_under(tensors, f"{name}."))
    for name, optimizer in optimizers.items():
        load_optimizer(optimizer, tensors_under(tensors, f"optimizer.{name}."))
