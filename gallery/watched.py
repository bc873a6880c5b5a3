"""The outermost middleware: each request has a name of its own in all logs, is timed, and is told in one line.

What is told is the view, never the path: a path may be a link that opens something.
"""

import logging
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import perf_counter
from uuid import uuid4

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from gallery import logs, metrics

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@sync_and_async_middleware
def watch(get_response: Callable) -> Callable:
    if iscoroutinefunction(get_response):

        async def watched(request: HttpRequest) -> HttpResponseBase:
            with _named(request):
                began = perf_counter()
                return _told(request, await get_response(request), perf_counter() - began)

    else:

        def watched(request: HttpRequest) -> HttpResponseBase:
            with _named(request):
                began = perf_counter()
                return _told(request, get_response(request), perf_counter() - began)

    return watched


def _named(request: HttpRequest) -> AbstractContextManager[None]:
    """By the proxy in front, where that gives names that can be one."""
    given = request.headers.get("X-Request-ID", "")
    return logs.about(request_id=given if REQUEST_ID.fullmatch(given) else uuid4().hex[:16])


def _told(request: HttpRequest, response: HttpResponseBase, took_s: float) -> HttpResponseBase:
    view = request.resolver_match.view_name if request.resolver_match else "none"
    method = request.method if request.method in METHODS else "other"  # anybody may send any word
    metrics.REQUESTS.labels(view, method, f"{response.status_code // 100}xx").observe(took_s)
    facts = {"view": view, "method": method, "status": response.status_code, "took_ms": round(1000 * took_s, 1)}
    logger.info("%s %s: %s in %s ms", method, view, response.status_code, facts["took_ms"], extra=facts)
    return response
