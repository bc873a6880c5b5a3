"""The model's versions, for everybody: a list with a chart, a card for each, and pictures of the golden set."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from gallery import model_cards
from gallery.delivery import answer_file
from gallery.figures import FIGURES
from gallery.models import ModelVersion, VersionState
from gallery.services import active_version, count_learned, count_votes
from gallery.version_chart import HEIGHT, WIDTH, draw_chart

KINDS = ("candidate", "active", "grey")
CHARTED = ("ciede2000", "colorfulness_gap", "no_color_share")


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    versions = list(ModelVersion.objects.select_related("compared_with", "run").order_by("-number"))
    learned_from = count_learned(version.run for version in versions if version.run)
    active = next((version.number for version in versions if version.status == VersionState.ACTIVE), None)
    told = {key: model_cards.over_versions(versions, key) for key in CHARTED}
    charts = [
        draw_chart(FIGURES[key], photographs, values, active=active)
        for key, (photographs, values) in told.items()
        if values
    ]
    rows = [
        (
            version,
            [FIGURES[key].show(told[key][1].get(version.number)) for key in CHARTED],
            learned_from.get(version.run_id),
        )
        for version in versions
    ]
    context = {
        "rows": rows,
        "charts": charts,
        "columns": [FIGURES[key].title for key in CHARTED],
        "chart_width": WIDTH,
        "chart_height": HEIGHT,
    }
    return render(request, "gallery/models.html", context)


@require_safe
def model(request: HttpRequest, number: int) -> HttpResponse:
    version = _version(number)
    context = {
        "version": version,
        "active": active_version(),
        "children": version.children.order_by("number"),
        "events": version.events.order_by("pk"),
        "data": model_cards.data_of(version),
        "tables": model_cards.figure_tables(version),
        "gate": model_cards.gate_rows(version),
        "explained": model_cards.explained(version),
        "samples": model_cards.samples_of(version),
        "limits": model_cards.limits_of(version),
        "votes": count_votes(version),
    }
    return render(request, "gallery/model.html", context)


@require_safe
def model_sample(request: HttpRequest, number: int, position: int, kind: str) -> HttpResponseBase:
    """`kind` is one of KINDS: the version itself, the one it stood against, and neither."""
    version = _version(number)
    if kind not in KINDS or position >= len(model_cards.samples_of(version)):
        raise Http404("There is no such sample.")
    return answer_file(
        request,
        version.comparisons[position][f"{kind}_key"],
        file_format="JPEG",
        download_name=f"version-{number}-sample-{position + 1}-{kind}.jpg",
        as_attachment=False,
    )


def _version(number: int) -> ModelVersion:
    return get_object_or_404(ModelVersion.objects.select_related("parent", "run", "compared_with"), number=number)
