"""Putting a candidate to the gate again, when another version is active than it was compared with.

The work is a TrainingRun's that trains nothing, so it waits, is claimed, reported, canceled and resumed as any other.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from gallery import files, queue
from gallery.models import ModelVersion, RunState, Side, SnapshotEntry, TrainingRun, VersionEvent, VersionState
from gallery.services.runs import RunAttempt, end_run
from gallery.services.snapshots import SnapshotPicture
from gallery.services.training import ONE_WAITS, TrainingRefused
from gallery.services.versions import Judged, active_version, is_gate_stale

# What the log keeps of a verdict, as gallery.sentences knows it.
NOW = {True: "It passed beside %s.", False: "It did not pass beside %s."}
BEFORE = {True: "Before, passed beside %s.", False: "Before, did not pass beside %s."}


def why_not_judged_again(version: ModelVersion, active: ModelVersion | None) -> str:
    """One sentence; empty where the gate can compare it with the active version, and has not yet."""
    if version.status != VersionState.CANDIDATE:
        return _("Only a candidate is put to the gate.")
    if version.weights_removed_at is not None:
        return _("The weights of this version were removed; only the newest are kept.")
    if active is None:
        return _("No version is active, so there is nothing to compare it with.")
    if not is_gate_stale(version, active):
        return _("The gate has compared it with the active version.")
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
        raise TrainingRefused(_(ONE_WAITS)) from error
    return run


def held_out_for(*versions: ModelVersion) -> list[SnapshotPicture]:
    """What the runs of these versions hold out and nobody has withdrawn: no version has learned from any of them."""
    runs = [version.run_id for version in versions if version.run_id]
    entries = SnapshotEntry.objects.filter(run__in=runs, side=Side.HOLDOUT, collected__isnull=False)
    named = entries.values_list("digest", "collected__file_key", "collected__phash")
    return [SnapshotPicture(*found) for found in sorted(set(named))]


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
        before = BEFORE[version.passed_gate] % version.compared_with if version.gate else ""
        version.gate, version.metrics, version.comparisons = judged.gate, judged.metrics, judged.comparisons
        version.compared_with = ModelVersion.objects.get(pk=judged.compared_with)
        version.save(update_fields=["gate", "metrics", "comparisons", "compared_with"])
        VersionEvent.objects.create(
            version=version,
            action=VersionEvent.Action.JUDGED,
            by=run.started_by,
            reason=f"{NOW[version.passed_gate] % version.compared_with} {before}".strip(),
        )
    return True
