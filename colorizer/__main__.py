"""The command line: `python -m colorizer colorize | train | evaluate`. Each mistake is one clear line."""

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from PIL import Image, ImageOps
from tqdm import tqdm

from .checkpoint import load_generator, write_atomically
from .config import RECIPES
from .data import SUFFIXES, UNREADABLE, PhotoSet
from .errors import ColorizerError, ImageError
from .evaluation import evaluate
from .inference import Colorizer
from .training import Progress, Training

SHIPPED = Path(__file__).parent / "weights" / "photolab-1.safetensors"
FORMATS = ("png", "jpg", "webp", "tif")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 something failed, 2 wrong use, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ColorizerError, OSError) as error:
        print(f"colorizer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("colorizer: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m colorizer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    colorize = commands.add_parser("colorize", help="color photographs")
    colorize.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="photographs or folders of them")
    colorize.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    colorize.add_argument("--format", choices=FORMATS, default="png", help="of the results (default: png)")
    colorize.set_defaults(run=_colorize)

    train = commands.add_parser("train", help="train a generator; started again, it goes on")
    train.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds <source>-train.zip, -val.zip")
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder of the run")
    train.add_argument("--recipe", choices=sorted(RECIPES), default="photolab-1")
    train.set_defaults(run=_train)

    score = commands.add_parser("evaluate", help="score a generator on color photographs")
    score.add_argument("photos", type=Path, metavar="DIR_OR_ZIP")
    score.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    score.add_argument("--sheet", type=_picture, metavar="FILE", help="also save grey, colored and true pictures")
    score.add_argument("--limit", type=_positive, default=1000, help="photographs at most (default: 1000)")
    score.add_argument("--size", type=_positive, default=256, help="pixels of the squares, a multiple of 32")
    score.set_defaults(run=_evaluate)

    for command in (colorize, score):
        command.add_argument("--weights", type=Path, default=SHIPPED, help="default: the shipped ones")
    for command in (colorize, train, score):
        command.add_argument("--threads", type=_positive, help="CPU threads (default: all cores)")
    return parser


def _positive(word: str) -> int:
    number = int(word) if word.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number above 0")
    return number


def _picture(word: str) -> Path:
    if Path(word).suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{word!r} must end in one of {', '.join(SUFFIXES)}")
    return Path(word)


def _colorize(options: argparse.Namespace) -> int:
    jobs = _jobs(options.inputs, options.out, options.format)
    _set_threads(options.threads)
    colorizer = Colorizer.load(options.weights)
    failed = 0
    bar = tqdm(jobs, unit="photo", disable=not sys.stderr.isatty())
    for source, target in bar:
        bar.set_description(source.name)
        try:
            result = colorizer.colorize(_open(source))
            target.parent.mkdir(parents=True, exist_ok=True)
            result.save(target, quality=95)
        except (ColorizerError, OSError) as error:
            failed += 1
            bar.write(f"colorizer: {source}: {error}", file=sys.stderr)
    print(f"{len(jobs) - failed} colored, {failed} failed, in {options.out}")
    return 1 if failed else 0


def _jobs(inputs: list[Path], out: Path, suffix: str) -> list[tuple[Path, Path]]:
    """Pairs of source and target; a folder's photographs keep their relative names. Raises ImageError."""
    jobs: dict[Path, Path] = {}
    for path in inputs:
        if not path.exists():
            raise ImageError(f"{path} does not exist.")
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not found:
            raise ImageError(f"There are no photographs in {path}.")
        for source in found:
            name = source.relative_to(path) if path.is_dir() else Path(source.name)
            target = out / name.with_name(f"{name.stem}.{suffix}")
            if target in jobs:
                raise ImageError(f"{jobs[target]} and {source} would both become {target}.")
            jobs[target] = source
    return [(source, target) for target, source in jobs.items()]


def _open(path: Path) -> Image.Image:
    """An upright photograph of mode L or RGB, 8 bit."""
    try:
        image = ImageOps.exif_transpose(Image.open(path))
        image.load()
    except UNREADABLE as error:
        raise ImageError(f"it cannot be read as a photograph ({type(error).__name__}).") from error
    if image.mode.startswith("I"):  # 16 bit grey, which Pillow would clip
        return image.convert("I").point(lambda value: value / 257).convert("L")
    return image if image.mode == "L" else image.convert("RGB")


def _train(options: argparse.Namespace) -> int:
    _set_threads(options.threads)
    if not options.data.is_dir():
        raise ImageError(f"There is no folder {options.data}.")
    training = Training(RECIPES[options.recipe], options.out, options.data)
    stops: list[int] = []
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda received, frame: stops.append(received))
    bar = tqdm(total=training.recipe.steps, unit="step", mininterval=2)

    def show(report: Progress) -> None:
        bar.set_description(report.stage)
        bar.set_postfix({name: f"{value:.4f}" for name, value in report.losses.items()}, refresh=False)
        bar.update(report.step - bar.n)

    done = training.run(progress=show, should_stop=lambda: bool(stops))
    bar.close()
    print("done" if done else f"stopped at step {training.step}; the same command goes on from there")
    return 0 if done else 130


def _evaluate(options: argparse.Namespace) -> int:
    _set_threads(options.threads)
    if options.size < 32 or options.size % 32:
        raise ImageError(f"--size must be a multiple of 32, not {options.size}.")
    generator, card = load_generator(options.weights)
    photos = PhotoSet(options.photos)
    with tqdm(total=min(options.limit, len(photos)), unit="photo", disable=not sys.stderr.isatty()) as bar:
        result = evaluate(
            generator,
            photos,
            size=options.size,
            limit=options.limit,
            progress=lambda done, total: bar.update(done - bar.n),
        )
    rows = {name: asdict(row) for name, row in result.rows.items()}
    report = {
        "photos": options.photos.name,
        "pictures": result.pictures,
        "size": result.size,
        "model": card.name,
        "digest": card.digest,
        "rows": rows,
    }
    write_atomically(options.json, json.dumps(report, indent=2).encode() + b"\n")
    if options.sheet:
        result.sheet.save(options.sheet, quality=92)
    names = list(next(iter(rows.values())))
    print(" " * 12 + "".join(f"{name:>18}" for name in names))
    for name, row in rows.items():
        print(f"{name:<12}" + "".join(f"{row[key]:>18.3f}" for key in names))
    return 0


def _set_threads(threads: int | None) -> None:
    if threads:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    sys.exit(main())
