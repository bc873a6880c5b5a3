"""Pages that show: the front page, the gallery, one photo, and the pieces that update themselves."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from gallery import services, showcase
from gallery.access import albums_of, photo_for, photos_of, read_id, read_ids
from gallery.images import ACCEPTED
from gallery.learning import learning_of
from gallery.models import Photo, Worker
from gallery.models.photo import PhotoQuerySet
from gallery.queue import QUEUE_COLORIZE
from gallery.searching import State, find, read_search
from gallery.waiting import number_waiting, waiting_of

PAGE_SIZE = 60


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "gallery/home.html", {"showcase": showcase.examples()})


@require_safe
@login_required
def gallery(request: HttpRequest) -> HttpResponse:
    search = read_search(request.GET)
    found = find(photos_of(request), search)
    photos, next_cursor = page_of(found, request)
    is_first_page = "before" not in request.GET
    photo_count = found.count()
    # Told where one comes in, since to count them takes its time.
    counts_outdated = is_first_page and not search
    context = {
        "photos": number_waiting(photos),
        "next_cursor": next_cursor,
        "is_first_page": is_first_page,
        "search": search,
        "states": State.choices,
        "albums": albums_of(request),
        "photo_count": photo_count,
        "outdated_count": services.count_outdated(request.user, found, among=photo_count) if counts_outdated else 0,
        "live_workers": Worker.objects.taking(QUEUE_COLORIZE).count(),
        "is_paused": services.is_paused(QUEUE_COLORIZE),
        "upload_limits": upload_limits(),
        "sample_available": showcase.sample_path() is not None,
    }
    return render(request, "gallery/gallery.html", context)


def page_of(photos: PhotoQuerySet, request: HttpRequest) -> tuple[list[Photo], str | None]:
    """Keyset pagination: a photo that arrives meanwhile moves nothing."""
    before = read_id(request.GET.get("before", ""))
    if before is not None:
        photos = photos.filter(pk__lt=before)
    return first_page_of(photos)


def first_page_of(photos: PhotoQuerySet) -> tuple[list[Photo], str | None]:
    """With the id of its last photo if more come after it."""
    found = list(photos[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], str(found[PAGE_SIZE - 1].pk) if len(found) > PAGE_SIZE else None


def upload_limits() -> dict[str, Any]:
    return {
        "max_mb": settings.PHOTOLAB_MAX_UPLOAD_MB,
        "max_megapixels": settings.PHOTOLAB_MAX_PIXELS // 1_000_000,
        "formats": ACCEPTED,
    }


@require_safe
@login_required
def photo(request: HttpRequest, photo_id: int) -> HttpResponse:
    shown = photo_for(request, photo_id)
    context = _state_of(request, shown)
    context["older"] = photos_of(request).filter(pk__lt=photo_id).values_list("pk", flat=True).first()
    newer = photos_of(request).filter(pk__gt=photo_id).order_by("id")
    context["newer"] = newer.values_list("pk", flat=True).first()
    # Not of the state: what a visitor may be typing into is kept when the page brings itself up to date.
    context["albums"] = albums_of(request).exclude(entries__photo=photo_id)
    context["in_albums"] = albums_of(request).filter(entries__photo=photo_id)
    return render(request, "gallery/photo.html", context)


@require_safe
@login_required
def photo_status(request: HttpRequest, photo_id: int) -> HttpResponse:
    return render(request, "gallery/_photo_status.html", _state_of(request, photo_for(request, photo_id)))


def _state_of(request: HttpRequest, shown: Photo) -> dict[str, Any]:
    waiting = waiting_of(shown.latest_job)
    again = services.outdated_photos(photos_of(request).filter(pk=shown.pk)).exists()
    return {
        "photo": shown,
        "job": shown.latest_job,
        "result": shown.shown_result,
        "other_results": shown.other_results,
        "newer_version": services.active_version() if again else None,
        "learning": learning_of(shown),
        "position": waiting.position,
        "eta_s": waiting.eta_s,
        "is_overdue": waiting.is_overdue,
        "live_workers": waiting.live_workers,
        "is_paused": waiting.is_paused,
    }


@require_safe
@login_required
def photo_cards(request: HttpRequest) -> JsonResponse:
    """The same cards that the gallery is made of, for the ids that a page waits for."""
    asked = read_ids(request.GET.get("ids", "").split(","))
    found = photos_of(request).filter(pk__in=asked[: 2 * PAGE_SIZE])
    cards = {str(shown.pk): card_of(request, shown) for shown in number_waiting(found)}
    return JsonResponse({"cards": cards, "gone": [pk for pk in asked[: 2 * PAGE_SIZE] if str(pk) not in cards]})


def card_of(request: HttpRequest, shown: Photo) -> str:
    return render_to_string("gallery/_photo_card.html", {"photo": shown}, request=request)
