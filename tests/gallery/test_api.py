"""The API as a program meets it, errors included."""

from unittest.mock import patch

from django.core.cache import cache
from django.test import override_settings
from django.urls import reverse
from drf_spectacular.validation import validate_schema

from gallery import images, services
from gallery.models import ApiKey, Photo
from gallery.views import pages
from tests import pictures
from tests.base import PASSWORD, GalleryTestCase, as_upload, read_stored


class ApiTestCase(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()  # where the throttle counts
        self.token = self.client.post("/api/v1/tokens", {"username": "olga", "password": PASSWORD}).json()["token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **query: str) -> object:
        return self.client.get(f"/api/v1{path}", query, headers=self.headers)

    def post(self, path: str, data: dict | None = None) -> object:
        return self.client.post(f"/api/v1{path}", data, headers=self.headers)


class TokenTests(ApiTestCase):
    def test_a_token_is_given_for_name_and_password(self) -> None:
        answer = self.client.post(
            "/api/v1/tokens", {"username": "frida", "password": PASSWORD}, content_type="application/json"
        )
        self.assertEqual((answer.status_code, list(answer.json())), (201, ["token"]))

    def test_a_wrong_password_is_unauthorized(self) -> None:
        answer = self.client.post("/api/v1/tokens", {"username": "olga", "password": "guess"})
        self.assertEqual(answer.status_code, 401)
        self.assertEqual(answer.json(), {"error": "The name or the password is wrong."})

    def test_a_missing_field_is_named(self) -> None:
        answer = self.client.post("/api/v1/tokens", {"username": "olga"})
        self.assertEqual((answer.status_code, answer.json()), (422, {"error": "password: This field is required."}))

    def test_json_that_is_nested_too_deeply_is_refused(self) -> None:
        for path in ("/api/v1/tokens", f"/api/v1/photos/{self.make_photo(self.owner).pk}/jobs"):
            with self.subTest(path):
                answer = self.client.post(path, "[" * 100_000, "application/json", headers=self.headers)
                self.assertEqual((answer.status_code, answer.json()), (400, {"error": "Malformed request."}))

    def test_guessing_is_slowed_down(self) -> None:
        codes = [
            self.client.post("/api/v1/tokens", {"username": "olga", "password": "x"}).status_code for _ in range(31)
        ]
        self.assertEqual(codes[-1], 429)

    def test_tokens_are_not_stored_as_they_are(self) -> None:
        self.assertNotIn(self.token, str(ApiKey.objects.values()))


class PhotoTests(ApiTestCase):
    def test_an_upload_is_answered_with_its_photo_and_its_job(self) -> None:
        answer = self.post("/photos", {"file": as_upload(pictures.jpeg(), "aunt.jpg")})
        photo = Photo.objects.get()
        self.assertEqual(answer.status_code, 201)
        self.assertEqual(answer.json(), {"id": photo.pk, "job": {"id": photo.latest_job.pk, "state": "queued"}})
        self.assertEqual(photo.owner, self.owner)

    def test_the_same_bytes_again_are_a_duplicate(self) -> None:
        content = pictures.jpeg()
        first = self.post("/photos", {"file": as_upload(content)}).json()
        again = self.post("/photos", {"file": as_upload(content)})
        self.assertEqual((again.status_code, again.json()), (200, {**first, "duplicate": True}))

    def test_bad_files_are_refused_with_the_reason(self) -> None:
        cases = {
            "cut off": pictures.jpeg()[:20_000],
            "This is a GIF": pictures.encoded(pictures.grey((64, 64)), "GIF"),
            "400 megapixels": pictures.pixel_bomb(),
            "This file is empty": b"",
        }
        for because, content in cases.items():
            with self.subTest(because):
                answer = self.post("/photos", {"file": as_upload(content)})
                self.assertEqual((answer.status_code, list(answer.json())), (422, ["error"]))
                self.assertTrue(answer.json()["error"].startswith("photo.jpg: "), answer.json())
                self.assertIn(because, answer.json()["error"])
        self.assertEqual(self.stored_files(), set())

    def test_while_others_are_read_the_site_is_busy(self) -> None:
        with images.CHILDREN, images.CHILDREN, patch.object(images, "PATIENCE_S", 0.05):
            answer = self.post("/photos", {"file": as_upload(pictures.jpeg())})
            self.client.force_login(self.owner)
            page = self.client.post(reverse("upload"), {"file": as_upload(pictures.jpeg())}, HTTP_ACCEPT="text/json")
        self.assertEqual((answer.status_code, answer.json()), (503, {"error": images.BUSY}))
        self.assertEqual(page.json()["refused"], [{"name": "photo.jpg", "reason": images.BUSY}])
        self.assertEqual(self.post("/photos", {"file": as_upload(pictures.jpeg())}).status_code, 201)

    @override_settings(PHOTOLAB_MAX_UPLOAD_MB=1)
    def test_an_oversize_file_is_refused(self) -> None:
        answer = self.post("/photos", {"file": as_upload(b"\xff\xd8\xff" + bytes(2_000_000))})
        self.assertEqual(answer.status_code, 422)
        self.assertIn("at most 1 MB", answer.json()["error"])

    def test_a_request_without_a_file_says_what_is_missing(self) -> None:
        answer = self.post("/photos", {})
        self.assertEqual((answer.status_code, answer.json()), (422, {"error": "file: No file was submitted."}))

    def test_the_list_follows_its_cursor(self) -> None:
        made = [self.make_photo(self.owner, mark=mark).pk for mark in range(5)]
        self.make_photo(self.stranger, mark=9)
        self.addCleanup(setattr, pages, "PAGE_SIZE", pages.PAGE_SIZE)
        pages.PAGE_SIZE = 2
        seen, query = [], {}
        while True:
            page = self.get("/photos", **query).json()
            seen += [photo["id"] for photo in page["photos"]]
            if page["next"] is None:
                break
            query = {"before": page["next"]}
        self.assertEqual(seen, made[::-1])

    def test_a_photo_is_described(self) -> None:
        photo = self.make_colored(self.owner)
        told = self.get(f"/photos/{photo.pk}").json()
        self.assertEqual((told["id"], told["name"], told["width"], told["height"]), (photo.pk, "photo-0.jpg", 64, 48))
        self.assertEqual((told["job"], told["colored"]), ({"id": photo.latest_job.pk, "state": "done"}, True))

    def test_original_and_result_are_the_stored_bytes(self) -> None:
        photo = self.make_colored(self.owner)
        self.assertEqual(self.get(f"/photos/{photo.pk}/original").content, read_stored(photo.original_key))
        self.assertEqual(self.get(f"/photos/{photo.pk}/result").content, read_stored(photo.shown_result.image_key))

    def test_a_result_that_is_not_there_yet_is_not_found(self) -> None:
        answer = self.get(f"/photos/{self.make_photo(self.owner).pk}/result")
        self.assertEqual((answer.status_code, answer.json()), (404, {"error": "not colored yet"}))

    def test_deleting_puts_it_into_the_trash(self) -> None:
        photo = self.make_colored(self.owner)
        answer = self.client.delete(f"/api/v1/photos/{photo.pk}", headers=self.headers)
        self.assertEqual((answer.status_code, answer.content), (204, b""))
        for address in (f"/photos/{photo.pk}", f"/photos/{photo.pk}/original", f"/jobs/{photo.latest_job.pk}"):
            self.assertEqual(self.get(address).status_code, 404)
        self.assertEqual(self.get("/photos").json(), {"photos": [], "next": None})
        self.assertIsNotNone(Photo.objects.get().trashed_at)

    def test_title_and_date_are_changed_one_by_one(self) -> None:
        photo = self.make_photo(self.owner)
        change = {"path": f"/api/v1/photos/{photo.pk}", "headers": self.headers, "content_type": "application/json"}
        told = self.client.patch(data={"title": "Harvest", "taken_on": "June 1923"}, **change).json()
        self.assertEqual((told["title"], told["taken_on"], told["name"]), ("Harvest", "1923-06", "photo-0.jpg"))
        told = self.client.patch(data={"taken_on": None}, **change).json()
        self.assertEqual((told["title"], told["taken_on"]), ("Harvest", None))
        self.assertEqual(self.client.patch(data={"title": ""}, **change).json()["title"], "photo-0")
        refused = self.client.patch(data={"taken_on": "long ago"}, **change)
        self.assertEqual((refused.status_code, list(refused.json())), (422, ["error"]))

    def test_the_list_is_searched(self) -> None:
        found = self.make_photo(self.owner, mark=1, title="A farm", taken_on="1923-01-01", taken_precision="year")
        self.make_photo(self.owner, mark=2)
        for query in ("q=FARM", "from=1923-05&to=1923-06", "q=photo-1&state=waiting"):
            with self.subTest(query):
                self.assertEqual([one["id"] for one in self.get(f"/photos?{query}").json()["photos"]], [found.pk])
        self.assertEqual(self.get("/photos?state=burnt").status_code, 422)


class JobTests(ApiTestCase):
    def test_a_waiting_job_tells_its_place(self) -> None:
        self.make_photo(self.friend, mark=1)
        job = self.make_photo(self.owner, mark=2).latest_job
        expected = {"id": job.pk, "state": "queued", "position": 2, "eta_s": None, "error": None}
        self.assertEqual(self.get(f"/jobs/{job.pk}").json(), expected)

    def test_a_failed_job_tells_why(self) -> None:
        photo = self.make_photo(self.owner)
        services.fail(self.claimed(photo), "There was not enough memory.")
        told = self.get(f"/jobs/{photo.latest_job.pk}").json()
        self.assertEqual((told["state"], told["error"]), ("failed", "There was not enough memory."))

    def test_a_job_is_canceled_once(self) -> None:
        job = self.make_photo(self.owner).latest_job
        answer = self.post(f"/jobs/{job.pk}/cancel")
        self.assertEqual((answer.status_code, answer.json()["state"]), (200, "cancelled"))
        again = self.post(f"/jobs/{job.pk}/cancel")
        self.assertEqual((again.status_code, again.json()), (409, {"error": "This job has ended already."}))


class DocumentationTests(ApiTestCase):
    def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(self) -> None:
        page = self.client.get(reverse("api-docs"))
        self.assertContains(page, "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")
        self.assertNotRegex(page.content.decode(), r"https?://(?!testserver)|<script(?![^>]*\ssrc=)")

    def test_the_schema_is_valid_and_has_every_call(self) -> None:
        schema = self.client.get(reverse("api-schema"), headers={"Accept": "application/json"}).json()
        validate_schema(schema)
        calls = {(method, path) for path, methods in schema["paths"].items() for method in methods}
        expected = {
            ("post", "/api/v1/tokens"),
            ("get", "/api/v1/photos"),
            ("post", "/api/v1/photos"),
            ("get", "/api/v1/photos/{photo_id}"),
            ("delete", "/api/v1/photos/{photo_id}"),
            ("patch", "/api/v1/photos/{photo_id}"),
            ("get", "/api/v1/albums"),
            ("post", "/api/v1/albums"),
            ("get", "/api/v1/albums/{album_id}"),
            ("patch", "/api/v1/albums/{album_id}"),
            ("delete", "/api/v1/albums/{album_id}"),
            ("post", "/api/v1/albums/{album_id}/photos"),
            ("delete", "/api/v1/albums/{album_id}/photos"),
            ("get", "/api/v1/albums/{album_id}/download"),
            ("get", "/api/v1/photos/{photo_id}/original"),
            ("get", "/api/v1/photos/{photo_id}/result"),
            ("post", "/api/v1/photos/{photo_id}/jobs"),
            ("get", "/api/v1/photos/{photo_id}/results"),
            ("get", "/api/v1/jobs/{job_id}/result"),
            ("get", "/api/v1/shares"),
            ("post", "/api/v1/photos/{photo_id}/shares"),
            ("post", "/api/v1/albums/{album_id}/shares"),
            ("delete", "/api/v1/shares/{share_id}"),
            ("post", "/api/v1/model-versions/{version_id}/gate"),
            ("get", "/api/v1/jobs/{job_id}"),
            ("post", "/api/v1/jobs/{job_id}/cancel"),
            ("post", "/api/v1/collected-images"),
            ("post", "/api/v1/training-runs"),
            ("get", "/api/v1/training-runs/{run_id}"),
            ("post", "/api/v1/training-runs/{run_id}/cancel"),
            ("get", "/api/v1/model-versions"),
            ("post", "/api/v1/model-versions/{version_id}/promote"),
        }
        self.assertEqual(calls, expected)

    def test_each_call_says_what_it_does_what_it_needs_and_what_goes_wrong(self) -> None:
        schema = self.client.get(reverse("api-schema"), headers={"Accept": "application/json"}).json()
        for path, methods in schema["paths"].items():
            for method, call in methods.items():
                with self.subTest(f"{method} {path}"):
                    words = call["description"]
                    self.assertGreater(len(words.split("Scope of the key")[0].split()), 2, words)
                    self.assertIn("401", call["responses"])
                    self.assertEqual("403" in call["responses"], "Scope of the key" in words)
                    for status, response in call["responses"].items():
                        self.assertTrue(response["description"] or status < "400", status)
                        if status >= "400":
                            self.assertIn("application/json", response["content"])

    def test_an_address_that_is_no_call_is_not_found(self) -> None:
        for address in ("/api/v1/photos/x", "/api/v1/photos/", "/api/v1/", "/api/v2/photos", "/api/"):
            for answer in (self.client.get(address, headers=self.headers), self.client.post(address)):
                with self.subTest(address):
                    self.assertEqual(answer.status_code, 404)
                    self.assertEqual(answer.json(), {"error": "The API has no such address."})
        self.assertEqual(self.client.put("/api/v1/photos", headers=self.headers).status_code, 405)
