"""What a training leaves to coloring on the same machine: `python -m benchmarks.training_beside PHOTO`.

A photograph is colored from file to file, as a worker does it, with the shipped weights. Beside it a training of those
weights runs as the training worker's program does, and is stopped and let go on in turns, so that both are measured in
the same minute: the ratio holds on a noisy machine.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django
import numpy as np
import torch
from django.conf import settings
from PIL import Image

from colorizer import Colorizer
from worker import priority

SETTLING_S = 1.0
PICTURES = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--side", type=int, default=640, help="pixels of the photograph's longer side")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--each", type=int, default=5, help="photographs a turn")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")
    django.setup()
    if options.train:
        _train(options.train)
        return
    with tempfile.TemporaryDirectory() as name:
        _measure(options, Path(name))


def _measure(options: argparse.Namespace, folder: Path) -> None:
    photo = Image.open(options.photo).convert("RGB")
    photo.thumbnail((options.side, options.side), Image.Resampling.LANCZOS)
    photo.save(folder / "photo.jpg", quality=92)
    log = (folder / "steps").open("w+")
    command = [sys.executable, "-m", "benchmarks.training_beside", "-", "--train", str(folder)]
    training = subprocess.Popen(command, start_new_session=True, stdout=log)
    took: dict[str, list[float]] = {"alone": [], "beside a training": []}
    try:
        colorizer = Colorizer.load(settings.PHOTOLAB_WEIGHTS)
        _color(colorizer, folder, 2)
        while not _steps(folder):
            time.sleep(1)
        for turn in range(2 * options.turns):
            os.killpg(training.pid, signal.SIGSTOP if turn % 2 == 0 else signal.SIGCONT)
            time.sleep(SETTLING_S)
            took["beside a training" if turn % 2 else "alone"] += _color(colorizer, folder, options.each)
        began, before = time.monotonic(), _steps(folder)
        time.sleep(20)
        pace = (_steps(folder) - before) / (time.monotonic() - began)
    finally:
        os.killpg(training.pid, signal.SIGKILL)
        training.wait()
    alone, beside = (statistics.median(values) for values in took.values())
    for way, values in took.items():
        print(f"{way:<20} median {statistics.median(values):.3f} s   worst {max(values):.3f} s")
    print(f"beside a training a photograph is colored at {alone / beside:.0%} of the speed")
    print(f"the training makes {pace:.2f} steps a second while nothing is colored")


def _color(colorizer: Colorizer, folder: Path, count: int) -> list[float]:
    """Seconds of each, after torch has all processors, as in a worker."""
    from colorizer.file_to_file import color_scan, write_colored
    from colorizer.inference import Settings
    from colorizer.scans import load
    from colorizer.writing import Target
    from gallery import images
    from worker.colorizing import READER

    torch.set_num_threads(os.cpu_count() or 1)
    took = []
    for _ in range(count):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(dir=folder) as name:
            images.read_in_child(READER, folder / "photo.jpg", Path(name))
            colored = color_scan(colorizer, load(Path(name)), settings=Settings())
            write_colored(colored, Path(name) / "result", kind=Target(colored.scan.target_format))
        took.append(time.perf_counter() - began)
    return took


def _steps(folder: Path) -> int:
    return len((folder / "steps").read_text().splitlines())


def _train(folder: Path) -> None:
    """Until it is killed, as worker.__main__ does it."""
    from colorizer.checkpoint import read_card
    from colorizer.config import HOLDOUT
    from colorizer.data import PhotoSet
    from colorizer.finetuning import NEW, FineTuning, make_recipe
    from colorizer.training import Training

    priority.give_way()
    torch.set_num_threads(priority.threads())
    (folder / "new").mkdir()
    rng = np.random.default_rng(1)
    for number in range(PICTURES):
        noise = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        noise.resize((342, 256), Image.Resampling.BICUBIC).save(folder / "new" / f"{number}.jpg")
    photos = PhotoSet(folder / "new")
    network = read_card(settings.PHOTOLAB_WEIGHTS.with_suffix(".json")).network
    recipe = make_recipe("beside", network, FineTuning(steps=100_000, learning_rate=1e-6), base={})
    training = Training(recipe, folder / "run", {NEW: photos}, {HOLDOUT: photos}, start=settings.PHOTOLAB_WEIGHTS)
    training.run(progress=lambda report: print(report.step, flush=True))


if __name__ == "__main__":
    main()
