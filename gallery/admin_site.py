"""The admin as a whole: Django's, with what belongs to retraining in a section and on a page of its own."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

RETRAINING = (
    "CollectedImage",
    "TrainingRun",
    "ModelVersion",
    "TrainingConsent",
    "KeptOut",
    "SnapshotEntry",
    "TrainingPoint",
    "TrainingEvaluation",
    "VersionEvent",
    "Vote",
)


class PhotoLabSite(AdminSite):
    site_header = site_title = "Photo-Lab"

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("retraining/", self.admin_view(self.retraining_view), name="retraining"),
            path("day/", self.admin_view(self.day_view), name="day"),
            path("queues/", self.admin_view(self.queues_view), name="queues"),
        ]
        # None of our rows has a page of its own to go to, and Django's way there trips over ids that are no numbers.
        usual = [pattern for pattern in super().get_urls() if getattr(pattern, "name", "") != "view_on_site"]
        return [*pages, *usual]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """The loop's models come first, in the order in which they are used."""
        apps = super().get_app_list(request, app_label)
        loop = []
        for app in apps:
            found = {model["object_name"]: model for model in app["models"] if model["object_name"] in RETRAINING}
            app["models"] = [model for model in app["models"] if model["object_name"] not in found]
            loop += [found[name] for name in RETRAINING if name in found]
        if not loop or app_label is not None:
            return [{**app, "models": app["models"] + loop} for app in apps]
        section = {
            "name": _("Retraining"),
            "app_label": "retraining",
            "app_url": reverse("admin:retraining", current_app=self.name),
            "has_module_perms": True,
            "models": loop,
        }
        return [section, *(app for app in apps if app["models"])]

    def retraining_view(self, request: HttpRequest) -> HttpResponseBase:
        from gallery.admin.overview import describe_loop  # models are there only once all applications are

        context = {**self.each_context(request), "title": _("Retraining"), **describe_loop(request)}
        return TemplateResponse(request, "admin/retraining.html", context)

    def day_view(self, request: HttpRequest) -> HttpResponseBase:
        from gallery.admin.day import describe_day

        if not request.user.has_perm("gallery.view_job"):
            raise PermissionDenied
        context = {**self.each_context(request), "title": _("The last day"), **describe_day()}
        return TemplateResponse(request, "admin/day.html", context)

    def queues_view(self, request: HttpRequest) -> HttpResponseBase:
        from gallery.admin import queues

        may_order = request.user.has_perm(queues.TO_ORDER)
        if not queues.may_see(request.user) or (request.method == "POST" and not may_order):
            raise PermissionDenied
        if request.method == "POST":
            queues.carry_out(request, request.POST.get("order", ""))
            return redirect("admin:queues")
        context = {**self.each_context(request), "title": _("Queues and workers"), "may_order": may_order}
        return TemplateResponse(request, "admin/queues.html", {**context, **queues.describe_queues()})
