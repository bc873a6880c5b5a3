"""What owners do with links: make them for a photo or an album, see all of them, take them back."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gallery import services
from gallery.access import album_for, photo_for, share_for, shares_of
from gallery.forms import ShareForm
from gallery.images import SiteBusy
from gallery.models import Album, Photo, Share

MOST_ENDED = 50  # of a list


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def photo_share(request: HttpRequest, photo_id: int) -> HttpResponse:
    photo = photo_for(request, photo_id)
    return _share(request, photo, reverse("photo", args=[photo.pk]), shares_of(request).filter(photo=photo))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def album_share(request: HttpRequest, album_id: int) -> HttpResponse:
    album = album_for(request, album_id)
    return _share(request, album, reverse("album", args=[album.pk]), shares_of(request).filter(album=album))


def _share(request: HttpRequest, subject: Photo | Album, back: str, there: QuerySet[Share]) -> HttpResponse:
    form = ShareForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.create_share(subject, form.terms())
        except (services.ShareRefused, SiteBusy) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("The link is ready. Whoever has it can open it."))
            return redirect(request.path)
    context = {
        "form": form,
        "subject": subject,
        "is_album": isinstance(subject, Album),
        "back": back,
        "shares": told(request, there.live()),
    }
    return render(request, "gallery/share.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def shares(request: HttpRequest) -> HttpResponse:
    live = shares_of(request).live()
    ended = shares_of(request).exclude(pk__in=live.values("pk"))[:MOST_ENDED]
    return render(request, "gallery/shares.html", {"shares": told(request, live), "ended": ended})


@require_POST
@login_required
def share_revoke(request: HttpRequest, share_id: int) -> HttpResponse:
    share = share_for(request, share_id)
    if services.revoke_share(share.pk):
        messages.success(request, gettext("The link is taken back: it opens nothing from now on."))
    return redirect("shares")


def told(request: HttpRequest, found: QuerySet[Share]) -> list[tuple[Share, str]]:
    """Each with the address that opens it."""
    return [(share, whole_address(request, reverse("shared", args=[share.token]))) for share in found]


def whole_address(request: HttpRequest, path: str) -> str:
    """To be given to others. A site behind a proxy is asked over HTTP, whatever its visitors see."""
    if settings.PHOTOLAB_URL.startswith("https://"):
        return settings.PHOTOLAB_URL + path
    return request.build_absolute_uri(path)
