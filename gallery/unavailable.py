"""What is answered while the database, the storage or the disk cannot do what a request needs: 503, not an error page.

Nothing is wrong with what was asked, so it says to come again, and whoever does is served.
"""

import logging

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from gallery.files import is_outage

logger = logging.getLogger(__name__)

AGAIN_AFTER_S = 10


class AnswerUnavailable(MiddlewareMixin):
    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError) and not is_outage(exception):
            return None
        # With the request at hand, gallery.logs hides a path that may be a secret link.
        logger.error("%s cannot be answered now", request.path, exc_info=exception, extra={"request": request})
        return unavailable(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """As a page, or as a sentence for scripts."""
    headers = {"Retry-After": str(AGAIN_AFTER_S)}
    if request.accepts("text/html") and not request.path.startswith("/api/"):
        return HttpResponse(render_to_string("503.html"), status=503, headers=headers)
    sentence = _("The site cannot do this at the moment. Try again in a minute.")
    return JsonResponse({"error": sentence}, status=503, headers=headers)
