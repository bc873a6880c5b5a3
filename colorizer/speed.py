"""Makes a loaded generator quick: the same network in fewer steps, in the number format that its device multiplies.

Training and evaluation use the generator as it is; `docs/speed.md` has what was tried and what each step gave.
"""

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .errors import DeviceError
from .generator import Generator


def find_device(name: str) -> torch.device:
    """`cpu`, `cuda`, `cuda:1` or `mps`. Raises DeviceError for what this machine does not have."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"There is no device called {name!r}: choose cpu, cuda or mps.") from error
    there = {
        "cpu": True,
        "cuda": (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise DeviceError(f"This machine has no device {name!r} that torch can use: choose cpu.")
    return device


def number_format(device: torch.device) -> torch.dtype:
    """What the device multiplies fastest, at a mean CIEDE2000 of at most 0.5 from float32.

    On processors without instructions for bfloat16, float32: there bfloat16 would be slower.
    """
    if device.type in ("cuda", "mps"):
        return torch.float16
    return torch.bfloat16 if torch.cpu.get_capabilities().get("avx512_bf16", False) else torch.float32


def held_memory(device: torch.device) -> int | None:
    """Bytes that this process holds on a device with a memory of its own; None for others."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    return torch.mps.driver_allocated_memory() if device.type == "mps" else None


def quickened(generator: Generator, device: torch.device, dtype: torch.dtype) -> Generator:
    """A copy for inference on `device`, weights in `dtype`; it takes float32 and answers with float32."""
    quick = copy.deepcopy(generator).eval().requires_grad_(False)
    for module in list(quick.modules()):
        if isinstance(module, nn.Sequential):
            _shorten(module)
    return quick.to(device, dtype, memory_format=torch.channels_last)


def _shorten(layers: nn.Sequential) -> None:
    """Fold batch norms and even padding into the convolutions beside them; results differ by rounding alone."""
    for index in range(len(layers) - 1):
        before, after = layers[index], layers[index + 1]
        if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
            layers[index], layers[index + 1] = fuse_conv_bn_eval(before, after), nn.Identity()
        elif isinstance(before, nn.ZeroPad2d) and isinstance(after, nn.Conv2d) and len(set(before.padding)) == 1:
            after.padding = before.padding[:2]
            layers[index] = nn.Identity()
