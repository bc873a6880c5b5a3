"""What a run trains on: a device, and the processes that share the work; one process is a team of one.

Several are started by `torchrun`; each computes its share of every batch, and gradients are averaged
(DistributedDataParallel, Li 2020), over NCCL on CUDA and over gloo on processors. Batch norms see the pictures of
all processes on CUDA (SyncBatchNorm); on processors each sees its own share, for which torch has nothing else, and
the first process's statistics are everybody's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from .errors import DeviceError, TrainingError
from .speed import find_device

PATIENCE = timedelta(hours=1)  # for the first process, while it evaluates


class _Calling(nn.Module):
    """A network that is called by one of its methods."""

    def __init__(self, network: nn.Module, method: str) -> None:
        super().__init__()
        self.network, self.method = network, method

    def forward(self, *inputs: Any) -> Any:
        return getattr(self.network, self.method)(*inputs)


@dataclass(frozen=True)
class Team:
    """This process, number `rank` of `size`, and its device. The first evaluates, saves and tells."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @classmethod
    def alone(cls, device: str = "cpu") -> "Team":
        """`cpu`, `cuda`, `cuda:1` or `mps`. Raises DeviceError for what this machine does not have."""
        return cls(find_device(device))

    @classmethod
    def join(cls, device: str = "cpu") -> "Team":
        """With the other processes that `torchrun` started; alone where it started none. Raises DeviceError.

        Each process on CUDA takes the device of its number on its machine.
        """
        if not dist.is_torchelastic_launched():
            return cls.alone(device)
        found = find_device(device)
        if found.type == "mps":
            raise DeviceError("Several processes cannot share an mps device: start one, or choose cpu.")
        if found.type == "cuda":
            found = find_device(f"cuda:{dist.get_node_local_rank()}")
            torch.cuda.set_device(found)
        dist.init_process_group("nccl" if found.type == "cuda" else "gloo", timeout=PATIENCE)
        return cls(found, dist.get_rank(), dist.get_world_size())

    def must_share(self, batch_size: int) -> None:
        """Raises TrainingError for a batch that does not come out even."""
        if batch_size % self.size:
            raise TrainingError(f"A batch of {batch_size} pictures cannot be shared by {self.size} processes.")

    def leave(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @property
    def share(self) -> tuple[int, int]:
        """Of each batch, as TrainingBatches takes it."""
        return self.rank, self.size

    def autocast(self) -> torch.autocast:
        """bfloat16 where the device multiplies it, float32 elsewhere: float16 would need its gradients scaled."""
        kind = self.device.type
        there = kind == "cpu" or (kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False))
        return torch.autocast(kind, torch.bfloat16, enabled=there)

    def with_norms(self, network: nn.Module) -> nn.Module:
        """The network, its batch norms looking at all processes' pictures where that can be had."""
        if self.size > 1 and self.device.type == "cuda":
            return nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return network

    def spread(self, network: nn.Module, method: str = "__call__") -> Callable[..., Any]:
        """The method by which a network is called where it is to learn: its gradients are averaged over the team."""
        if self.size == 1:
            return getattr(network, method)
        devices = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(_Calling(network, method), device_ids=devices)

    def mean(self, values: Tensor) -> Tensor:
        """Of all processes; not a number where it is none in any of them."""
        if self.size > 1:
            dist.all_reduce(values)
            values = values / self.size
        return values

    def largest(self, number: int) -> int:
        """Of the numbers that all processes bring."""
        if self.size == 1:
            return number
        brought = torch.tensor(number, device=self.device)
        dist.all_reduce(brought, dist.ReduceOp.MAX)
        return int(brought)
