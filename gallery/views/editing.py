"""Where owners tell colors: the editor, four variants to choose from, and the same hints for other photographs."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from gallery import services
from gallery.access import album_for, albums_of, job_for, photo_for, photos_of, read_id, read_ids
from gallery.models import Job
from gallery.models.photo import PhotoQuerySet
from gallery.variants import MOST_SPOTS, SettingsRefused
from gallery.views.pages import page_of
from gallery.views.results import MOST_CHOSEN


@require_safe
@login_required
def photo_edit(request: HttpRequest, photo_id: int) -> HttpResponse:
    """Begins with what the shown result was told."""
    photo = photo_for(request, photo_id)
    result = photo.shown_result
    context = {
        "photo": photo,
        "result": result,
        "settings": result.job.settings if result else {},
        "most_spots": MOST_SPOTS,
    }
    return render(request, "gallery/photo_edit.html", context)


@require_safe
@login_required
def photo_sheet(request: HttpRequest, photo_id: int) -> HttpResponse:
    photo = photo_for(request, photo_id)
    context = {
        "photo": photo,
        "jobs": services.sheet_jobs(photo),
        "is_whole": services.is_sheet_whole(photo),
        "shown": photo.shown_result,
    }
    return render(request, "gallery/photo_sheet.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def job_copy(request: HttpRequest, job_id: int) -> HttpResponse:
    """What one photograph was told, for others of its owner: a page to choose them from, and the order."""
    job = job_for(request, job_id)
    others, album = photos_of(request).exclude(pk=job.photo_id), None
    asked = read_id(request.GET.get("album", ""))
    if asked is not None:
        album = album_for(request, asked)
        others = others.filter(albums=album)
    if request.method == "POST":
        return _order_copies(request, job, others)
    photos, next_cursor = page_of(others, request)
    context = {
        "job": job,
        "photos": photos,
        "next_cursor": next_cursor,
        "album": album,
        "album_count": others.count() if album else 0,
        "albums": albums_of(request).filter(entries__photo=job.photo_id),
    }
    return render(request, "gallery/job_copy.html", context)


def _order_copies(request: HttpRequest, job: Job, others: PhotoQuerySet) -> HttpResponse:
    if "all" not in request.POST:
        others = others.filter(pk__in=read_ids(request.POST.getlist("photo"))[:MOST_CHOSEN])
    try:
        copied = services.copy_settings(job, others)
    except SettingsRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("job_copy", job_id=job.pk)
    _tell_copied(request, copied)
    return redirect("gallery") if copied.ordered else redirect("job_copy", job_id=job.pk)


def _tell_copied(request: HttpRequest, copied: services.Copied) -> None:
    if copied.ordered:
        told = ngettext(
            "%(count)d photograph waits to be colored with what you told.",
            "%(count)d photographs wait to be colored with what you told.",
            copied.ordered,
        )
        messages.success(request, told % {"count": copied.ordered})
    if copied.refused:
        told = ngettext(
            "%(count)d photograph could not be ordered. %(reason)s",
            "%(count)d photographs could not be ordered. %(reason)s",
            copied.refused,
        )
        messages.error(request, told % {"count": copied.refused, "reason": copied.reason})
    elif not copied.ordered and copied.there:
        messages.info(request, _("They have these colors already, or wait for them."))
    elif not copied.ordered:
        messages.info(request, _("No photograph was chosen."))
