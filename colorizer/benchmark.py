"""`benchmark`: how fast and how large the colorizer is on this machine, beside what cannot be done without.

Every ratio is of two medians of the same run. Peaks of memory are those of a process of its own for each photograph.
"""

import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import pyvips
import torch
from torch import Tensor

from .checkpoint import load_generator, write_atomically
from .file_to_file import colorize_file
from .inference import Colorizer, Settings, say
from .pix2pix import UNet
from .speed import find_device, number_format, quickened
from .timings import FileTimes, Machine, Results, processor
from .writing import FULL_COLOR_QUALITY, QUALITY

T = TypeVar("T")
Setup = tuple[Path, str, int]  # weights, device, threads

SMALL = 0.3  # megapixels of the photographs of a folder
GRAIN = 6.0  # standard deviation, of 255: makes the JPEG about as large as a scan's
ENOUGH = 10**11  # bytes; what the largest photograph needs is measured here and not refused


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    repeats: int
    sides: tuple[tuple[int, int], ...]  # height and width of what the network sees
    batches: tuple[int, ...]
    megapixels: tuple[int, ...]
    folder: int  # photographs
    starts: int


WHOLE = Extent(15, ((256, 256), (256, 384), (384, 384)), (1, 8, 32), (1, 12, 24, 100), 200, 3)
QUICK = Extent(5, ((256, 256), (384, 384)), (1, 8), (1, 12), 10, 1)


