"""Training runs in the admin: a page that follows a run by itself, its curves, figures and samples."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from gallery import services
from gallery.admin.base import Described, Log, told
from gallery.curves import draw_curves
from gallery.delivery import answer_file
from gallery.figures import FIGURES, written
from gallery.models import RunState, Side, SnapshotEntry, TrainingEvaluation, TrainingPoint, TrainingRun
from gallery.rights import TO_SEE_RUNS, rights_to_cancel
from gallery.sentences import said
from gallery.templatetags.gallery_display import about_time
from gallery.wording import why_it_may_wait

SILENT = gettext_noop("Its worker has stopped; the next training worker goes on from the last checkpoint")
SILENT_GATE = gettext_noop("Its worker has stopped; the next training worker begins anew")

SETTINGS = {
    "steps": _("steps"),
    "learning_rate": _("learning rate"),
    "adversarial": _("adversarial"),
    "base_share": _("base share"),
    "crop": _("crop"),
    "batch_size": _("batch size"),
    "seed": _("seed"),
}


@admin.register(TrainingRun)
class TrainingRunAdmin(Described, Log):
    list_display = (
        "id",
        "status",
        "progress",
        "pictures",
        "base_version",
        "made",
        "started_by",
        "queued_at",
        "told_error",
    )
    list_filter = ("status", "queued_at")
    search_fields = ("=id", "note", "error")
    list_select_related = ("started_by", "base_version", "version", "judges")
    also_seen_with = TO_SEE_RUNS
    change_form_template = "admin/gallery/trainingrun/run.html"
    told_error = told("error", _("error"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        entries = SnapshotEntry.objects.filter(run=OuterRef("pk")).order_by().values("run").annotate(count=Count("pk"))
        return super().get_queryset(request).annotate(in_snapshot=Coalesce(Subquery(entries.values("count")), 0))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        sample = "<int:run_id>/samples/<int:evaluation_id>/<int:number>.jpg"
        return [
            path("<int:run_id>/state/", wrap(self.state_view), name="gallery_trainingrun_state"),
            path("<int:run_id>/cancel/", wrap(self.cancel_view), name="gallery_trainingrun_cancel"),
            path(sample, wrap(self.sample_view), name="gallery_trainingrun_sample"),
            *super().get_urls(),
        ]

    @admin.display(description=_("pictures"), ordering="in_snapshot")
    def pictures(self, run: TrainingRun) -> int:
        return run.in_snapshot

    @admin.display(description=_("step"))
    def progress(self, run: TrainingRun) -> str:
        return gettext("%(step)d of %(steps)d") % {"step": run.step, "steps": run.steps}

    @admin.display(description=_("made"))
    def made(self, run: TrainingRun) -> str:
        if run.judges is not None:
            return gettext("judges %(version)s") % {"version": run.judges}
        return str(run.version) if hasattr(run, "version") else "-"

    def describe(self, request: HttpRequest, run: TrainingRun) -> dict[str, Any]:
        points = run.points.values_list("step", "losses")
        sides = list(run.snapshot.values_list("side", flat=True))
        return {
            "run": run,
            "live": live_facts(run),
            "settings": [(SETTINGS.get(name, name), in_words(value)) for name, value in run.settings.items()],
            "curves": draw_curves(points, steps=run.steps),
            **evaluations_of(run),
            "in_snapshot": len(sides),
            "train": sides.count(Side.TRAIN),
            "holdout": sides.count(Side.HOLDOUT),
            "withdrawn": services.count_withdrawn(run),
            "version": getattr(run, "version", None),
            "waits": why_it_may_wait() if run.status == RunState.QUEUED else "",
            "may_cancel": run.is_live and any(map(request.user.has_perm, rights_to_cancel(run))),
        }

    @method_decorator(require_safe)
    def state_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        return JsonResponse(live_facts(self.find(request, run_id)))

    @method_decorator(require_POST)
    def cancel_view(self, request: HttpRequest, run_id: int) -> HttpResponseBase:
        run = self.find(request, run_id)
        self.require(request, *rights_to_cancel(run))
        if services.cancel_run(run.pk):
            self.message_user(request, gettext("%(run)s is canceled.") % {"run": run}, messages.SUCCESS)
        else:
            self.message_user(request, gettext("%(run)s had ended already.") % {"run": run}, messages.WARNING)
        return redirect("admin:gallery_trainingrun_change", run.pk)

    @method_decorator(require_safe)
    def sample_view(self, request: HttpRequest, run_id: int, evaluation_id: int, number: int) -> HttpResponseBase:
        evaluation = get_object_or_404(TrainingEvaluation, run=self.find(request, run_id), pk=evaluation_id)
        if number >= len(evaluation.sample_keys):
            raise Http404
        name = f"run-{run_id}-step-{evaluation.step}-{number}.jpg"
        return answer_file(
            request, evaluation.sample_keys[number], file_format="JPEG", download_name=name, as_attachment=False
        )


def live_facts(run: TrainingRun) -> dict[str, Any]:
    """What the page asks for again and again. `figures` changes when there are new curves, figures or samples."""
    figures = (run.status, run.points.count(), run.evaluations.count(), run.snapshot_digest[:8])
    is_silent = services.silent_runs().filter(pk=run.pk).exists()
    goes_on = run.is_live and not is_silent
    speed = run.pictures_per_s if goes_on else None
    return {
        "state": run.status,
        "state_in_words": run.state_in_words,
        "is_live": run.is_live,
        "stage": gettext(SILENT if run.judges_id is None else SILENT_GATE) if is_silent else said(run.stage),
        "step": run.step,
        "steps": run.steps,
        "speed": "" if speed is None else gettext("%(count)s pictures per second") % {"count": written(speed, 1)},
        "time_left": about_time(run.eta_s) if goes_on else "",
        "error": said(run.error),
        "trouble": said(run.trouble) if goes_on else "",
        "figures": "-".join(map(str, figures)),
    }


def in_words(value: float) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return number_format(value)


def evaluations_of(run: TrainingRun) -> dict[str, Any]:
    """The newest first, with what is explained on the cards of versions."""
    evaluations = list(run.evaluations.order_by("-step"))
    shown = {name: figure for name, figure in FIGURES.items() if any(name in one.figures for one in evaluations)}
    for evaluation in evaluations:
        evaluation.values = [figure.show(evaluation.figures.get(name)) for name, figure in shown.items()]
    return {"figure_titles": [figure.title for figure in shown.values()], "evaluations": evaluations}


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
