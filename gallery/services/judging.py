"""Putting a candidate to the gate again, when another version is active than it was compared with.

The work is a TrainingRun's that trains nothing, so it waits, is claimed, reported, canceled and resumed as any other.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from gallery import files, queue
from gallery.models import ModelVersion, RunState, Side, SnapshotEntry, TrainingRun, VersionEvent, VersionState
from gallery.services.runs import RunAttempt, end_run
from gallery.services.snapshots import SnapshotPicture
from gallery.services.training import ONE_WAITS, TrainingRefused
from gallery.services.versions import Judged, active_version, is_gate_stale


def why_not_judged_again(version: ModelVersion, active: ModelVersion | None) -> str:
    """One sentence; empty where the gate can compare it with the active version, and has not yet."""
    if version.status != VersionState.CANDIDATE:
        return "Only a candidate is put to the gate."
    if version.weights_removed_at is not None:
        return "The weights of this version were removed; only the newest are kept."
    if active is None:
        return "No version is active, so there is nothing to compare it with."
    if not is_gate_stale(version, active):
        return "The gate has compared it with the active version."
    return ""


def start_judging(version: ModelVersion, by: AbstractBaseUser | None) -> TrainingRun:
    """A run that waits, of which none other waits beside. Raises TrainingRefused."""
    active = active_version()
    if why_not := why_not_judged_again(version, active):
        raise TrainingRefused(why_not)
    try:
        with transaction.atomic():
            run = TrainingRun.objects.create(
                started_by=by, judges=version, base_version=active, settings={}, steps=0, takes_all=False
            )
            queue.ring_trainer_after_commit()
    except IntegrityError as error:
        raise TrainingRefused(ONE_WAITS) from error
    return run


def held_out_for(*versions: ModelVersion) -> list[SnapshotPicture]:
    """What the runs of these versions hold out and nobody has withdrawn: no version has learned from any of them."""
    runs = [version.run_id for version in versions if version.run_id]
    entries = SnapshotEntry.objects.filter(run__in=runs, side=Side.HOLDOUT, collected__isnull=False)
    return [SnapshotPicture(*found) for found in sorted(set(entries.values_list("digest", "collected__file_key")))]


def finish_judging(claim: RunAttempt, judged: Judged) -> bool:
    """The candidate's new verdict, in place of the one before, which the log keeps in short.

    False: the claim is lost, and the stored pictures are the caller's to delete.
    """
    with transaction.atomic():
        run = end_run(claim, RunState.SUCCEEDED, error="")
        if run is None:
            return False
        version = ModelVersion.objects.select_for_update().get(pk=run.judges_id)
        files.delete_after_commit(
            [pair[f"{name}_key"] for pair in version.comparisons for name in ("candidate", "active", "grey")]
        )
        before = f" Before, {_in_short(version)}." if version.gate else ""
        version.gate, version.metrics, version.comparisons = judged.gate, judged.metrics, judged.comparisons
        version.compared_with = ModelVersion.objects.get(pk=judged.compared_with)
        version.save(update_fields=["gate", "metrics", "comparisons", "compared_with"])
        VersionEvent.objects.create(
            version=version,
            action=VersionEvent.Action.JUDGED,
            by=run.started_by,
            reason=f"It {_in_short(version)}.{before}",
        )
    return True


def _in_short(version: ModelVersion) -> str:
    verdict = "passed" if version.passed_gate else "did not pass"
    return f"{verdict} beside {version.compared_with}"
