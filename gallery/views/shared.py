"""What a link opens, for whoever has it. Each answer asks anew whether the link still holds.

Links that ended, were taken back or never were get one and the same answer, so nobody learns which there have been.
"""

from collections.abc import Callable
from functools import wraps

from allauth.core import ratelimit
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from gallery import services
from gallery.access import shared_with
from gallery.delivery import answer_file
from gallery.images import EXTENSIONS, ImageRefused, SiteBusy
from gallery.limits import lock_out
from gallery.models import Share
from gallery.shared_zip import answer_shared_zip
from gallery.views.albums import page_of_album
from gallery.views.sharing import whole_address
from gallery.zipping import read_what

UNLOCKED = "unlocked_shares"  # in the session: ids of those whose password this visitor knew
GUESSES = "share_password"  # of settings.ACCOUNT_RATE_LIMITS
DOWNLOADS = ("image", "original")


def kept_from_others(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """No search engine lists it, no other site is told of it, no cache shared by several keeps it."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            response = render(request, "gallery/shared_nothing.html", status=404)
        response.headers.setdefault("X-Robots-Tag", "noindex, nofollow, noarchive")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@kept_from_others
def shared(request: HttpRequest, token: str) -> HttpResponse:
    share = shared_with(token)
    if not _is_open(request, share):
        return _ask_password(request, share)
    after = request.GET.get("after", "")
    if request.user.pk != share.owner_id and not after:
        services.count_opening(share)
    found = services.shared_photos(share)
    photos, next_cursor = page_of_album(found, share.album_id, after) if share.album_id else (list(found), None)
    context = {"share": share, "token": token, "photos": photos, "next_cursor": next_cursor, "title": share.title}
    if share.photo_id and not photos:
        raise Http404("The photograph was deleted meanwhile.")
    if share.photo_id:
        context["photo"] = photos[0]
    if photos:
        kind = "after" if photos[0].shown_result else "before"
        path = reverse("shared_file", args=[token, photos[0].pk, kind])
        context["told_picture"] = whole_address(request, path)
    return render(request, "gallery/shared.html", context)


def _ask_password(request: HttpRequest, share: Share) -> HttpResponse:
    error, status = "", 200
    if request.method == "POST":
        if not ratelimit.consume(request, action=GUESSES, key=share.code):
            lock_out()
            error, status = gettext("Too many passwords were tried. Try again in five minutes."), 429
        elif services.fits_password(share, request.POST.get("password", "")):
            ratelimit.clear(request, action=GUESSES, key=share.code)
            request.session[UNLOCKED] = [*request.session.get(UNLOCKED, []), share.pk]
            return redirect(request.path)
        else:
            error, status = gettext("This is not the password."), 422
    response = render(request, "gallery/shared_password.html", {"error": error}, status=status)
    # With no referrer at all a browser sends its form as from nowhere, and that is refused.
    response["Referrer-Policy"] = "same-origin"
    return response


def _is_open(request: HttpRequest, share: Share) -> bool:
    return not share.password or share.pk in request.session.get(UNLOCKED, [])


@require_safe
@kept_from_others
def shared_file(request: HttpRequest, token: str, picture: int, kind: str) -> HttpResponseBase:
    """`picture` is the id of a photo that the link opens; `kind` is one of services.is_offered."""
    share = shared_with(token)
    photo = get_object_or_404(services.shared_photos(share), pk=picture)
    if not _is_open(request, share) or not services.is_offered(share, photo, kind):
        raise Http404("This link does not open it.")
    try:
        file = services.shared_file(share, photo, kind)
    except services.ShareEnded as error:
        raise Http404("The link ended meanwhile.") from error
    except ImageRefused as refusal:
        busy = isinstance(refusal, SiteBusy)
        return render(request, "gallery/shared_refused.html", {"is_busy": busy}, status=503 if busy else 422)
    words = {"image": "-colorized", "original": ""}.get(kind, f"-{kind}")
    return answer_file(
        request,
        file.key,
        file_format=file.format,
        download_name=f"{photo.stem}{words}.{EXTENSIONS[file.format]}",
        as_attachment=kind in DOWNLOADS,
    )


@require_GET  # not for HEAD, which would make all the copies and send none
@kept_from_others
def shared_download(request: HttpRequest, token: str) -> HttpResponseBase:
    """A shared album as a zip."""
    share = shared_with(token)
    if not _is_open(request, share) or not share.allow_download or share.album_id is None:
        raise Http404("This link does not open it.")
    return answer_shared_zip(share, read_what(request.GET.get("what", "")))
