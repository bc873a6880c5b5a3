"""The limits on the size of a whole request."""

import asyncio
import json

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.test import SimpleTestCase, TestCase, override_settings

from photolab_site.asgi import LARGEST_FORM_MB, MB, TOO_LARGE, TOO_LARGE_FOR_API, BoundedRequests, most_bytes

TOKENS, PHOTOS, UPLOAD = "/api/v1/tokens", "/api/v1/photos", "/photos/upload/"
RESUMABLE = "/photos/resumable/0b9c2f8e-5a7d-4c55-9d0e-000000000000/"
COLLECT, UPLOAD_SET = "/api/v1/collected-images", "/admin/gallery/collectedimage/upload/"
TOLD_BY_API = TOO_LARGE_FOR_API.format(settings.PHOTOLAB_MAX_UPLOAD_MB)
SESSION = {b"cookie": "csrftoken=1; sessionid=2"}
BEARER = {b"authorization": "Bearer 123"}


async def sent_to(path: str, *bodies: bytes, length: int | None = None, **more: str) -> list[dict]:
    """What the application answers to a POST whose body comes in pieces."""
    headers = [(b"host", b"testserver"), (b"content-type", b"application/octet-stream")]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
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

    await BoundedRequests(get_asgi_application())(scope, receive, send)
    return answers


class LimitTests(SimpleTestCase):
    def test_only_uploads_that_could_be_permitted_may_be_large(self) -> None:
        form, many = LARGEST_FORM_MB * MB, settings.LARGEST_REQUEST_MB * MB
        one = (settings.PHOTOLAB_MAX_UPLOAD_MB + 1) * MB
        cases = [
            (TOKENS, BEARER, form), (PHOTOS, {}, form), (PHOTOS, SESSION, form), (PHOTOS, BEARER, one),
            (UPLOAD, {}, form), (UPLOAD, BEARER, form), (UPLOAD, {b"cookie": "sessionid2=1"}, form),
            (COLLECT, SESSION, form), (COLLECT, BEARER, one), (UPLOAD_SET, {}, form), (UPLOAD_SET, SESSION, many),
            (RESUMABLE, {}, form), (RESUMABLE, BEARER, form), (RESUMABLE, SESSION, one - MB),
            (UPLOAD, SESSION, many), ("/photos/sample/", SESSION, form), ("/accounts/login/", SESSION, form),
        ]  # fmt: skip
        for path, headers, limit in cases:
            with self.subTest(path, headers=headers):
                self.assertEqual(most_bytes(path, headers), limit)


class BoundedRequestTests(TestCase):
    async def test_a_request_that_announces_too_much_is_refused_unread(self) -> None:
        start, body = await sent_to("/accounts/login/", b"x", length=LARGEST_FORM_MB * MB + 1)
        self.assertEqual((start["status"], body["body"].decode()), (413, TOO_LARGE))

    async def test_the_api_refuses_in_its_own_way(self) -> None:
        start, body = await sent_to(PHOTOS, b"x", length=LARGEST_FORM_MB * MB + 1)
        self.assertEqual((start["status"], json.loads(body["body"])), (413, {"error": TOLD_BY_API}))
        self.assertIn((b"content-type", b"application/json"), start["headers"])

    async def test_a_body_of_unannounced_length_is_cut_off(self) -> None:
        start, body = await sent_to(TOKENS, b"x" * 2 * MB, b"x" * 2 * MB)
        self.assertEqual((start["status"], json.loads(body["body"])), (413, {"error": TOLD_BY_API}))

    async def test_who_is_logged_out_is_sent_to_the_login_with_a_large_photograph(self) -> None:
        start, _ = await sent_to(UPLOAD, b"x", length=LARGEST_FORM_MB * MB + 1)
        self.assertEqual((start["status"], dict(start["headers"])[b"location"]), (303, b"/accounts/login/"))

    @override_settings(PHOTOLAB_MAX_UPLOAD_MB=4)
    async def test_others_get_through(self) -> None:
        answers = await sent_to(TOKENS, b"x" * 500, b"x" * 500, length=1000)
        self.assertEqual(answers[0]["status"], 415)
        answers = await sent_to(PHOTOS, b"x" * 5 * MB, length=5 * MB, authorization="Bearer")
        self.assertEqual(answers[0]["status"], 401)
        answers = await sent_to(UPLOAD, b"x" * 5 * MB, length=5 * MB, cookie="sessionid=nobody")
        self.assertEqual(answers[0]["status"], 403)
