"""How much two trainings differ that should not: `python -m benchmarks.gate_noise WEIGHTS NEW HOLDOUT --out DIR`.

The same fine-tuning runs once for each seed, from the same weights on the same photographs; then the gate compares
every run with every other. What it calls worse is noise, and a tolerance below it would refuse candidates by luck:
for each rule its largest value is told beside the rule's tolerance. A run that was broken off goes on.
"""

import argparse
import itertools
import json
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from colorizer.checkpoint import read_card, write_atomically
from colorizer.config import HOLDOUT
from colorizer.data import PhotoSet
from colorizer.errors import TrainingError
from colorizer.finetuning import NEW, FineTuning, make_recipe, open_base
from colorizer.gate import GOLDEN, Check, compare, find_judge
from colorizer.training import Training


def train(options: argparse.Namespace, seed: int) -> Path:
    """One run; its last good checkpoint."""
    base = open_base(options.base)
    chosen = FineTuning(steps=options.steps, adversarial=options.adversarial, seed=seed)
    network = read_card(options.weights.with_suffix(".json")).network
    recipe = make_recipe(f"noise, seed {seed}", network, chosen, base=base)
    recipe = replace(recipe, evaluate_every=recipe.steps)
    sources = {NEW: PhotoSet(options.new), **base}
    folder = options.out / f"seed-{seed}"
    run = Training(recipe, folder, sources, {HOLDOUT: PhotoSet(options.holdout)}, start=options.weights)
    with tqdm(total=recipe.steps, desc=recipe.name, mininterval=10) as bar:
        outcome = run.run(progress=lambda report: bar.update(report.step - bar.n))
    if outcome.weights is None:
        raise TrainingError(f"The run of seed {seed} made no checkpoint.")
    return outcome.weights


def noise(checks: list[Check]) -> dict[str, dict[str, float]]:
    """By set and figure: the largest value by which one of two equal trainings was called worse, and the tolerance."""
    found: dict[str, dict[str, float]] = {}
    for check in checks:
        if check.worse is not None:
            row = found.setdefault(
                f"{check.photos}: {check.figure}".removeprefix(": "), {"noise": 0.0, "tolerance": check.tolerance}
            )
            row["noise"] = max(row["noise"], check.worse)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="where each run starts")
    parser.add_argument("new", type=Path, help="folder or zip of photographs to train on")
    parser.add_argument("holdout", type=Path, help="and of others of their kind")
    parser.add_argument("--base", type=Path, help="rehearsal corpus: a folder of <source>-train.zip, or one set")
    parser.add_argument("--golden", type=Path, help="a set that is never trained on")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=FineTuning.steps)
    parser.add_argument("--adversarial", action="store_true")
    parser.add_argument("--seeds", type=int, default=2, help="runs")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trained = [train(options, seed) for seed in range(1, options.seeds + 1)]
    paths = {HOLDOUT: options.holdout, GOLDEN: options.golden}
    sets = {name: PhotoSet(path) for name, path in paths.items() if path}
    judge = find_judge()
    verdicts = [compare(a, b, sets, judge=judge) for a, b in itertools.permutations(trained, 2)]
    report = noise([check for verdict in verdicts for check in verdict.checks])
    write_atomically(options.out / "noise.json", json.dumps(report, indent=2).encode() + b"\n")
    for name, row in report.items():
        print(f"{name:<40} noise {row['noise']:<10.4g} tolerance {row['tolerance']:<10.4g}")


if __name__ == "__main__":
    main()
