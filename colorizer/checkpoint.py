"""Weights on disk: a safetensors file and, beside it, `<stem>.json`, its card. Never a pickle.

Writing goes to a temporary name and is renamed; reading is strict and goes by the digest on the card.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from .config import NetworkConfig
from .errors import WeightsError
from .generator import Generator

FORMAT = 1


@dataclass(frozen=True)
class Card:
    """What is known about a set of weights. `data`, `recipe` and `figures` are plain JSON for the reader."""

    name: str
    created_at: str  # ISO 8601, UTC
    network: NetworkConfig
    data: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    limits: str = ""
    digest: str = ""  # sha256 of the weights file; filled in by save_generator
    format: int = FORMAT


def save_generator(generator: Generator, path: Path, card: Card) -> Card:
    """Write weights (convolutions as float16, all else as float32) and card; answers the card with its digest."""
    tensors = {name: tensor.half() if tensor.ndim >= 2 else tensor for name, tensor in generator.state_dict().items()}
    blob = save({name: tensor.contiguous().cpu() for name, tensor in tensors.items()})
    signed = Card(**{**card.__dict__, "digest": hashlib.sha256(blob).hexdigest()})
    write_atomically(path, blob)
    write_atomically(path.with_suffix(".json"), json.dumps(asdict(signed), indent=2).encode() + b"\n")
    return signed


def load_generator(path: Path) -> tuple[Generator, Card]:
    """The generator in eval mode, float32, on the CPU, with its card.

    Raises WeightsError when a file is missing, the digest differs, the card's network cannot be made, or a tensor is
    missing, left over or of another shape.
    """
    card = read_card(path.with_suffix(".json"))
    tensors = read_tensors(path, digest=card.digest)
    try:
        generator = Generator(card.network)
    except (KeyError, TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        raise WeightsError(f"The card of {path.name} tells of a network that this version cannot make.") from error
    try:
        generator.load_state_dict({name: t.float() if t.is_floating_point() else t for name, t in tensors.items()})
    except RuntimeError as error:
        raise WeightsError(f"The weights {path.name} do not fit the network on their card: {error}") from error
    return generator.eval(), card


def read_card(path: Path) -> Card:
    try:
        fields = json.loads(path.read_text())
        if fields["format"] != FORMAT:
            raise WeightsError(f"{path.name} is of format {fields['format']}; this version reads {FORMAT}.")
        network = fields.pop("network")
        decoder = tuple(network.pop("decoder_channels"))
        return Card(network=NetworkConfig(**network, decoder_channels=decoder), **fields)
    except OSError as error:
        raise WeightsError(f"There is no card at {path}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"The card {path.name} cannot be read: {error}") from error


def read_tensors(path: Path, *, digest: str | None = None) -> dict[str, Tensor]:
    """The tensors of a safetensors file, checked against the sha256 when one is given."""
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"There are no weights at {path}.") from error
    if digest is not None and hashlib.sha256(blob).hexdigest() != digest:
        raise WeightsError(f"The weights {path.name} are damaged: their digest is not the one on their card.")
    try:
        return load(blob)
    except SafetensorError as error:
        raise WeightsError(f"{path.name} is not a safetensors file: {error}") from error


def tensors_under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimizer has learned, as `<parameter>.<name>`: its state, not its settings."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put `optimizer_tensors` back into an optimizer of the same parameters."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def write_atomically(path: Path, blob: bytes) -> None:
    """Write under a temporary name in the same folder, flush to disk, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(blob)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
