"""The page of the trash, where photographs are restored or deleted for good."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from gallery import services
from gallery.access import read_id, read_ids, trash_of
from gallery.models.photo import PhotoQuerySet
from gallery.views.pages import PAGE_SIZE, first_page_of

MOST_AT_ONCE = 5000


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def trash(request: HttpRequest) -> HttpResponse:
    """Posted to, `do` names what: restore or delete the chosen ones, or empty."""
    trashed = trash_of(request)
    if request.method == "POST":
        _act(request, trashed)
        return redirect("trash")
    photos, next_cursor = first_page_of(_after(trashed, read_id(request.GET.get("before", ""))))
    context = {
        "photos": photos,
        "next_cursor": next_cursor,
        "photo_count": trashed.count(),
        "kept_for_days": services.KEPT_FOR_DAYS,
    }
    return render(request, "gallery/trash.html", context)


def _after(trashed: PhotoQuerySet, photo_id: int | None) -> PhotoQuerySet:
    """What comes after one of them; all if that one is not there any more."""
    at = trashed.filter(pk=photo_id).values("trashed_at")  # compared in the database: SQLite keeps milliseconds alone
    if not at.exists():
        return trashed
    return trashed.filter(Q(trashed_at__lt=Subquery(at)) | Q(trashed_at=Subquery(at), pk__lt=photo_id))


def _act(request: HttpRequest, trashed: PhotoQuerySet) -> None:
    act = request.POST.get("do")
    if act != "empty":
        trashed = trashed.filter(pk__in=read_ids(request.POST.getlist("photo"))[:PAGE_SIZE])
    ids = list(trashed.values_list("pk", flat=True)[:MOST_AT_ONCE])
    if not ids:
        messages.info(request, gettext("No photograph was chosen."))
    elif act == "restore":
        count = services.restore_photos(ids)
        words = ngettext("%(count)d photograph restored.", "%(count)d photographs restored.", count)
        messages.success(request, words % {"count": count})
    elif act in ("delete", "empty"):
        count = services.delete_photos(ids, only_if=services.IN_TRASH)
        words = ngettext("%(count)d photograph deleted for good.", "%(count)d photographs deleted for good.", count)
        messages.success(request, words % {"count": count})
