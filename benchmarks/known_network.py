"""Our generator beside the known recipe's U-Net, in one run: `python -m benchmarks.known_network [--threads N]`.

Both get the same L and answer with ab; random weights take the same time as trained ones. The U-Net is timed as the
tutorials run it, and with what makes ours quick. Its seven levels are those of `benchmarks/known_recipe.py`; the
usual eighth, for 256 pixels, would add to its time.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.known_recipe import UNet
from colorizer.config import RECIPES
from colorizer.generator import Generator
from colorizer.speed import find_device, number_format, quickened

SIDES = (256, 384)
BATCHES = (1, 8)
REPEATS = 11


class Quick(UNet):
    """The U-Net in the number format and memory order that make ours quick."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.eval().to(dtype, memory_format=torch.channels_last)

    def forward(self, light: Tensor) -> Tensor:
        return super().forward(light.to(self.dtype, memory_format=torch.channels_last))


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    torch.set_num_threads(parser.parse_args().threads)
    device = find_device("cpu")
    dtype = number_format(device)
    ours = Generator(RECIPES["photolab-3"].network).eval()
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "ours as trained": ours.to(memory_format=torch.channels_last),
        f"ours, {dtype}": quickened(ours, device, dtype),
        "U-Net as published": UNet().eval(),
        f"U-Net, {dtype}": Quick(dtype),
    }
    for name in ("ours as trained", "U-Net as published"):
        print(f"{name:<24} {sum(p.numel() for p in ways[name].parameters()) / 1e6:.1f} million weights")
    for batch in BATCHES:
        for side in SIDES:
            light = torch.rand(batch, 1, side, side) * 100
            for name, seconds in _medians(ways, light).items():
                print(f"{batch} x {side} x {side}   {name:<24} {1e3 * seconds / batch:7.1f} ms a picture")


def _medians(ways: dict[str, Callable[[Tensor], Tensor]], light: Tensor) -> dict[str, float]:
    """In turns, so that whatever else the machine does meets all of them."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way(light)
            if repeat:
                took[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in took.items()}


if __name__ == "__main__":
    main()
