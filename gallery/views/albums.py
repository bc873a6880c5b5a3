"""Albums: their list, one with its photographs, and what owners do to them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from gallery import services
from gallery.access import album_for, albums_of, photos_in, photos_of, read_id
from gallery.models import Album, Photo
from gallery.models.photo import PhotoQuerySet
from gallery.views.chosen import answer_download
from gallery.views.pages import PAGE_SIZE
from gallery.waiting import number_waiting


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def albums(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        try:
            created = services.create_album(request.user, request.POST.get("title", ""))
        except services.AlbumRefused as refusal:
            messages.error(request, str(refusal))
            return redirect("albums")
        return redirect("album", album_id=created.pk)
    return render(request, "gallery/albums.html", {"shelves": services.shelves(albums_of(request))})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def album(request: HttpRequest, album_id: int) -> HttpResponse:
    """Posted to, it takes another title."""
    shown = album_for(request, album_id)
    if request.method == "POST":
        try:
            services.rename_album(shown.pk, request.POST.get("title", ""))
        except services.AlbumRefused as refusal:
            messages.error(request, str(refusal))
        return redirect("album", album_id=album_id)
    photos, next_cursor = page_of_album(photos_of(request), shown.pk, request.GET.get("after", ""))
    context = {
        "album": shown,
        "photos": number_waiting(photos),
        "next_cursor": next_cursor,
        "photo_count": services.entries_of(shown.pk).count(),
        "search_query": f"album={shown.pk}",
        "other_albums": albums_of(request).exclude(pk=shown.pk),
    }
    return render(request, "gallery/album.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def album_arrange(request: HttpRequest, album_id: int) -> HttpResponse:
    """A page to order the photographs on and to choose the cover; posted to, it does one of these."""
    shown = album_for(request, album_id)
    if request.method != "POST":
        photos = _in_order(photos_of(request), shown.pk, None, None)
        return render(request, "gallery/album_arrange.html", {"album": shown, "photos": photos})
    done = _arrange(request, shown)
    if not request.accepts("text/html"):
        return JsonResponse({"done": done}, status=200 if done else 409)
    return redirect("album_arrange", album_id=album_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def album_delete(request: HttpRequest, album_id: int) -> HttpResponse:
    shown = album_for(request, album_id)
    if request.method != "POST":
        return render(request, "gallery/album_delete.html", {"album": shown})
    services.delete_album(shown.pk)
    messages.success(request, gettext("The album %(title)s is deleted.") % {"title": shown.title})
    return redirect("albums")


@require_safe
@login_required
def album_download(request: HttpRequest, album_id: int) -> HttpResponseBase:
    """Its photographs in its own order."""
    shown = album_for(request, album_id)
    answer = answer_download(request, photos_in(request, shown.pk), request.GET.get("what", ""), title=shown.title)
    return answer or redirect("album", album_id=album_id)


def _arrange(request: HttpRequest, shown: Album) -> bool:
    number, before = read_id(request.POST.get("photo", "")), request.POST.get("before", "")
    match request.POST.get("do"):
        case "sort":
            services.sort_album_by_date(shown.pk)
            return True
        case "cover" if number:
            return services.choose_cover(shown.pk, number)
        case "earlier" if number:
            return services.step_in_album(shown.pk, number, steps=-1)
        case "later" if number:
            return services.step_in_album(shown.pk, number, steps=1)
        case "move" if number:
            return services.move_in_album(shown.pk, number, before=read_id(before))
    return False


def page_of_album(photos: PhotoQuerySet, album_id: int, after: str) -> tuple[list[Photo], str | None]:
    """In the album's order, of those photos that may be shown. Keyset pagination by position."""
    found = _in_order(photos, album_id, read_id(after), PAGE_SIZE + 1)
    if len(found) <= PAGE_SIZE:
        return found, None
    last = services.entries_of(album_id).get(photo=found[PAGE_SIZE - 1])
    return found[:PAGE_SIZE], str(last.position)


def _in_order(photos: PhotoQuerySet, album_id: int, after: int | None, at_most: int | None) -> list[Photo]:
    entries = services.entries_of(album_id)
    if after is not None:
        entries = entries.filter(position__gt=after)
    ids = list(entries.values_list("photo_id", flat=True)[:at_most])
    found = photos.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]
