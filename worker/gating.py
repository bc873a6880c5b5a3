"""The gate as a run meets it: which version a candidate stands beside, and runs that only compare."""

import time
from pathlib import Path

from django.conf import settings
from django.utils.text import capfirst

from colorizer import WeightsError
from colorizer.checkpoint import load_generator
from colorizer.config import HOLDOUT
from colorizer.data import PhotoSet
from colorizer.gate import Loaded
from gallery import files, services
from gallery.models import ModelVersion, VersionState
from gallery.services import Judged, RunClaim, TrainingRefused
from worker import judging, weights
from worker.snapshot import copy_pictures
from worker.telling import COMPARING, PREPARING, STORING, ClaimLost, Teller, in_words, patiently

MEND = "Put the file back in its place, or roll back to a version whose weights are whole; then start this again."
NOT_COMPARED = (
    "So the gate has not compared the outcome with the active version. The outcome is kept; once that version can be "
    "loaded, or another is active, let the gate compare them."
)


def whom_to_compare_with(claim: RunClaim) -> ModelVersion:
    return patiently(services.active_version) or claim.base


def fetch_whole(version: ModelVersion, teller: Teller) -> Path:
    """Weights that can be loaded. Raises TrainingRefused with what to do about it: better now than after hours."""
    try:
        path = teller.insist(lambda: weights.fetch(version))
        load_generator(path)
    except WeightsError as error:
        raise TrainingRefused(f"{error} {MEND}") from error
    return path


def compare(
    claim: RunClaim, candidate: Loaded, sets: dict[str, PhotoSet], teller: Teller
) -> tuple[judging.Judgment, ModelVersion | None, str]:
    """With which version, and why with none: an active version that cannot be loaded costs no candidate."""
    teller.begin(COMPARING)
    active = whom_to_compare_with(claim)
    try:
        loaded = load_generator(teller.insist(lambda: weights.fetch(active)))
    except (WeightsError, *files.storage_errors()) as error:
        return judging.NOT_JUDGED, None, f"{in_words(error)} {NOT_COMPARED}"
    return _judge(candidate, loaded, sets, teller), active, ""


def judge_again(claim: RunClaim, folder: Path) -> None:
    """Settle a run that puts a candidate to the gate beside the version that is active now."""
    teller = Teller(claim, folder / "run")
    teller.begin(PREPARING)
    candidate, active = claim.judges, whom_to_compare_with(claim)
    if candidate.status != VersionState.CANDIDATE:
        raise TrainingRefused(capfirst(f"{candidate} is no candidate any more."))
    sets = judging.open_golden(settings.PHOTOLAB_GOLDEN)
    copy_pictures(patiently(lambda: services.held_out_for(candidate, active)), folder / "holdout", teller)
    if any((folder / "holdout").iterdir()):
        sets[HOLDOUT] = PhotoSet(folder / "holdout")
    if not sets:
        raise TrainingRefused(
            "There is nothing to compare by: all held-out pictures were withdrawn, and no golden set is named."
        )
    pair = [load_generator(fetch_whole(version, teller)) for version in (candidate, active)]
    teller.begin(COMPARING)
    judgment = _judge(*pair, sets, teller)
    teller.begin(STORING)
    teller.insist(lambda: _store(claim, judgment, active))


def _judge(candidate: Loaded, active: Loaded, sets: dict[str, PhotoSet], teller: Teller) -> judging.Judgment:
    began = time.monotonic()
    return judging.judge(
        candidate, active, sets, progress=lambda done, total: teller.compared(done, total, began=began)
    )


def _store(claim: RunClaim, judgment: judging.Judgment, active: ModelVersion) -> None:
    with judgment.stored_for(claim) as comparisons:
        judged = Judged(metrics=judgment.metrics, gate=judgment.gate, comparisons=comparisons, compared_with=active.pk)
        if not patiently(lambda: services.finish_judging(claim, judged)):
            raise ClaimLost
