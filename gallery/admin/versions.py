"""Model versions in the admin: what each can do, the gate's verdict, promotion, rollback, rejection, the log."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from gallery import services
from gallery.admin.base import Described, Log, told
from gallery.admin.judging import JudgePage, why_not_judged
from gallery.model_cards import GateRow, figure_tables, gate_rows
from gallery.models import ModelVersion, VersionEvent, VersionState, Vote, Worker
from gallery.models.state import LIVE_RUN_STATES
from gallery.queue import QUEUE_COLORIZE
from gallery.rights import PROMOTE, TO_SEE_VERSIONS
from gallery.wording import is_in_the_queue

LONGEST_REASON = 10_000


@admin.register(ModelVersion)
class ModelVersionAdmin(JudgePage, Described, Log):
    list_display = ("number", "name", "status", "gate_verdict", "parent", "run", "activated_at", "created_at")
    list_display_links = ("number", "name")
    list_filter = ("status",)
    search_fields = ("=number", "name", "=digest")
    also_seen_with = TO_SEE_VERSIONS
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

    @admin.display(description=_("gate"))
    def gate_verdict(self, version: ModelVersion) -> str:
        failed = len(version.failed_rules)
        if not failed and not version.passed_gate:
            return "-"
        other = version.compared_with
        is_current = version.status != VersionState.CANDIDATE or (other and other.status == VersionState.ACTIVE)
        if is_current or other is None:
            told = ngettext("%(count)d rule failed", "%(count)d rules failed", failed) if failed else gettext("passed")
            return told % {"count": failed}
        if not failed:
            return gettext("passed, beside version %(number)s") % {"number": other.number}
        told = ngettext(
            "%(count)d rule failed, beside version %(number)s",
            "%(count)d rules failed, beside version %(number)s",
            failed,
        )
        return told % {"count": failed, "number": other.number}

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
            told = gettext("%(version)s is active. Workers take it from their next job on, within a minute.")
            self.message_user(request, told % {"version": version}, messages.SUCCESS)
        return redirect("admin:gallery_modelversion_change", version.pk)

    @method_decorator(require_POST)
    def reject_view(self, request: HttpRequest, version_id: int) -> HttpResponseBase:
        self.require(request, PROMOTE)
        version = self.find(request, version_id)
        if services.reject_version(version.pk, request.user, reason=request.POST.get("reason", "")[:LONGEST_REASON]):
            told = gettext("%(version)s is rejected.") % {"version": version}
            self.message_user(request, told, messages.SUCCESS)
        else:
            told = gettext("%(version)s is no candidate any more.") % {"version": version}
            self.message_user(request, told, messages.WARNING)
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
        self.message_user(request, is_in_the_queue(run), messages.SUCCESS)
        return redirect("admin:gallery_trainingrun_change", run.pk)


def gate_of(version: ModelVersion) -> list[GateRow]:
    """What failed comes first, what was not applied last."""
    order = {False: 0, True: 1, None: 2}
    return sorted(gate_rows(version), key=lambda row: order[row.passed])


@admin.register(VersionEvent)
class VersionEventAdmin(Log):
    list_display = ("version", "action", "by", "told_reason", "at")
    list_filter = ("action", "at")
    search_fields = ("version__name", "by__username", "reason")
    list_select_related = ("version", "by")
    told_reason = told("reason", _("reason"))


@admin.register(Vote)
class VoteAdmin(Log):
    list_display = ("version", "against", "photograph", "prefers_version", "by", "at")
    list_filter = ("prefers_version", "version")
    search_fields = ("photograph", "by__username")
    list_select_related = ("version", "against", "by")
