"""One run in a process of its own, from its frozen snapshot to a stored candidate, or to plain words.

A run that only puts a candidate to the gate again is gating's matter.
"""

import json
import logging
from dataclasses import asdict
from pathlib import Path

import torch
from django.conf import settings
from django.core.files.base import File

from colorizer import ColorizerError, TrainingError
from colorizer.checkpoint import load_generator, read_card
from colorizer.config import HOLDOUT, Recipe
from colorizer.data import PhotoSet
from colorizer.finetuning import NEW, FineTuning, make_recipe, open_base, open_held_out, what_it_needs
from colorizer.gate import GOLDEN
from colorizer.reports import Ending, Outcome
from colorizer.team import Team
from colorizer.training import Training
from gallery import files, services
from gallery.keys import new_weights_key
from gallery.services import NewVersion, RunClaim, RunSettings, TrainingRefused
from worker import gating, judging, machine, priority, telling, trainer
from worker.snapshot import write_pictures
from worker.telling import PREPARING, STORING, ClaimLost, Teller, in_words, patiently

logger = logging.getLogger(__name__)


def retrain(claim: RunClaim) -> None:
    """Settles the run in every way that is foreseen; what is not is raised, and the caller's matter."""
    torch.set_num_threads(priority.threads())
    act = _retrain if claim.judges is None else gating.judge_again
    try:
        act(claim, trainer.folder_of(claim))
    except ClaimLost:
        logger.info("Training run %s is not ours any more", claim.run_id)
    except (ColorizerError, TrainingRefused, MemoryError, *files.storage_errors()) as error:
        logger.exception("Training run %s failed in attempt %s", claim.run_id, claim.attempt)
        reason = in_words(error)
        patiently(lambda: services.fail_run(claim, reason))


def _retrain(claim: RunClaim, folder: Path) -> None:
    teller = Teller(claim, folder / "run")
    teller.begin(PREPARING)
    snapshot = patiently(lambda: services.freeze_snapshot(claim))
    if snapshot is None:
        raise ClaimLost
    golden = judging.open_golden(settings.PHOTOLAB_GOLDEN)
    new, holdout = write_pictures(snapshot, folder / "pictures", teller, golden=golden.get(GOLDEN))
    judged_on = {HOLDOUT: holdout} | golden
    start = gating.fetch_whole(claim.base, teller)
    if (active := gating.whom_to_compare_with(claim)) != claim.base:
        gating.fetch_whole(active, teller)
    if claim.settings.base_share and settings.PHOTOLAB_BASE_CORPUS:
        teller.begin("Reading the base corpus")
    corpus = settings.PHOTOLAB_BASE_CORPUS if claim.settings.base_share else None
    base = open_base(corpus)
    teller.begin("Loading the base version")
    network = read_card(start.with_suffix(".json")).network
    recipe = make_recipe(f"retrained-{claim.run_id}", network, chosen(claim.settings), base=base)
    check_room(recipe)
    if claim.checkpoint_key:
        teller.insist(lambda: telling.unpack(claim.checkpoint_key, folder / "run"))
    training = Training(
        recipe,
        folder / "run",
        {NEW: new, **base},
        {HOLDOUT: holdout},
        held_out=open_held_out(corpus, base),
        start=start,
        team=Team.alone(settings.PHOTOLAB_DEVICE),
    )
    outcome = training.run(progress=teller.step_done, evaluated=teller.evaluated)
    del training
    teller.settle()
    finish(claim, outcome, judged_on, teller, rehearsed=bool(base))


def chosen(asked: RunSettings) -> FineTuning:
    """Raises TrainingError for what cannot be trained."""
    return FineTuning(**asdict(asked))


def check_room(recipe: Recipe) -> None:
    """Raises TrainingError with the number when memory or disk are too small."""
    needs = what_it_needs(recipe)
    problems = services.what_is_too_little(
        memory=(needs.memory, machine.free_memory()), disk=(needs.disk, machine.free_disk())
    )
    if problems:
        raise TrainingError(problems[0])


def finish(
    claim: RunClaim, outcome: Outcome, judged_on: dict[str, PhotoSet], teller: Teller, *, rehearsed: bool
) -> None:
    """Judge what was made, store it, and end the run. Raises TrainingRefused when it is nothing new."""
    judgment, active, why_not_judged = gating.compare(claim, load_generator(outcome.weights), judged_on, teller)
    teller.begin(STORING)
    card = json.loads(outcome.weights.with_suffix(".json").read_text())
    card["limits"] = _limits(judgment, judged_on, rehearsed=rehearsed)
    reasons = [f"{outcome.reason} What was good until then is kept."] if outcome.ending is Ending.EARLY else []
    told = " ".join([*reasons, why_not_judged]).strip()

    def store() -> None:
        key = new_weights_key(claim.run_id, claim.attempt)
        with files.gone_unless_done([key]), judgment.stored_for(claim) as comparisons:
            with outcome.weights.open("rb") as made:
                files.store(key, File(made))
            new = NewVersion(
                name=card["name"],
                digest=card["digest"],
                weights_key=key,
                metrics=judgment.metrics,
                gate=judgment.gate,
                comparisons=comparisons,
                compared_with=active and active.pk,
                card=card,
            )
            if patiently(lambda: services.finish_run(claim, new, ended_early=told)) is None:
                raise ClaimLost

    teller.insist(store)


def _limits(judgment: judging.Judgment, judged_on: dict[str, PhotoSet], *, rehearsed: bool) -> str:
    """What this run went without. What its base fails at stands on its base's card."""
    sentences = {
        "Nothing that the model knew was rehearsed, so it may have forgotten some of it.": not rehearsed,
        "It was judged by the run's held-out photographs alone.": bool(judgment.gate) and GOLDEN not in judged_on,
    }
    return " ".join(sentence for sentence, holds in sentences.items() if holds)
