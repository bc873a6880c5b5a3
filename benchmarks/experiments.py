"""Short trainings that differ in one thing each: `python -m benchmarks.experiments NAME --data DATA --out RUN`.

Those of the first group begin with ImageNet's encoder and a random decoder; the others with the weights `--start`,
a checkpoint of the first stage of the recipe that ships. Each is one stage on the same pictures in the same order.
docs/training.md has the table of what came of them.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from colorizer.config import RECIPES, Recipe, Stage
from colorizer.data import open_data
from colorizer.training import Training

NETWORK = RECIPES["photolab-2"].network
MIX = {"scenes": 14, "objects": 8, "tiny": 10}
FIRST = Stage("first", 1000, 96, MIX, decoder_lr=2e-3, bins_weight=0.05)
LATER = Stage("later", 400, 96, MIX, decoder_lr=5e-4, bins_weight=0.05)
GAN = replace(LATER, perceptual_weight=1.0, adversarial_weight=0.03, discriminator_lr=2e-4)

FROM_IMAGENET = {
    "l1": (replace(NETWORK, chroma_bins=False), replace(FIRST, bins_weight=0.0)),
    "bins": (NETWORK, FIRST),
}
FROM_WEIGHTS = {
    "control": LATER,
    "perceptual": replace(LATER, perceptual_weight=1.0),
    "projected": GAN,
    "projected-strong": replace(GAN, adversarial_weight=0.1),
    "patch": replace(GAN, discriminator="patch"),
    "crop-128": replace(LATER, crop=128),
    "encoder": replace(LATER, encoder_lr=5e-5),
}


def recipe_of(name: str) -> Recipe:
    network, stage = FROM_IMAGENET[name] if name in FROM_IMAGENET else (NETWORK, FROM_WEIGHTS[name])
    return Recipe(
        f"experiment: {name}",
        (stage,),
        network=network,
        validation=("scenes", "objects", "tiny"),
        evaluate_every=stage.steps,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=[*FROM_IMAGENET, *FROM_WEIGHTS])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights; needed by all but " + ", ".join(FROM_IMAGENET))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if (options.start is None) != (options.name in FROM_IMAGENET):
        parser.error(f"{options.name} begins {'with ImageNet' if options.start else 'with weights: --start'}")
    torch.set_num_threads(options.threads)
    recipe = recipe_of(options.name)
    run = Training(recipe, options.out, *open_data(options.data, recipe), start=options.start)
    with tqdm(total=run.recipe.steps, mininterval=10) as bar:
        run.run(progress=lambda report: bar.update(report.step - bar.n))


if __name__ == "__main__":
    main()
