"""What owners do with results: have a newer model color again, and go back to an earlier result."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from gallery import services
from gallery.access import job_for, photo_for, photos_of, read_ids
from gallery.models.photo import PhotoQuerySet
from gallery.views.pages import page_of

MOST_CHOSEN = 1000  # of one form


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def color_again(request: HttpRequest) -> HttpResponse:
    """A page to choose from, or all at once."""
    outdated = services.outdated_photos(photos_of(request))
    if request.method == "POST":
        return _order(request, outdated)
    photos, next_cursor = page_of(outdated, request)
    context = {
        "photos": photos,
        "next_cursor": next_cursor,
        "outdated_count": outdated.count(),
        "waiting_count": services.batch_of(request.user).count(),
        "active": services.active_version(),
    }
    return render(request, "gallery/color_again.html", context)


def _order(request: HttpRequest, outdated: PhotoQuerySet) -> HttpResponse:
    if "stop" in request.POST:
        stopped = services.cancel_batch(request.user)
        words = ngettext(
            "%(count)d canceled. The colors that were there stay.",
            "%(count)d canceled. The colors that were there stay.",
            stopped,
        )
        messages.success(request, words % {"count": stopped})
        return redirect("color_again")
    if "all" not in request.POST:
        outdated = outdated.filter(pk__in=read_ids(request.POST.getlist("photo"))[:MOST_CHOSEN])
    count = services.color_again(outdated)
    if not count:
        messages.info(request, _("No photograph was chosen that could be colored again."))
        return redirect("color_again")
    words = ngettext(
        "%(count)d photograph waits to be colored again, after those that somebody waits for.",
        "%(count)d photographs wait to be colored again, after those that somebody waits for.",
        count,
    )
    messages.success(request, words % {"count": count})
    return redirect("gallery")


@require_POST
@login_required
def photo_again(request: HttpRequest, photo_id: int) -> HttpResponse:
    photo = photo_for(request, photo_id)
    if not services.color_again(photos_of(request).filter(pk=photo.pk)):
        messages.info(request, _("There is nothing to color again: this photograph has the newest colors, or waits."))
    return redirect("photo", photo_id=photo_id)


@require_POST
@login_required
def result_show(request: HttpRequest, job_id: int) -> HttpResponse:
    job = job_for(request, job_id)
    services.show_result(job.pk)
    messages.success(request, _("These colors are shown now. The others stay in the photograph's history."))
    return redirect("photo", photo_id=job.photo_id)
