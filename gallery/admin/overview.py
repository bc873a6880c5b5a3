"""What the page about retraining shows: where each of the loop's four steps stands, to those who may see it."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest

from gallery import services
from gallery.admin.judging import why_not_judged
from gallery.models import Admission, CollectedImage, ModelVersion, TrainingRun, VersionState, Worker
from gallery.models.state import LIVE_RUN_STATES
from gallery.queue import QUEUE_COLORIZE
from gallery.wording import why_it_may_wait

SHOWN_RUNS = 5


def describe_loop(request: HttpRequest) -> dict[str, Any]:
    """Each part only where its rows may be seen."""
    user = request.user
    may = {
        "see_images": user.has_perm("gallery.view_collectedimage"),
        "upload": user.has_perm("gallery.add_collectedimage"),
        "start": user.has_perm("gallery.start_training"),
        "promote": user.has_perm("gallery.promote_version"),
        "judge": user.has_perm("gallery.add_vote") or user.has_perm("gallery.promote_version"),
    }
    may["see_runs"] = may["start"] or may["promote"] or user.has_perm("gallery.view_trainingrun")
    may["see_versions"] = may["judge"] or user.has_perm("gallery.view_modelversion")
    told: dict[str, Any] = {"may": may}
    if may["see_images"]:
        told["images"] = _count_images()
    if may["see_runs"]:
        told["live_runs"] = list(TrainingRun.objects.filter(status__in=LIVE_RUN_STATES).order_by("pk"))
        ended = TrainingRun.objects.exclude(status__in=LIVE_RUN_STATES).select_related("version", "judges")
        told["ended_runs"] = list(ended[:SHOWN_RUNS])
        told["waits"] = why_it_may_wait()
    if may["see_versions"]:
        candidates = list(ModelVersion.objects.filter(status=VersionState.CANDIDATE).select_related("compared_with"))
        active = told["active"] = services.active_version()
        told["refusing"] = list(Worker.objects.serving(QUEUE_COLORIZE).exclude(weights_error="").order_by("name"))
        told["candidates"] = [
            (version, not why_not_judged(version), services.is_gate_stale(version, active)) for version in candidates
        ]
    return told


def _count_images() -> list[tuple[str, str, int]]:
    """State, its name and how many pictures are in it."""
    counted = CollectedImage.objects.order_by().values_list("status").annotate(count=Count("pk"))
    counts = dict(counted)
    return [(state.value, state.label, counts.get(state.value, 0)) for state in Admission]
