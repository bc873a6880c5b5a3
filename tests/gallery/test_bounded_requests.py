"""The limit on the size of a whole request."""

import asyncio

from django.core.asgi import get_asgi_application
from django.test import TestCase

from photolab_site.asgi import TOO_LARGE, BoundedRequests


async def sent_to(application: BoundedRequests, *bodies: bytes, length: int | None = None) -> list[dict]:
    """What an application answers to a POST whose body comes in pieces."""
    headers = [(b"host", b"testserver"), (b"content-type", b"application/octet-stream")]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/api/v1/tokens", "raw_path": b"/api/v1/tokens", "query_string": b"", "root_path": "",
        "headers": headers, "server": ("testserver", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    coming = [{"type": "http.request", "body": body, "more_body": True} for body in bodies]
    coming.append({"type": "http.request", "body": b"", "more_body": False})
    answers = []

    async def receive() -> dict:
        if not coming:
            await asyncio.Event().wait()  # a visitor who waits for the answer
        return coming.pop(0)

    async def send(event: dict) -> None:
        answers.append(event)

    await application(scope, receive, send)
    return answers


class BoundedRequestTests(TestCase):
    def setUp(self) -> None:
        self.application = BoundedRequests(get_asgi_application(), max_bytes=1000)

    async def test_a_request_that_announces_too_much_is_refused_unread(self) -> None:
        start, body = await sent_to(self.application, b"x", length=1001)
        self.assertEqual((start["status"], body["body"]), (413, TOO_LARGE))

    async def test_a_body_of_unannounced_length_is_cut_off(self) -> None:
        self.assertEqual(await sent_to(self.application, b"x" * 600, b"x" * 600), [])

    async def test_others_get_through(self) -> None:
        answers = await sent_to(self.application, b"x" * 500, b"x" * 500, length=1000)
        self.assertEqual(answers[0]["status"], 415)
