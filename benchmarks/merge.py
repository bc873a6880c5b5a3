"""The library alone, at 640 pixels and at 12 megapixels: `python -m benchmarks.merge`.

Laying the chroma over the photograph's own light in bands stands beside the obvious way: upsample it,
let scikit-image convert the whole picture. Peak memory is that of a process of its own for each.
"""

import multiprocessing
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import skimage.color
import skimage.data
import torch
import torch.nn.functional as F
from PIL import Image

from colorizer import Colorizer
from colorizer.inference import _merge

WEIGHTS = Path(__file__).parents[1] / "colorizer" / "weights" / "photolab-1.safetensors"
SIZES = {"640 pixels": (640, 480), "12 megapixels": (4000, 3000)}
REPEATS = 5


def whole_by_skimage(image: Image.Image, ab: torch.Tensor) -> Image.Image:
    """The baseline: the whole picture in one piece, in double precision, clipped."""
    size = (image.height, image.width)
    full = F.interpolate(ab, size=size, mode="bilinear", align_corners=False)[0].permute(1, 2, 0).numpy()
    lab = skimage.color.rgb2lab(np.asarray(image.convert("RGB")))
    rgb = skimage.color.lab2rgb(np.concatenate((lab[..., :1], full), axis=-1))
    return Image.fromarray((rgb * 255).round().astype(np.uint8))


def measure(way: str, size: tuple[int, int], answer: "multiprocessing.Queue[tuple[float, float, float]]") -> None:
    colorizer = Colorizer.load(WEIGHTS)
    photo = Image.fromarray(skimage.data.astronaut()).convert("L").resize(size)
    ab = colorizer._predict(photo)
    before = _peak_mb()
    merge = {"bands": _merge, "scikit-image": whole_by_skimage}[way]
    predicting, merging = [], []
    for _ in range(REPEATS):
        began = time.perf_counter()
        colorizer._predict(photo)
        middle = time.perf_counter()
        merge(photo, ab)
        predicting.append(middle - began)
        merging.append(time.perf_counter() - middle)
    answer.put((statistics.median(predicting), statistics.median(merging), _peak_mb() - before))


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main() -> None:
    spawn = multiprocessing.get_context("spawn")
    for name, size in SIZES.items():
        seconds = {}
        for way in ("bands", "scikit-image"):
            answer = spawn.Queue()
            process = spawn.Process(target=measure, args=(way, size, answer))
            process.start()
            network, seconds[way], extra = answer.get()
            process.join()
            print(
                f"{name:<14} {way:<14} network {network:.3f} s   merge {seconds[way]:.3f} s   "
                f"peak memory +{extra:.0f} MB"
            )
        print(f"{name:<14} bands are {seconds['scikit-image'] / seconds['bands']:.1f} times as fast")


if __name__ == "__main__":
    main()
