"""Collected pictures, consent, training runs and model versions in the admin: to look at."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseBase

from gallery import services
from gallery.admin.base import DeletedByServices, KeptByServices
from gallery.models import (
    CollectedImage,
    ModelVersion,
    SnapshotEntry,
    TrainingConsent,
    TrainingEvaluation,
    TrainingPoint,
    TrainingRun,
    VersionEvent,
    Vote,
)


class Log(KeptByServices):
    """Rows that nobody deletes by themselves. They may go with their account or photo, so the right itself stays."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        raise PermissionDenied

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_delete": False})


@admin.register(CollectedImage)
class CollectedImageAdmin(DeletedByServices, KeptByServices):
    list_display = ("id", "owner", "origin", "status", "reason", "colorfulness", "size", "consented_at", "created_at")
    list_filter = ("status", "origin", "created_at")
    search_fields = ("=id", "owner__username", "=digest", "reason")
    list_select_related = ("owner",)

    @admin.display(description="size")
    def size(self, image: CollectedImage) -> str:
        return f"{image.width} x {image.height}"

    def delete_rows(self, rows: QuerySet[CollectedImage]) -> None:
        services.delete_images(rows.values_list("pk", flat=True))


@admin.register(TrainingConsent)
class TrainingConsentAdmin(Log):
    list_display = ("user", "photo", "is_given", "said_at")
    list_filter = ("is_given", "said_at")
    search_fields = ("user__username", "photo__file_name")
    list_select_related = ("user", "photo")


@admin.register(TrainingRun)
class TrainingRunAdmin(Log):
    list_display = ("id", "status", "stage", "step", "steps", "attempt", "pictures", "started_by", "queued_at", "error")
    list_filter = ("status", "queued_at")
    search_fields = ("=id", "note", "error")
    list_select_related = ("started_by",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        return super().get_queryset(request).annotate(in_snapshot=Count("snapshot"))

    @admin.display(description="pictures", ordering="in_snapshot")
    def pictures(self, run: TrainingRun) -> int:
        return run.in_snapshot


@admin.register(SnapshotEntry)
class SnapshotEntryAdmin(Log):
    list_display = ("run", "digest", "side", "collected")
    list_filter = ("side", "run")
    search_fields = ("=digest", "=run__id")
    list_select_related = ("run", "collected")


@admin.register(TrainingPoint)
class TrainingPointAdmin(Log):
    list_display = ("run", "step", "losses", "at")
    list_filter = ("run",)
    search_fields = ("=run__id", "=step")
    list_select_related = ("run",)


@admin.register(TrainingEvaluation)
class TrainingEvaluationAdmin(Log):
    list_display = ("run", "step", "figures", "at")
    list_filter = ("run",)
    search_fields = ("=run__id", "=step")
    list_select_related = ("run",)


@admin.register(ModelVersion)
class ModelVersionAdmin(Log):
    list_display = ("number", "name", "status", "parent", "run", "activated_at", "created_at")
    list_filter = ("status",)
    search_fields = ("=number", "name", "=digest")
    list_select_related = ("parent", "run")


@admin.register(VersionEvent)
class VersionEventAdmin(Log):
    list_display = ("version", "action", "by", "reason", "at")
    list_filter = ("action", "at")
    search_fields = ("version__name", "by__username", "reason")
    list_select_related = ("version", "by")


@admin.register(Vote)
class VoteAdmin(Log):
    list_display = ("version", "against", "photograph", "prefers_version", "by", "at")
    list_filter = ("prefers_version", "version")
    search_fields = ("photograph", "by__username")
    list_select_related = ("version", "against", "by")
