"""What belongs to no photograph: the language, and what makes the site installable as an app."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from gallery import services


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """A cookie keeps the language for pages; the account keeps it for mails and for other devices."""
    if request.user.is_authenticated:
        services.set_language(request.user, request.POST.get("language", ""))
    return set_language(request)


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    shown = {
        "id": "/",
        "name": "Photo-Lab",
        "short_name": "Photo-Lab",
        "description": _("Brings color to old photographs. The colors are simulated: a plausible guess, not a record."),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": reverse("gallery"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f7f6f4",
        "theme_color": "#f7f6f4",  # in the dark, the pages' own meta element says another
        "icons": [
            _icon("app-192.png", 192, "any"),
            _icon("app-512.png", 512, "any"),
            _icon("app-maskable-512.png", 512, "maskable"),
        ],
        "shortcuts": [
            {"name": _("Gallery"), "url": reverse("gallery")},
            {"name": _("Albums"), "url": reverse("albums")},
        ],
    }
    return JsonResponse(shown, content_type="application/manifest+json")


def _icon(name: str, side: int, purpose: str) -> dict[str, str]:
    return {"src": static(f"icons/{name}"), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Kept by the browser (static/root/service-worker.js) and shown when nobody answers."""
    return render(request, "gallery/offline.html")
