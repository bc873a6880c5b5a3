"""`evaluate`: what it takes, and how the scoreboard is written. A benchmark may add ways to color of its own."""

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from .arguments import picture, positive, row
from .checkpoint import load_generator, write_atomically
from .data import PhotoSet
from .efficientnet import STRIDE
from .errors import ImageError
from .evaluation import Painter, painter_of
from .judge import Judge, Probe, learn_probe
from .scoreboard import RESERVED, Scoreboard, score

CANDIDATE = "candidate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All but `--weights` and `--threads`, which other commands take too."""
    parser.add_argument("photos", type=Path, metavar="DIR_OR_ZIP", help="of color photographs, in folders by class")
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--sheet", type=picture, metavar="FILE", help="also save samples of all rows side by side")
    parser.add_argument(
        "--row", type=row, action="append", default=[], metavar="NAME=WEIGHTS", help="another generator (repeatable)"
    )
    parser.add_argument("--holdout", action="store_true", help="only the photographs that training holds out")
    parser.add_argument("--probe", type=Path, metavar="ZIP", help="training photographs of the same classes")
    parser.add_argument("--probe-limit", type=positive, default=6000, help="of them at most (default: 6000)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keeps what the probe has looked at")
    parser.add_argument("--limit", type=positive, default=500, help="photographs at most (default: 500)")
    parser.add_argument("--size", type=positive, default=256, help="pixels of the squares, a multiple of 32")


def run(options: argparse.Namespace, *, painters: dict[str, Painter] | None = None) -> Scoreboard:
    """Score and write the files. Rows stand in the order given, with `painters` before and the candidate behind."""
    if options.size < STRIDE or options.size % STRIDE:
        raise ImageError(f"--size must be a multiple of {STRIDE}, not {options.size}.")
    ways, models = dict(painters or {}), {}
    for name, path in (*options.row, (CANDIDATE, options.weights)):
        if name in ways or name in RESERVED:
            raise ImageError(f"Two rows would be called {name}.")
        generator, card = load_generator(path)
        ways[name] = painter_of(generator)
        models[name] = {"name": card.name, "digest": card.digest}
    photos = PhotoSet(options.photos, part="holdout" if options.holdout else "all")
    for path in filter(None, (options.json, options.sheet)):
        path.parent.mkdir(parents=True, exist_ok=True)  # scoring takes long: what cannot be written is told before
    judge = Judge()
    probe = _probe(judge, options) if options.probe else None
    with _bar(min(options.limit, len(photos))) as bar:
        board = score(
            ways,
            photos,
            judge=judge,
            probe=probe,
            size=options.size,
            limit=options.limit,
            progress=lambda done, total: bar.update(done - bar.n),
        )
    report = {"photos": options.photos.name, "holdout": options.holdout, "models": models, **board.report()}
    write_atomically(options.json, json.dumps(report, indent=2).encode() + b"\n")
    if options.sheet:
        board.sheet.save(options.sheet, quality=92)
    return board


def _probe(judge: Judge, options: argparse.Namespace) -> Probe:
    """Learned from what training may see, so that held out photographs are new to it."""
    photos = PhotoSet(options.probe, part="train")
    with _bar(min(options.probe_limit, len(photos))) as bar:
        return learn_probe(
            judge,
            photos,
            size=options.size,
            limit=options.probe_limit,
            cache=options.cache,
            progress=lambda done, total: bar.update(done - bar.n),
        )


def _bar(total: int) -> tqdm:
    return tqdm(total=total, unit="photo", disable=not sys.stderr.isatty())
