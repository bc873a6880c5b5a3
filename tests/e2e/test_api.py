"""The API from the outside: a program with a token, the real worker behind it."""

import io
from unittest import TestCase

import httpx
from PIL import Image

from tests import pictures
from tests.e2e.stack import Stack, wait_until
from tests.e2e.visitors import PASSWORD, ApiVisitor, join


class ApiTests(TestCase):
    stack: Stack
    olga: ApiVisitor
    sam: ApiVisitor

    @classmethod
    def setUpClass(cls) -> None:
        cls.stack = Stack(PHOTOLAB_MAX_UPLOAD_MB="2")
        cls.addClassCleanup(cls.stack.close)
        cls.stack.start()
        cls.olga = join(cls.stack.url, "olga")
        cls.addClassCleanup(cls.olga.close)
        cls.sam = join(cls.stack.url, "sam")
        cls.addClassCleanup(cls.sam.close)

    def test_a_photo_goes_in_and_comes_out_in_color(self) -> None:
        content = pictures.jpeg((900, 600), mark=1)
        answer = self.olga.upload(content, "harbor.jpg")
        self.assertEqual(201, answer.status_code)
        photo_id, job = answer.json()["id"], answer.json()["job"]
        self.assertIn(job["state"], ("queued", "running", "done"))
        wait_until(lambda: self.olga.state(job["id"]) == "done", within_s=30)
        job = self.olga.http.get(f"/jobs/{job['id']}").json()
        self.assertEqual({"id", "state", "position", "eta_s", "error"}, job.keys())
        result = self.olga.http.get(f"/photos/{photo_id}/result")
        self.assertIn('filename="harbor-colorized.jpg"', result.headers["Content-Disposition"])
        with Image.open(io.BytesIO(result.content)) as image:
            self.assertEqual(((900, 600), "JPEG"), (image.size, image.format))
        self.assertEqual(content, self.olga.http.get(f"/photos/{photo_id}/original").content)
        self.assertIn(photo_id, [photo["id"] for photo in self.olga.http.get("/photos").json()["photos"]])
        again = self.olga.upload(content, "the-same.jpg")
        self.assertEqual((200, photo_id, True), (again.status_code, again.json()["id"], again.json()["duplicate"]))

    def test_a_deleted_photo_is_gone_with_its_files(self) -> None:
        photo_id, job_id = self.olga.order(pictures.jpeg(mark=2))
        wait_until(lambda: self.olga.state(job_id) == "done", within_s=30)
        key = self.stack.rows("SELECT original_key FROM gallery_photo WHERE id = ?", photo_id)[0][0]
        self.assertTrue((self.stack.data / "media" / key).exists())
        self.assertEqual(204, self.olga.http.delete(f"/photos/{photo_id}").status_code)
        for address in (f"/photos/{photo_id}", f"/photos/{photo_id}/result", f"/jobs/{job_id}"):
            self.assertEqual(404, self.olga.http.get(address).status_code, address)
        self.assertFalse((self.stack.data / "media" / key).exists())
        results = self.stack.data / "media" / "results" / str(job_id)
        self.assertEqual([], [path for path in results.rglob("*") if path.is_file()])

    def test_a_job_can_be_cancelled_while_it_waits(self) -> None:
        self.olga.order(pictures.jpeg((3000, 2000), mark=3))
        photo_id, job_id = self.olga.order(pictures.jpeg(mark=4))
        answer = self.olga.http.post(f"/jobs/{job_id}/cancel")
        self.assertEqual((200, "cancelled"), (answer.status_code, answer.json()["state"]))
        missing = self.olga.http.get(f"/photos/{photo_id}/result")
        self.assertEqual((404, {"error": "not colored yet"}), (missing.status_code, missing.json()))

    def test_bad_files_are_refused_with_their_reason(self) -> None:
        bad = {
            "cut.jpg": pictures.jpeg(mark=5)[:4000],
            "notes.txt": b"dear diary",
            "empty.jpg": b"",
            "bomb.png": pictures.pixel_bomb(),
            "large.png": b"\x89PNG\r\n\x1a\n" + bytes(2 * 1024 * 1024),
        }
        for name, content in bad.items():
            with self.subTest(name):
                answer = self.sam.upload(content, name)
                self.assertEqual(422, answer.status_code, answer.text)
                self.assertEqual({"error"}, answer.json().keys())
        self.assertEqual([], self.sam.http.get("/photos").json()["photos"])

    def test_a_stranger_finds_nothing(self) -> None:
        photo_id, job_id = self.olga.order(pictures.jpeg(mark=6))
        http = self.sam.http
        for address in ("", "/original", "/result"):
            self.assertEqual(404, http.get(f"/photos/{photo_id}{address}").status_code, address)
        self.assertEqual(404, http.delete(f"/photos/{photo_id}").status_code)
        self.assertEqual(404, http.get(f"/jobs/{job_id}").status_code)
        self.assertEqual(404, http.post(f"/jobs/{job_id}/cancel").status_code)
        self.assertEqual(200, self.olga.http.get(f"/photos/{photo_id}").status_code)

    def test_without_a_valid_token_nothing_answers(self) -> None:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            answer = httpx.get(f"{self.stack.url}/api/v1/photos", headers=headers)
            self.assertEqual((401, {"error"}), (answer.status_code, set(answer.json())))
        wrong = {"username": "olga", "password": f"not {PASSWORD}"}
        self.assertEqual(401, httpx.post(f"{self.stack.url}/api/v1/tokens", json=wrong).status_code)

    def test_health_counts_the_worker(self) -> None:
        health = httpx.get(f"{self.stack.url}/healthz")
        self.assertEqual((200, 1), (health.status_code, health.json()["live_workers"]))
