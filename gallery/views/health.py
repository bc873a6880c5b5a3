"""Whether the site works, for whoever watches it."""

import logging
from typing import Any

from django.db import DatabaseError, InterfaceError, models
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gallery.models import Job, JobState, Worker
from gallery.queue import QUEUE_COLORIZE

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    try:
        return JsonResponse({"ok": True, **_figures()})
    except (DatabaseError, InterfaceError):
        logger.exception("The database does not answer")
        return JsonResponse({"ok": False, "error": "The database does not answer."}, status=503)


def _figures() -> dict[str, Any]:
    queued = Job.objects.filter(status=JobState.QUEUED).order_by("queued_at")
    age = models.ExpressionWrapper(Now() - models.F("queued_at"), output_field=models.DurationField())
    oldest = queued.annotate(age=age).values_list("age", flat=True).first()
    return {
        "live_workers": Worker.objects.serving(QUEUE_COLORIZE).count(),
        "oldest_queued_s": None if oldest is None else round(oldest.total_seconds(), 1),
    }
