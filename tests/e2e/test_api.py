"""The API from the outside: programs with tokens and keys, the examples that the site shows, the real worker behind."""

import html
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import TestCase

import httpx
from django.conf import settings
from PIL import Image

from tests import pictures
from tests.e2e.stack import Stack, free_port, wait_until
from tests.e2e.visitors import PASSWORD, ApiVisitor, FormVisitor, join

STACK: Stack


def setUpModule() -> None:
    global STACK
    STACK = Stack(PHOTOLAB_MAX_UPLOAD_MB="2", PHOTOLAB_WEBHOOKS_TO_PRIVATE_HOSTS="1")
    STACK.start()


def tearDownModule() -> None:
    STACK.close()


class ApiTests(TestCase):
    stack: Stack
    olga: ApiVisitor
    sam: ApiVisitor

    @classmethod
    def setUpClass(cls) -> None:
        cls.stack = STACK
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

    def test_a_deleted_photo_is_out_of_sight_and_its_files_wait_in_the_trash(self) -> None:
        photo_id, job_id = self.olga.order(pictures.jpeg(mark=2))
        wait_until(lambda: self.olga.state(job_id) == "done", within_s=30)
        key = self.stack.rows("SELECT original_key FROM gallery_photo WHERE id = ?", photo_id)[0][0]
        self.assertTrue((self.stack.data / "media" / key).exists())
        self.assertEqual(204, self.olga.http.delete(f"/photos/{photo_id}").status_code)
        for address in (f"/photos/{photo_id}", f"/photos/{photo_id}/result", f"/jobs/{job_id}"):
            self.assertEqual(404, self.olga.http.get(address).status_code, address)
        self.assertTrue((self.stack.data / "media" / key).exists())

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


class ExampleTests(TestCase):
    """What the page about scripts shows is run as it stands there, with a key from the page of keys."""

    def setUp(self) -> None:
        self.visitor = FormVisitor(STACK.url)
        self.addCleanup(self.visitor.close)
        self.name = f"s{self.id().rsplit('.', 1)[1][-20:]}"
        self.visitor.sign_up(self.name)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def example(self, name: str) -> str:
        page = self.visitor.http.get("/scripts/").text
        return html.unescape(re.search(rf'id="example-{name}"[^>]*><code>(.*?)</code>', page, re.DOTALL)[1])

    def make_key(self) -> str:
        fields = {"name": "attic", "scopes": ["read", "upload"], "valid_for": "30"}
        page = self.visitor.send("/accounts/keys/", fields)
        return re.search(r"photolab_\w{20,}", page.text)[0]

    def run_example(self, *command: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PHOTOLAB_KEY": self.make_key()}
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=120, check=False
        )

    def assert_colored(self, name: str) -> None:
        with Image.open(self.folder / name) as image:
            red, _, blue = image.convert("RGB").split()
            self.assertNotEqual(red.tobytes(), blue.tobytes())

    def test_the_shell_script_colors_a_photograph(self) -> None:
        (self.folder / "farm.jpg").write_bytes(pictures.jpeg(mark=71))
        ran = self.run_example("sh", "-c", self.example("shell"))
        self.assertEqual((0, "farm-colored.jpg is in color\n"), (ran.returncode, ran.stdout), ran.stderr)
        self.assert_colored("farm-colored.jpg")

    def test_the_python_program_colors_several_and_tells_what_is_refused(self) -> None:
        for name, content in {"a.jpg": pictures.jpeg(mark=72), "b.jpg": pictures.jpeg(mark=73), "c.jpg": b"x"}.items():
            (self.folder / name).write_bytes(content)
        (self.folder / "color.py").write_text(self.example("python"))
        ran = self.run_example(sys.executable, "color.py", "a.jpg", "b.jpg", "c.jpg")
        self.assertEqual(0, ran.returncode, ran.stderr)
        self.assertIn("a.jpg is in color\nb.jpg is in color\nc.jpg: This is not a photograph", ran.stdout)
        self.assert_colored("a-colored.jpg")
        self.assert_colored("b-colored.jpg")

    def test_the_receiver_is_told_and_takes_only_what_is_signed(self) -> None:
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        page = self.visitor.send("/accounts/webhook/", {"url": url})
        env = {**os.environ, "WEBHOOK_SECRET": re.search(r"whsec_[\w+/=]+", page.text)[0], "PORT": str(port)}
        (self.folder / "receive.py").write_text(self.example("receiver"))
        output = self.folder / "told.txt"
        with output.open("w") as told:
            running = subprocess.Popen(
                [sys.executable, "receive.py"], cwd=self.folder, env=env, stdout=told, stderr=told
            )
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        api = ApiVisitor(STACK.url, self.name)
        self.addCleanup(api.close)
        photo_id, _ = api.order(pictures.jpeg(mark=74))
        wait_until(lambda: "photo.colored" in output.read_text(), within_s=60)
        self.assertIn(f"'photo_id': {photo_id}", output.read_text())
        self.assertEqual(401, httpx.post(url, content=b"{}").status_code)

    def test_a_folder_is_colored_by_the_sites_queue_and_goes_on_where_it_ended(self) -> None:
        scans, colored = self.folder / "scans", self.folder / "colored"
        (scans / "box").mkdir(parents=True)
        (scans / "a.jpg").write_bytes(pictures.jpeg(mark=75))
        (scans / "box/b.TIFF").write_bytes(pictures.encoded(pictures.grey((320, 240)), "TIFF"))
        (scans / "box/letter.jpg").write_bytes(b"dear diary")
        (scans / "notes.txt").write_text("who is who")
        first = self.colorize(scans, colored, "--recursive", "--vividness", "1.3")
        self.assertEqual(1, first.returncode)
        self.assertIn("letter.jpg: This is not a photograph", first.stderr)
        self.assertIn("In color: 2. Not colored: 1.", first.stdout)
        self.assertEqual({"a.jpg", "b.TIFF"}, {path.name for path in colored.rglob("*") if path.is_file()})
        (scans / "box/letter.jpg").unlink()
        again = self.colorize(scans, colored, "--recursive", "--vividness", "1.3")
        self.assertEqual((0, 2), (again.returncode, again.stdout.count("there already")), again.stderr)
        found = STACK.rows("SELECT settings FROM gallery_job WHERE settings LIKE '%vividness%'")
        self.assertEqual(2, len(found))

    def colorize(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "colorize_folder", *map(str, arguments), "--user", self.name],
            cwd=settings.BASE_DIR,
            env=STACK.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
