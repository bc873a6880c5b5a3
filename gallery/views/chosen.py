"""What owners do to many photographs at once: those that they chose in a list, or all that a search finds."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from gallery import services
from gallery.access import album_for, photo_for, photos_of, read_id, read_ids
from gallery.models.photo import PhotoQuerySet
from gallery.searching import find, read_search
from gallery.zipping import MOST_PHOTOS, TooMany, answer_zip, read_what


@require_POST
@login_required
def photos_chosen(request: HttpRequest) -> HttpResponseBase:
    """`do` names what; `photo` holds ids, with commas between them or each for itself, unless `all` is there."""
    act = ACTS.get(request.POST.get("do", ""))
    photos = _chosen(request)
    answer = None
    if act is None or not photos.exists():
        messages.info(request, gettext("No photograph was chosen."))
    else:
        answer = act(request, photos)
    return answer or redirect(_page_before(request))


@require_safe
@login_required
def photo_download(request: HttpRequest, photo_id: int) -> HttpResponseBase:
    """One photograph with what is known of it, as a zip."""
    photo = photo_for(request, photo_id)
    answer = answer_download(
        request, photos_of(request).filter(pk=photo.pk), request.GET.get("what", ""), title=photo.name
    )
    return answer or redirect("photo", photo_id=photo_id)


def answer_download(request: HttpRequest, photos: PhotoQuerySet, what: str, *, title: str) -> HttpResponseBase | None:
    """None: it was refused, and the visitor was told why."""
    try:
        return answer_zip(photos, read_what(what), title=title)
    except TooMany as refusal:
        messages.error(request, str(refusal))
        return None


def _chosen(request: HttpRequest) -> PhotoQuerySet:
    """In the order in which they came."""
    photos = photos_of(request).order_by("pk")
    if "all" in request.POST:
        found = find(photos, read_search(QueryDict(request.POST.get("search", ""))))
        ids = list(found.values_list("pk", flat=True)[: MOST_PHOTOS + 1])
        if len(ids) > MOST_PHOTOS:
            messages.warning(request, gettext("Only the first %(count)d were taken.") % {"count": MOST_PHOTOS})
    else:
        ids = read_ids(",".join(request.POST.getlist("photo")).split(","))
    return photos.filter(pk__in=ids[:MOST_PHOTOS])


def _page_before(request: HttpRequest) -> str:
    on_page_of = read_id(request.POST.get("on_page_of", ""))
    if on_page_of is not None:
        return reverse("photo", args=[on_page_of])
    search = read_search(QueryDict(request.POST.get("search", "")))
    if "in_album" in request.POST and search.album_id:
        return reverse("album", args=[search.album_id])
    return f"{reverse('gallery')}?{search.query}" if search else reverse("gallery")


def _add_to_album(request: HttpRequest, photos: PhotoQuerySet) -> None:
    to = read_id(request.POST.get("to", ""))
    try:
        if to is None:
            album = services.create_album(request.user, request.POST.get("title", ""))
        else:
            album = album_for(request, to)
    except services.AlbumRefused as refusal:
        messages.error(request, str(refusal))
        return
    count = services.add_to_album(album.pk, photos.values_list("pk", flat=True))
    words = ngettext("%(count)d photograph added to", "%(count)d photographs added to", count) % {"count": count}
    address = reverse("album", args=[album.pk])
    messages.success(request, format_html('{} <a href="{}">{}</a>.', words, address, album.title))


def _remove_from_album(request: HttpRequest, photos: PhotoQuerySet) -> None:
    search = read_search(QueryDict(request.POST.get("search", "")))
    album = album_for(request, search.album_id or 0)
    count = services.remove_from_album(album.pk, photos.values_list("pk", flat=True))
    words = ngettext(
        "%(count)d photograph taken out of this album.", "%(count)d photographs taken out of this album.", count
    )
    messages.success(request, words % {"count": count})


def _download(request: HttpRequest, photos: PhotoQuerySet) -> HttpResponseBase | None:
    return answer_download(request, photos, request.POST.get("what", ""), title="Photo-Lab")


def _color_again(request: HttpRequest, photos: PhotoQuerySet) -> None:
    count = services.color_chosen(photos)
    if count:
        words = ngettext(
            "%(count)d photograph waits to be colored.", "%(count)d photographs wait to be colored.", count
        )
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, gettext("They have the newest colors already, or wait for them."))


def _trash(request: HttpRequest, photos: PhotoQuerySet) -> None:
    count = services.trash_photos(photos.values_list("pk", flat=True))
    tell_trashed(request, ngettext("%(count)d photograph", "%(count)d photographs", count) % {"count": count})


def tell_trashed(request: HttpRequest, what: str) -> None:
    words = gettext("%(what)s moved to the trash, and kept there for %(days)d days.") % {
        "what": what,
        "days": services.KEPT_FOR_DAYS,
    }
    link = format_html('<a href="{}">{}</a>', reverse("trash"), gettext("Open the trash"))
    messages.success(request, format_html("{} {}", words, link))


ACTS: dict[str, Callable[[HttpRequest, PhotoQuerySet], HttpResponseBase | None]] = {
    "album": _add_to_album,
    "remove": _remove_from_album,
    "download": _download,
    "again": _color_again,
    "trash": _trash,
}
