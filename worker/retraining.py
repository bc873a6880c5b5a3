"""One training run in a process of its own, from its frozen snapshot to a stored candidate, or to plain words."""

import errno
import json
import logging
import time
from dataclasses import asdict
from pathlib import Path

import torch
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from colorizer import ColorizerError, ImageError, TrainingError
from colorizer.checkpoint import read_card
from colorizer.config import HOLDOUT, Recipe
from colorizer.data import PhotoSet
from colorizer.finetuning import NEW, FineTuning, make_recipe, open_base, what_it_needs
from colorizer.reports import Ending, Outcome
from colorizer.team import Team
from colorizer.training import Training
from gallery import files, services
from gallery.keys import new_weights_key
from gallery.services import NewVersion, RunClaim, RunSettings, Snapshot, TrainingRefused
from worker import judging, machine, priority, telling, trainer, weights
from worker.telling import ClaimLost, Teller, patiently

logger = logging.getLogger(__name__)


def retrain(claim: RunClaim) -> None:
    """Settles the run in every way that is foreseen; what is not is raised, and the caller's matter."""
    torch.set_num_threads(priority.threads())
    try:
        _retrain(claim, trainer.folder_of(claim))
    except ClaimLost:
        logger.info("Training run %s is not ours any more", claim.run_id)
    except (ColorizerError, TrainingRefused, MemoryError, *files.storage_errors()) as error:
        logger.exception("Training run %s failed in attempt %s", claim.run_id, claim.attempt)
        reason = in_words(error)
        patiently(lambda: services.fail_run(claim, reason))


def in_words(error: Exception) -> str:
    """Why the run failed and what to do about it, for staff."""
    match error:
        case TrainingRefused() | ColorizerError():
            return str(error)
        case MemoryError():
            return trainer.NO_MEMORY
        case OSError(errno=errno.ENOSPC):
            return "The disk is full: make room on the training worker's machine, and start the run again."
        case FileNotFoundError():
            return f"A file that the run needs is not there any more ({error})."
        case _:
            return f"The storage or the disk could not do what the run needs ({error})."


def _retrain(claim: RunClaim, folder: Path) -> None:
    teller = Teller(claim, folder / "run")
    teller.begin("Preparing the pictures")
    snapshot = patiently(lambda: services.freeze_snapshot(claim))
    if snapshot is None:
        raise ClaimLost
    new, holdout = write_pictures(snapshot, folder / "pictures")
    judged_on = {HOLDOUT: holdout} | judging.open_golden(settings.PHOTOLAB_GOLDEN)
    start = weights.fetch(claim.base)
    if claim.settings.base_share and settings.PHOTOLAB_BASE_CORPUS:
        teller.begin("Reading the base corpus")
    base = open_base(settings.PHOTOLAB_BASE_CORPUS if claim.settings.base_share else None)
    teller.begin("Loading the base version")
    network = read_card(start.with_suffix(".json")).network
    recipe = make_recipe(f"retrained-{claim.run_id}", network, chosen(claim.settings), base=base)
    check_room(recipe)
    if claim.checkpoint_key:
        telling.unpack(claim.checkpoint_key, folder / "run")
    training = Training(
        recipe,
        folder / "run",
        {NEW: new, **base},
        {HOLDOUT: holdout},
        start=start,
        team=Team.alone(settings.PHOTOLAB_DEVICE),
    )
    outcome = training.run(progress=teller.step_done, evaluated=teller.evaluated)
    del training
    teller.keep()
    finish(claim, outcome, judged_on, teller, rehearsed=bool(base))


def chosen(asked: RunSettings) -> FineTuning:
    """Raises TrainingError for what cannot be trained."""
    return FineTuning(**asdict(asked))


def write_pictures(snapshot: Snapshot, folder: Path) -> tuple[PhotoSet, PhotoSet]:
    """What is learned from and what is held out, copied from the storage. Raises TrainingRefused when a side is empty.

    A picture that is withdrawn while the others are copied is left out.
    """
    sides = {"train": snapshot.train, "holdout": snapshot.holdout}
    for side, pictures in sides.items():
        (folder / side).mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            try:
                with default_storage.open(picture.file_key, "rb") as stored:
                    (folder / side / f"{picture.digest}.jpg").write_bytes(stored.read())
            except FileNotFoundError:
                logger.info("A picture was withdrawn: %s", picture.digest)
    try:
        return PhotoSet(folder / "train"), PhotoSet(folder / "holdout")
    except ImageError as error:
        raise TrainingRefused(
            "So many pictures were withdrawn that none is left to learn from, or to judge by."
        ) from error


def check_room(recipe: Recipe) -> None:
    """Raises TrainingError with the number when memory or disk are too small."""
    needs, memory, disk = what_it_needs(recipe), machine.free_memory(), machine.free_disk()
    if memory is not None and memory < needs.memory:
        raise TrainingError(
            f"Training needs {needs.memory / 1e9:.1f} GB of memory, and {memory / 1e9:.1f} GB are free: "
            "lower the batch size or the crop."
        )
    if disk < needs.disk:
        raise TrainingError(f"Training needs {needs.disk / 1e9:.1f} GB of disk, and {disk / 1e9:.1f} GB are free.")


def finish(
    claim: RunClaim, outcome: Outcome, judged_on: dict[str, PhotoSet], teller: Teller, *, rehearsed: bool
) -> None:
    """Judge what was made, store it, and end the run. Raises TrainingRefused when it is nothing new."""
    teller.begin("Comparing with the active version")
    active = patiently(services.active_version) or claim.base
    began = time.monotonic()
    judgment = judging.judge(
        outcome.weights,
        weights.fetch(active),
        judged_on,
        progress=lambda done, total: teller.compared(done, total, began=began),
    )
    teller.begin("Storing")
    card = json.loads(outcome.weights.with_suffix(".json").read_text())
    card["limits"] = _limits(judgment, rehearsed=rehearsed)
    key = new_weights_key()
    with files.gone_unless_done([key, *judgment.stored]):
        judgment.store()
        with outcome.weights.open("rb") as made:
            files.store(key, File(made))
        new = NewVersion(
            name=card["name"],
            digest=card["digest"],
            weights_key=key,
            metrics=judgment.metrics,
            gate=judgment.gate,
            comparisons=judgment.comparisons,
            compared_with=active.pk,
            card=card,
        )
        reason = f"{outcome.reason} What was good until then is kept." if outcome.ending is Ending.EARLY else ""
        if patiently(lambda: services.finish_run(claim, new, ended_early=reason)) is None:
            raise ClaimLost


def _limits(judgment: judging.Judgment, *, rehearsed: bool) -> str:
    """What this run went without. What its base fails at stands on its base's card."""
    sentences = {
        "Nothing that the model knew was rehearsed, so it may have forgotten some of it.": not rehearsed,
        "It was judged by the run's held-out photographs alone.": not judgment.saw_golden,
    }
    return " ".join(sentence for sentence, holds in sentences.items() if holds)
