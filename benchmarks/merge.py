"""Laying chroma over a photograph's light: speed, memory and edges. `python -m benchmarks.merge`.

Beside it stands the obvious way: upsample the chroma bilinearly, let scikit-image convert the whole picture. Times
of one 12-megapixel JPEG's decoding and encoding, by Pillow and by libvips, show the scale. Edges are judged by
giving photographs of known colors their own chroma back, reduced by area to a width as a network would give it.
"""

import io
import multiprocessing
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pyvips
import skimage.color
import skimage.data
import skimage.filters
import torch
import torch.nn.functional as F
from PIL import Image

from colorizer.merging import Chroma, merge

WIDTH, HEIGHT = 4000, 3000
MEGAPIXELS = WIDTH * HEIGHT / 1e6
CHROMA_WIDTH = 170  # what a network with its short side at 256 pixels gives for 4:3
REPEATS = 7
KINDS = {"8 bit grey": (np.uint8, 1), "8 bit RGB": (np.uint8, 3), "16 bit grey": (np.uint16, 1)}
EDGES = 0.07  # share of a photograph's pixels, those where its own colors change most


def photograph() -> Image.Image:
    """12 megapixels with the grain of film, without which codecs have nothing to do."""
    rgb = np.array(Image.fromarray(skimage.data.astronaut()).resize((WIDTH, HEIGHT)))
    grain = np.random.default_rng(1).normal(0, 5, (HEIGHT, WIDTH, 1)).astype(np.float32)
    return Image.fromarray((rgb + grain).clip(0, 255).astype(np.uint8))


def true_chroma(rgb: np.ndarray, width: int) -> Chroma:
    lab = torch.from_numpy(skimage.color.rgb2lab(rgb)).permute(2, 0, 1)
    small = F.interpolate(lab[None], (round(width * rgb.shape[0] / rgb.shape[1]), width), mode="area")[0].float()
    return Chroma(ab=small[1:].numpy(), light=small[0].numpy())


def by_scikit_image(pixels: np.ndarray, chroma: Chroma, out: np.ndarray) -> None:
    """The baseline: the whole picture in one piece, in double precision, clipped."""
    rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    lab = skimage.color.rgb2lab(rgb)
    ab = torch.from_numpy(chroma.ab)[None]
    warnings.simplefilter("ignore")  # of colors that sRGB does not have, which are the point
    lab[..., 1:] = F.interpolate(ab, pixels.shape[:2], mode="bilinear", align_corners=False)[0].permute(1, 2, 0)
    out[...] = (skimage.color.lab2rgb(lab) * np.iinfo(out.dtype).max).round()


WAYS = {"ours": merge, "scikit-image": by_scikit_image}


def measure(way: str, kind: str, answer: "multiprocessing.Queue[tuple[float, float]]") -> None:
    dtype, bands = KINDS[kind]
    picture = photograph()
    chroma = true_chroma(np.asarray(picture.reduce(8)), CHROMA_WIDTH)
    pixels = np.asarray(picture.convert("L" if bands == 1 else "RGB"))
    pixels = pixels.astype(dtype) * (np.iinfo(dtype).max // 255)
    out = np.zeros((HEIGHT, WIDTH, 3), dtype)
    WAYS[way](pixels[:100], chroma, out[:100])
    before = peak_mb()
    seconds = median_s(lambda: WAYS[way](pixels, chroma, out), REPEATS if way == "ours" else 1)
    answer.put((seconds, peak_mb() - before))


def median_s(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def compare_speed() -> None:
    spawn = multiprocessing.get_context("spawn")
    for kind in KINDS:
        seconds = {}
        for way in WAYS:
            answer = spawn.Queue()
            process = spawn.Process(target=measure, args=(way, kind, answer))
            process.start()
            seconds[way], extra = answer.get()
            process.join()
            per = seconds[way] / MEGAPIXELS * 1000
            print(
                f"{kind:<12} {way:<13} {seconds[way]:.3f} s, {per:6.1f} ms per megapixel, peak memory +{extra:.0f} MB"
            )
        print(f"{kind:<12} ours is {seconds['scikit-image'] / seconds['ours']:.0f} times as fast")


def time_codecs() -> None:
    picture = photograph()
    held = io.BytesIO()
    picture.convert("L").save(held, "JPEG", quality=90)
    grey, rgb = held.getvalue(), np.asarray(picture)
    codecs = {
        "Pillow": (
            lambda: Image.open(io.BytesIO(grey)).load(),
            lambda: picture.save(io.BytesIO(), "JPEG", quality=95, subsampling=0),
        ),
        "libvips": (
            lambda: pyvips.Image.new_from_buffer(grey, "").write_to_memory(),
            lambda: pyvips.Image.new_from_array(rgb).write_to_buffer(".jpg", Q=95, subsample_mode="off"),
        ),
    }
    for name, (decode, encode) in codecs.items():
        print(
            f"{name:<12} decodes a grey JPEG in {median_s(decode, 3):.3f} s, encodes RGB in {median_s(encode, 3):.3f} s"
        )


def compare_edges() -> None:
    for width in (40, 128):
        for name in ("astronaut", "coffee", "chelsea", "rocket"):
            rgb = getattr(skimage.data, name)()
            truth, chroma = skimage.color.rgb2lab(rgb), true_chroma(rgb, width)
            change = sum(np.hypot(*np.gradient(skimage.filters.gaussian(truth[..., i], 1.5))) for i in (1, 2))
            edge = change > np.quantile(change, 1 - EDGES)
            out = np.empty_like(rgb)
            told = []
            for way, merging in (("followed", merge), ("bilinear", by_scikit_image)):
                merging(rgb, chroma, out)
                error = skimage.color.deltaE_ciede2000(truth, skimage.color.rgb2lab(out))
                told.append(f"{way} {error[edge].mean():5.2f} at edges, {error[~edge].mean():5.2f} elsewhere")
            print(f"CIEDE2000, {name:<9} from {width:>3} places: {'; '.join(told)}")


def main() -> None:
    compare_speed()
    time_codecs()
    compare_edges()


if __name__ == "__main__":
    main()
