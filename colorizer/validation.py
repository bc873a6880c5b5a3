"""What a run does at an evaluation: each validation set scored, a sheet of samples of each, a card for the weights."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from .checkpoint import Card
from .config import NetworkConfig, Recipe
from .data import PhotoSet
from .evaluation import evaluate
from .generator import Generator
from .reports import Evaluated
from .runfolder import RunFolder


def validate(
    generator: Generator,
    sets: dict[str, PhotoSet],
    recipe: Recipe,
    *,
    folder: RunFolder,
    step: int,
    heed: Callable[[], None],
) -> Evaluated:
    """Score and draw the same photographs of each set each time; `heed` is called every few of them and may raise."""
    figures, sheets = {}, {}
    for name, photos in sets.items():
        result = evaluate(
            generator,
            photos,
            size=recipe.validation_size,
            limit=recipe.validation_pictures,
            progress=lambda done, total: heed(),
        )
        figures[name] = {row: asdict(values) for row, values in result.rows.items()}
        sheets[name] = folder.sheet(step, name)
        result.sheet.save(sheets[name], quality=90)
    return Evaluated(step, figures, sheets)


def make_card(
    recipe: Recipe, network: NetworkConfig, sources: dict[str, PhotoSet], report: Evaluated, **told: Any
) -> Card:
    """What is known of the weights of that step; `network` has their gain, and `told` goes into the recipe."""
    return Card(
        name=recipe.name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        network=network,
        data={f"{name}-train": len(photos) for name, photos in sources.items()},
        recipe={**asdict(recipe), "stopped_at_step": report.step, **told},
        figures=report.figures,
    )