def run(weights: Path, extent: Extent, *, device: str = "cpu", target: Path | None = None) -> Results:
    """Measure; and write the figures into a JSON file. Raises WeightsError and DeviceError."""
    place = find_device(device)
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory(prefix="photolab-benchmark-") as name:
        folder = Path(name)
        small = photograph(SMALL, folder / "small.jpg")
        ready, first = _starts(weights, device, small, extent.starts)
        network_ms, known_ms, pictures_per_s = _network(weights, place, extent)
        files = []
        for megapixels in extent.megapixels:
            source = photograph(megapixels, folder / f"{megapixels}.jpg")
            repeats = max(1, min(extent.repeats // 2, 100 // megapixels))
            files.append(_apart(_file, (weights, device, threads), source, megapixels, repeats))
        in_folder, loaded_mb = _apart(_folder, (weights, device, threads), folder, extent.folder)
    machine = Machine(
        processor=processor(),
        cores=os.cpu_count() or 1,
        threads=threads,
        torch=torch.__version__,
        device=device,
        number_format=str(number_format(place)).removeprefix("torch."),
    )
    results = Results(machine, network_ms, known_ms, pictures_per_s, files, in_folder, ready, first, loaded_mb)
    if target is not None:
        write_atomically(target, json.dumps(asdict(results), indent=2).encode() + b"\n")
    return results


def photograph(megapixels: float, path: Path, *, seed: int = 1) -> Path:
    """A grey JPEG of 4 by 3 made of scikit-image's public domain picture, enlarged and with the grain of `seed`."""
    import skimage.data

    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    height = round(width * 3 / 4)
    picture = pyvips.Image.new_from_array(skimage.data.camera()[64:448])  # (384, 512)
    enlarged = picture.resize(width / picture.width, vscale=height / picture.height)
    grain = pyvips.Image.gaussnoise(enlarged.width, enlarged.height, sigma=GRAIN, mean=0, seed=seed)
    (enlarged + grain).cast("uchar").jpegsave(str(path), Q=92)
    return path


def median_s(work: Callable[[], object], repeats: int) -> float:
    """The median of so many runs, in seconds, after one that is not counted."""
    work()
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _network(
    weights: Path, device: torch.device, extent: Extent
) -> tuple[dict[str, float], dict[str, float], dict[int, float]]:
    """Ours and the known recipe's network in the same number format, and ours in batches."""
    dtype = number_format(device)
    generator = quickened(load_generator(weights)[0], device, dtype)
    known = UNet().eval().to(device, dtype, memory_format=torch.channels_last)

    def ours(light: Tensor) -> None:
        # Back on the CPU, so that a device that works on its own is waited for.
        say(generator, light).cpu()

    @torch.inference_mode()
    def theirs(light: Tensor) -> None:
        known(light).cpu()

    def seconds(way: Callable[[Tensor], None], n: int, height: int, width: int, *, repeats: int) -> float:
        light = (torch.rand(n, 1, height, width) * 100).to(device)
        return median_s(lambda: way(light), repeats)

    sides = {f"{h} x {w}": (h, w) for h, w in extent.sides}
    own_ms = {name: 1e3 * seconds(ours, 1, *side, repeats=extent.repeats) for name, side in sides.items()}
    known_ms = {name: 1e3 * seconds(theirs, 1, *side, repeats=extent.repeats) for name, side in sides.items()}
    rates = {n: n / seconds(ours, n, 256, 256, repeats=max(2, extent.repeats // n)) for n in extent.batches}
    return own_ms, known_ms, rates


def _starts(weights: Path, device: str, photo: Path, repeats: int) -> tuple[float, float]:
    """Seconds of fresh processes: until the generator is there, and until the command line has colored a photograph."""
    script = "import os, sys; from colorizer import Colorizer; Colorizer.load(sys.argv[1], device=sys.argv[2])"
    script += "; os._exit(0)"  # a worker goes on: its end is not waited for
    options = ["--out", str(photo.with_name("first")), "--weights", str(weights), "--device", device]
    commands = [["-c", script, str(weights), device], ["-m", "colorizer", "colorize", str(photo), *options]]
    root = Path(__file__).parents[1]

    def start(command: list[str]) -> None:
        subprocess.run([sys.executable, *command], cwd=root, check=True, capture_output=True)

    ready, first = (median_s(lambda command=command: start(command), repeats) for command in commands)
    return ready, first


def _apart(work: Callable[..., T], setup: Setup, *arguments: object) -> T:
    """In a process of its own, whose peak of memory is its own too."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *setup, *arguments).result()


def _loaded(weights: Path, device: str, threads: int) -> Colorizer:
    torch.set_num_threads(threads)
    return Colorizer.load(weights, device=device)


def _file(weights: Path, device: str, threads: int, source: Path, megapixels: int, repeats: int) -> FileTimes:
    colorizer = _loaded(weights, device, threads)
    before, target = _resident_mb(), source.with_name("result.jpg")

    def whole() -> tuple[float, ...]:
        began = time.perf_counter()
        report = colorize_file(colorizer, source, target, settings=Settings(), memory_limit=ENOUGH)
        took = time.perf_counter() - began
        return took, report.decode_s, report.network_s, report.merge_s, report.encode_s

    whole()
    peak_mb = _peak_mb() - before
    runs = [(*whole(), _floor_s(source, target)) for _ in range(repeats)]
    whole_s, decode_s, network_s, merge_s, encode_s, floor_s = map(statistics.median, zip(*runs, strict=True))
    ratio = statistics.median((whole - network) / floor for whole, _, network, *_, floor in runs)
    return FileTimes(
        megapixels=megapixels,
        source_mb=source.stat().st_size / 1e6,
        whole_s=whole_s,
        decode_s=decode_s,
        network_s=network_s,
        merge_s=merge_s,
        encode_s=encode_s,
        floor_s=floor_s,
        ratio=ratio,
        peak_mb=peak_mb,
    )


def _floor_s(source: Path, result: Path) -> float:
    """Seconds to decode the source into memory and to encode the result from memory, both by libvips."""
    began = time.perf_counter()
    pyvips.Image.new_from_file(str(source), access="sequential").copy_memory()
    decoded = time.perf_counter()
    colored = pyvips.Image.new_from_file(str(result), access="sequential").copy_memory()
    ready = time.perf_counter()
    subsampling = "off" if QUALITY >= FULL_COLOR_QUALITY else "on"
    colored.jpegsave(str(result.with_name("floor.jpg")), Q=QUALITY, subsample_mode=subsampling)
    return time.perf_counter() - ready + decoded - began


def _folder(weights: Path, device: str, threads: int, folder: Path, count: int) -> tuple[dict[str, float], float]:
    """Photographs in a second, one after another as the command line goes through a folder; and what was loaded."""
    colorizer = _loaded(weights, device, threads)
    loaded_mb = _resident_mb()
    sources = [photograph(SMALL, folder / f"of-many-{number}.jpg", seed=number) for number in range(count)]
    colorize_file(colorizer, folder / "small.jpg", folder / "first.jpg", settings=Settings())
    began = time.perf_counter()
    for source in sources:
        colorize_file(colorizer, source, source.with_suffix(".result.jpg"), settings=Settings())
    took = time.perf_counter() - began
    return {"photographs": count, "seconds": took, "per_s": count / took}, loaded_mb


def _peak_mb() -> float:
    """Of resident memory, of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's getrusage counts the parent's memory at the fork as the child's
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _resident_mb() -> float:
    """Now; where the system does not tell, the peak so far."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() / 1e6 if pages.exists() else _peak_mb()
