"""What the web server runs: Django behind a limit on the size of a request.

Django writes a whole request to disk before any of its own limits is asked.
"""

import os

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, Scope
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")

TOO_LARGE = b"This upload is too large to be taken at once. Send fewer files at a time."


class BoundedRequests:
    def __init__(self, application: ASGI3Application, *, max_bytes: int) -> None:
        self.application = application
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http" and self._announced(scope) > self.max_bytes:
            headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(TOO_LARGE)).encode())]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": TOO_LARGE})
            return
        taken = 0

        async def bounded_receive() -> ASGIReceiveEvent:
            """A body of unannounced length is cut off like a visitor who left."""
            nonlocal taken
            event = await receive()
            taken += len(event.get("body", b""))
            return event if taken <= self.max_bytes else {"type": "http.disconnect"}

        await self.application(scope, bounded_receive, send)

    @staticmethod
    def _announced(scope: Scope) -> int:
        length = dict(scope["headers"]).get(b"content-length", b"")
        return int(length) if length.isdigit() else 0


application = BoundedRequests(get_asgi_application(), max_bytes=settings.LARGEST_REQUEST_MB * 1024 * 1024)
