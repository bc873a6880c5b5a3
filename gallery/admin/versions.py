"""Model versions in the admin: what each can do, the gate's verdict, promotion, rollback, rejection, the log."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from gallery import services
from gallery.admin.base import Described, Log
from gallery.admin.judging import ADD_VOTE, PROMOTE, JudgePage, why_not_judged
from gallery.model_cards import GateRow, figure_tables, gate_rows
from gallery.models import ModelVersion, VersionEvent, VersionState, Vote, Worker
from gallery.models.state import LIVE_RUN_STATES
from gallery.queue import QUEUE_COLORIZE
from gallery.wording import why_it_may_wait

LONGEST_REASON = 10_000


@admin.register(ModelVersion)
class ModelVersionAdmin(JudgePage, Described, Log):
    list_display = ("number", "name", "status", "gate_verdict", "parent", "run", "activated_at", "created_at")
    list_display_links = ("number", "name")
    list_filter = ("status",)
    search_fields = ("=number", "name", "=digest")
    also_seen_with = (PROMOTE, ADD_VOTE)
    change_form_template = "admin/gallery/modelversion/version.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return super().get_queryset(request).select_related("parent", "run", "compared_with")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:version_id>/promote/", wrap(self.promote_view), name="gallery_modelversion_promote"),
            path("<int:version_id>/reject/", wrap(self.reject_view), name="gallery_modelversion_reject"),
            path("<int:version_id>/gate/", wrap(self.gate_view), name="gallery_modelversion_gate"),
            *super().get_urls(),
        ]

    @admin.display(description="gate")
    def gate_verdict(self, version: ModelVersion) -> str:
        failed = len(version.failed_rules)
        if not failed and not version.passed_gate:
            return "-"
        verdict = f"{failed} rule{pluralize(failed)} failed" if failed else "passed"
        other = version.compared_with
        is_current = version.status != VersionState.CANDIDATE or (other and other.status == VersionState.ACTIVE)
        return verdict if is_current or other is None else f"{verdict}, beside version {other.number}"

    def describe(self, request: HttpRequest, version: ModelVersion) -> dict[str, Any]:
        active = services.active_version()
        why_not = services.why_not_promoted(version, active)
        may_promote = request.user.has_perm(PROMOTE)
        coloring = Worker.objects.serving(QUEUE_COLORIZE).order_by("name")
        is_active = version.status == VersionState.ACTIVE
        return {
            "version": version,
            "active": active,
            "gate": gate_of(version),
            "tables": figure_tables(version),
            "card": json.dumps(version.card, indent=2, ensure_ascii=False) if version.card else "",
            "why_not": why_not,
            "may_promote": may_promote and not why_not,
            "may_override": may_promote and bool(why_not) and services.can_be_overridden(version),
            "may_reject": may_promote and version.status == VersionState.CANDIDATE,
            "may_judge_again": may_promote and not services.why_not_judged_again(version, active),
            "judging_run": version.judging_runs.filter(status__in=LIVE_RUN_STATES).first(),
            "is_gate_stale": version.status == VersionState.CANDIDATE and services.is_gate_stale(version, active),
            "is_rollback": version.status == VersionState.RETIRED,
            "events": version.events.select_related("by"),
            "workers": coloring.filter(model_digest=version.digest),
            "other_workers": coloring.exclude(model_digest=version.digest) if is_active else [],
            "votes": services.count_votes(version),
            "why_not_judged": why_not_judged(version),
            "may_judge": self.has_judge_permission(request),
        }

    @method_decorator(require_POST)
    def promote_view(self, request: HttpRequest, version_id: int) -> HttpResponseBase:
        self.require(request, PROMOTE)
        version = self.find(request, version_id)
        reason = request.POST.get("reason", "")[:LONGEST_REASON]
        try:
            services.promote_version(version.pk, request.user, reason=reason)
        except services.PromotionRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            told = f"{version} is active. Workers take it from their next job on, within a minute."
            self.message_user(request, told, messages.SUCCESS)
        return redirect("admin:gallery_modelversion_change", version.pk)

    @method_decorator(require_POST)
    def reject_view(self, request: HttpRequest, version_id: int) -> HttpResponseBase:
        self.require(request, PROMOTE)
        version = self.find(request, version_id)
        if services.reject_version(version.pk, request.user, reason=request.POST.get("reason", "")[:LONGEST_REASON]):
            self.message_user(request, f"{version} is rejected.", messages.SUCCESS)
        else:
            self.message_user(request, f"{version} is no candidate any more.", messages.WARNING)
        return redirect("admin:gallery_modelversion_change", version.pk)

    @method_decorator(require_POST)
    def gate_view(self, request: HttpRequest, version_id: int) -> HttpResponseBase:
        self.require(request, PROMOTE)
        version = self.find(request, version_id)
        try:
            run = services.start_judging(version, request.user)
        except services.TrainingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return redirect("admin:gallery_modelversion_change", version.pk)
        self.message_user(request, f"{run} is in the queue. {why_it_may_wait()}", messages.SUCCESS)
        return redirect("admin:gallery_trainingrun_change", run.pk)


def gate_of(version: ModelVersion) -> list[GateRow]:
    """What failed comes first, what was not applied last."""
    order = {False: 0, True: 1, None: 2}
    return sorted(gate_rows(version), key=lambda row: order[row.passed])


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
