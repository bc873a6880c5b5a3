"""`train`: what it takes, and how a run is shown and stopped. Under `torchrun` several processes share the run."""

import argparse
import signal
from pathlib import Path

from tqdm import tqdm

from .config import RECIPES
from .data import open_data
from .errors import ImageError
from .reports import Ending, Progress
from .team import Team
from .training import Training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All but `--device` and `--threads`, which other commands take too."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds <source>-train.zip, -val.zip")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder of the run")
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="photolab-2")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="begin with these (default: ImageNet's encoder)")


def run(options: argparse.Namespace) -> tuple[int, str]:
    """Train, or go on; SIGINT and SIGTERM stop after the step.

    The exit status (0 done, 1 given up, 130 stopped) and what to say, which only the first process does.
    """
    if not options.data.is_dir():
        raise ImageError(f"There is no folder {options.data}.")
    recipe = RECIPES[options.recipe]
    sources, validation = open_data(options.data, recipe)
    team = Team.join(options.device)
    try:
        training = Training(recipe, options.out, sources, validation, start=options.weights, team=team)
        return _train(training, quiet=not team.leads)
    finally:
        team.leave()


def _train(training: Training, *, quiet: bool) -> tuple[int, str]:
    stops: list[int] = []
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda received, frame: stops.append(received))
    bar = tqdm(total=training.recipe.steps, unit="step", mininterval=2, disable=quiet)

    def show(report: Progress) -> None:
        bar.set_description(report.stage)
        bar.set_postfix({name: f"{value:.4f}" for name, value in report.losses.items()}, refresh=False)
        bar.update(report.step - bar.n)

    outcome = training.run(progress=show, should_stop=lambda: bool(stops))
    bar.close()
    status, said = {
        Ending.FINISHED: (0, "done\n"),
        Ending.STOPPED: (130, f"stopped at step {outcome.step}; the same command goes on from there\n"),
        Ending.EARLY: (1, f"{outcome.reason} The last good weights are {outcome.weights}.\n"),
    }[outcome.ending]
    return status, "" if quiet else said
