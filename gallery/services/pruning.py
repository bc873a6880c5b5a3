"""Which versions keep their weights."""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from gallery import files
from gallery.models import ModelVersion, TrainingRun, VersionEvent, VersionState
from gallery.models.state import LIVE_RUN_STATES

KEPT_WEIGHTS = 5


def prunable_versions(*, keep: int = KEPT_WEIGHTS) -> list[ModelVersion]:
    """Whose stored weights may go: not the newest `keep`, the active, the one before it, what a live run uses.

    Shipped weights stay too: they are what is left when all else fails.
    """
    trained = ModelVersion.objects.filter(run__isnull=False).exclude(weights_key="").order_by("-number")
    newest = set(trained.values_list("pk", flat=True)[:keep])
    previous = ModelVersion.objects.filter(status=VersionState.RETIRED).order_by("-retired_at").first()
    needed = Q(pk=previous.pk if previous else None) | Q(status=VersionState.ACTIVE)
    live = TrainingRun.objects.filter(status__in=LIVE_RUN_STATES)
    in_use = Q(pk__in=live.values("base_version")) | Q(pk__in=live.exclude(judges=None).values("judges"))
    return list(trained.exclude(needed).exclude(pk__in=newest).exclude(in_use))


def prune_versions(*, keep: int = KEPT_WEIGHTS) -> int:
    """Removes the weights of those versions; rows, figures and log stay."""
    with transaction.atomic():
        return sum(_remove_weights(version) for version in prunable_versions(keep=keep))


def _remove_weights(version: ModelVersion) -> bool:
    """Inside a transaction. False: it was promoted since somebody looked."""
    idle = ModelVersion.objects.filter(pk=version.pk).exclude(status=VersionState.ACTIVE)
    if not idle.update(weights_key="", weights_removed_at=Now(), changed_at=Now()):
        return False
    VersionEvent.objects.create(version=version, action=VersionEvent.Action.WEIGHTS_REMOVED)
    files.delete_after_commit([version.weights_key])
    return True
