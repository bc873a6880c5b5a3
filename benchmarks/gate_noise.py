"""How much two trainings differ that should not: `python -m benchmarks.gate_noise WEIGHTS NEW HOLDOUT --out DIR`.

The same fine-tuning runs once for each seed, from the same weights on the same photographs; then the gate compares
every run with every other, both ways round. What it calls worse is noise. A run that was broken off goes on.

How a tolerance follows: a rule is broken when the candidate is worse by more than the tolerance and chance over
pictures cannot make the difference (the interval lies above 0). So what counts as noise is the largest difference
between equals, and the tolerance that follows is MARGIN times it. A tolerance below the noise refuses candidates by
luck; one far above what follows lets a real loss pass. A rule without noise keeps its tolerance: it guards against
faults, not against luck. Three seeds give six comparisons; believe what several corpora agree on.
"""

import argparse
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from colorizer.checkpoint import load_generator, read_card, write_atomically
from colorizer.config import HOLDOUT
from colorizer.data import PhotoSet
from colorizer.errors import TrainingError
from colorizer.finetuning import NEW, FineTuning, make_recipe, open_base, open_held_out
from colorizer.gate import GOLDEN, Verdict, compare, find_judge
from colorizer.training import Training

MARGIN = 1.5  # over the largest of a few comparisons, which is below the largest that there can be


def train(options: argparse.Namespace, seed: int) -> Path:
    """One run; its last good checkpoint."""
    base = open_base(options.base)
    chosen = FineTuning(steps=options.steps, adversarial=options.adversarial, seed=seed)
    network = read_card(options.weights.with_suffix(".json")).network
    recipe = make_recipe(f"noise, seed {seed}", network, chosen, base=base)
    recipe = replace(recipe, evaluate_every=recipe.steps)
    sources = {NEW: PhotoSet(options.new), **base}
    folder = options.out / f"seed-{seed}"
    validation, held_out = {HOLDOUT: PhotoSet(options.holdout)}, open_held_out(options.base, base)
    run = Training(recipe, folder, sources, validation, held_out=held_out, start=options.weights)
    with tqdm(total=recipe.steps, desc=recipe.name, mininterval=10) as bar:
        outcome = run.run(progress=lambda report: bar.update(report.step - bar.n))
    if outcome.weights is None:
        raise TrainingError(f"The run of seed {seed} made no checkpoint.")
    return outcome.weights


def noise(verdicts: list[Verdict]) -> dict[str, dict[str, Any]]:
    """By set and figure: what was worse between equals, how often that broke the rule, and the tolerance that follows.

    Figures that are not defined on these photographs are left out.
    """
    found: dict[str, dict[str, Any]] = {}
    for check in (check for verdict in verdicts for check in verdict.checks if check.worse is not None):
        name = f"{check.photos}: {check.figure}".removeprefix(": ")
        new = {"noise": 0.0, "broken": 0, "of": 0, "tolerance": check.tolerance, "relative": check.relative}
        row = found.setdefault(name, new)
        row["noise"] = max(row["noise"], check.worse)
        row["broken"] += check.passed is False
        row["of"] += 1
    for row in found.values():
        row["follows"] = float(f"{MARGIN * row['noise']:.2g}") or row["tolerance"]
    return found


def table(report: dict[str, dict[str, Any]]) -> str:
    lines = [f"{'figure':<42}{'noise':>10}{'broken':>10}{'tolerance':>12}{'follows':>10}"]
    for name, row in report.items():
        unit = " of it" if row["relative"] else ""
        numbers = f"{row['noise']:>10.4g}{row['broken']:>6} of {row['of']}{row['tolerance']:>10.4g}"
        lines.append(f"{name:<42}{numbers}{row['follows']:>10.4g}{unit}")
    return "\n".join(lines)


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
    parser.add_argument("--seeds", type=int, default=3, help="runs")
    parser.add_argument("--pictures", type=int, default=128, help="of each set, that the gate looks at")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trained = [train(options, seed) for seed in range(1, options.seeds + 1)]
    paths = {HOLDOUT: options.holdout, GOLDEN: options.golden}
    sets = {name: PhotoSet(path) for name, path in paths.items() if path}
    judge = find_judge()
    pairs = list(itertools.permutations(map(load_generator, trained), 2))
    limit = options.pictures
    verdicts = [compare(*pair, sets, judge=judge, limit=limit) for pair in tqdm(pairs, desc="comparing")]
    report = noise(verdicts)
    write_atomically(options.out / "noise.json", json.dumps(report, indent=2).encode() + b"\n")
    print(table(report))


if __name__ == "__main__":
    main()
