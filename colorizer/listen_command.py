"""`listen`: what it takes, and what is written on the card of the weights that were taught."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from .arguments import positive
from .checkpoint import Card, load_generator, save_generator
from .data import open_sources
from .errors import ImageError
from .listening import STEPS, teach

SOURCES = ("scenes", "objects")  # tiny pictures are too blurred to tell where a thing ends


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All but `--weights` and `--threads`, which other commands take too."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds <source>-train.zip, -val.zip")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the weights that listen")
    parser.add_argument("--steps", type=positive, default=STEPS, help="of four photographs (default: %(default)s)")
    parser.add_argument("--name", help="of the weights that listen (default: as before)")


def run(options: argparse.Namespace) -> Card:
    """Teach and write. Raises WeightsError and ImageError."""
    if not options.data.is_dir():
        raise ImageError(f"There is no folder {options.data}.")
    generator, card = load_generator(options.weights)
    sources = {name: open_sources(options.data, name)[0] for name in SOURCES}
    with tqdm(total=options.steps, unit="step", mininterval=2) as bar:

        def show(step: int, loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.2f}", refresh=False)
            bar.update(step - bar.n)

        taught = teach(generator, sources, steps=options.steps, progress=show)
    listening = {"steps": options.steps, "parent": card.digest}
    written = replace(
        card,
        name=options.name or card.name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        network=taught.config,
        recipe={**card.recipe, "listening": listening},
    )
    return save_generator(taught, options.out, written)
