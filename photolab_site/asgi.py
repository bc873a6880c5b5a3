"""What the web server runs: Django behind a limit on the size of a request.

Django writes a whole request to disk before any of its own limits is asked, and before it knows who is asking.
So large ones are taken only where photographs are sent, and only with something that could be a permission.
"""

import json
import os

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import parse_cookie
from django.shortcuts import resolve_url

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")

MB = 1024 * 1024
LARGEST_FORM_MB = 3
UPLOAD = "/photos/upload/"
PAGES_THAT_TAKE_MANY = (UPLOAD, "/admin/gallery/collectedimage/upload/")
RESUMABLE = "/photos/resumable/"  # pieces of large files, of which each is as long as the client likes
CALLS_THAT_TAKE_ONE = ("/api/v1/photos", "/api/v1/collected-images")
TOO_LARGE = "This upload is too large to be taken at once. Send fewer files at a time."
TOO_LARGE_FOR_API = (
    "This request is too large. Only a photograph that is uploaded may have up to {} MB, and needs a token."
)


class BoundedRequests:
    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        limit = most_bytes(scope["path"], headers)
        announced = headers.get(b"content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            return await refuse(scope["path"], limit, send)
        taken, answered = 0, False

        async def bounded_receive() -> ASGIReceiveEvent:
            """A body of unannounced length is cut off like that of a visitor who left."""
            nonlocal taken
            event = await receive()
            taken += len(event.get("body", b""))
            return event if taken <= limit else {"type": "http.disconnect"}

        async def watched_send(event: ASGISendEvent) -> None:
            nonlocal answered
            answered = True
            await send(event)

        await self.application(scope, bounded_receive, watched_send)
        if taken > limit and not answered:
            await refuse(scope["path"], limit, send)


def most_bytes(path: str, headers: dict[bytes, str]) -> int:
    """A browser without JavaScript sends all of its files at once; the API takes one."""
    has_session = settings.SESSION_COOKIE_NAME in parse_cookie(headers.get(b"cookie", ""))
    if path in PAGES_THAT_TAKE_MANY and has_session:
        return settings.LARGEST_REQUEST_MB * MB
    if path.startswith(RESUMABLE) and has_session:
        return settings.PHOTOLAB_MAX_UPLOAD_MB * MB
    if path in CALLS_THAT_TAKE_ONE and b"authorization" in headers:
        return (settings.PHOTOLAB_MAX_UPLOAD_MB + 1) * MB
    return LARGEST_FORM_MB * MB


async def refuse(path: str, limit: int, send: ASGISendCallable) -> None:
    if path == UPLOAD and limit == LARGEST_FORM_MB * MB:  # the file may be fine: nobody is logged in
        return await answer(send, 303, b"text/plain", "", (b"location", resolve_url(settings.LOGIN_URL).encode()))
    if path.startswith("/api/"):
        text = TOO_LARGE_FOR_API.format(settings.PHOTOLAB_MAX_UPLOAD_MB)
        return await answer(send, 413, b"application/json", json.dumps({"error": text}))
    return await answer(send, 413, b"text/plain", TOO_LARGE)


async def answer(send: ASGISendCallable, status: int, kind: bytes, text: str, *more: tuple[bytes, bytes]) -> None:
    body = text.encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


application = BoundedRequests(get_asgi_application())
