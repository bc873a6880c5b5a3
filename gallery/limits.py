"""How often one may ask: windows of a minute, counted in the cache that all web processes share.

Guesses of passwords are counted by allauth, since right ones do not count; this is for everything else.
"""

import math
import time
from collections.abc import Callable
from functools import wraps

from allauth.core import context
from allauth.core.ratelimit import respond_429
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

WINDOW_S = 60
GUESSES_WINDOW_S = 5 * 60  # of settings.ACCOUNT_RATE_LIMITS
TOKENS_PER_ADDRESS = 30


def seconds_to_wait(what: str, who: str, most: int, *, amount: int = 1) -> int:
    """0, and `amount` is counted; or, if `most` were counted in this window, the seconds until the next one begins."""
    if not most:
        return 0
    now = time.time()
    window = int(now // WINDOW_S)
    key = f"limit:{what}:{who}:{window}"
    cache.add(key, 0, timeout=2 * WINDOW_S)
    try:
        before = cache.incr(key, amount) - amount
    except ValueError:  # the server went away or came back between the two
        return 0
    return math.ceil((window + 1) * WINDOW_S - now) if before >= most else 0


def limited_uploads(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For views behind a login: each file that is sent counts, by whichever way it comes."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        wait_s = upload_wait(request, amount=max(1, len(request.FILES.getlist("file"))))
        return too_many(request, wait_s) if wait_s else view(request, *args, **kwargs)

    return answer


def upload_wait(request: HttpRequest, *, amount: int = 1) -> int:
    return seconds_to_wait("uploads", str(request.user.pk), settings.PHOTOLAB_UPLOADS_PER_MINUTE, amount=amount)


def too_many(request: HttpRequest, wait_s: int) -> HttpResponse:
    """429 as a page, or as a sentence for scripts."""
    if request.accepts("text/html"):
        return _with_wait(respond_429(request), wait_s)
    sentence = _("Too many at once. It goes on in %(seconds)d seconds.") % {"seconds": wait_s}
    return _with_wait(JsonResponse({"error": sentence}, status=429), wait_s)


def too_many_page(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "429.html", status=429)


def lock_out() -> None:
    """What is answered to the request at hand, whichever form it came by, is a refusal for some minutes."""
    context.request.is_locked_out = True


def _with_wait(response: HttpResponse, wait_s: int) -> HttpResponse:
    response.headers.setdefault("Retry-After", str(wait_s))
    return response


class TellWhenAgain(MiddlewareMixin):
    """Every 429 says when to come again, and forms that were guessed at too often answer 429."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if getattr(request, "is_locked_out", False):
            if response.status_code == 200:
                response.status_code = 429
            return _with_wait(response, GUESSES_WINDOW_S) if response.status_code == 429 else response
        return _with_wait(response, WINDOW_S) if response.status_code == 429 else response
