"""Integrity checks in the admin: the last outcome, all earlier ones, and the order for another, which upkeep makes."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from gallery import services
from gallery.admin.base import Described, KeptByServices, told
from gallery.models import IntegrityCheck

TO_START = "gallery.add_integritycheck"


@admin.register(IntegrityCheck)
class IntegrityCheckAdmin(Described, KeptByServices):
    list_display = (
        *("id", "status", "asked_at", "asked_by", "reads_bytes", "files_named", "problem_count", "stray_count"),
        "told_error",
    )
    list_filter = ("status", "reads_bytes")
    search_fields = ("=id", "asked_by__username")
    list_select_related = ("asked_by",)
    change_list_template = "admin/gallery/integritycheck/list.html"
    change_form_template = "admin/gallery/integritycheck/check.html"
    told_error = told("error", _("error"))

    def get_urls(self) -> list[URLPattern]:
        start = path("start/", self.admin_site.admin_view(self.start_view), name="gallery_integritycheck_start")
        return [start, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        latest = IntegrityCheck.objects.select_related("asked_by").first()
        told = {"check": latest, "problems": _problems(latest), "may_start": request.user.has_perm(TO_START)}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    def describe(self, request: HttpRequest, row: IntegrityCheck) -> dict[str, Any]:
        return {"check": row, "problems": _problems(row)}

    @method_decorator(require_POST)
    def start_view(self, request: HttpRequest) -> HttpResponseBase:
        self.require(request, TO_START)
        if services.ask_for_check(request.user, reads_bytes="reads_bytes" in request.POST):
            messages.success(request, gettext("Upkeep begins with it within seconds."))
        else:
            messages.warning(request, gettext("A check waits already."))
        return redirect("admin:gallery_integritycheck_changelist")


def _problems(check: IntegrityCheck | None) -> list[tuple[str, str, str]]:
    """What is wrong, in which row, with which file."""
    found = check.problems if check else []
    return [(IntegrityCheck.Problem(one["kind"]).label, one["row"], one["key"]) for one in found]
