"""What the logs say beside their messages, as lines and as JSON, and what they never say."""

import json
import logging
import tempfile
from io import StringIO

from django.test import Client, SimpleTestCase
from django.urls import reverse

from gallery import logs, services
from tests.base import GalleryTestCase, as_upload
from tests.gallery.test_env import load_settings
from tests.pictures import jpeg


class AboutTests(SimpleTestCase):
    def about(self, **extra: int) -> logging.LogRecord:
        record = logging.makeLogRecord({"msg": "A line", **extra})
        self.assertTrue(logs.About().filter(record))
        return record

    def test_what_holds_is_told_in_a_line_and_as_fields(self) -> None:
        with logs.about(request_id="abc"), logs.about(job=5, attempt=2):
            record = self.about()
        self.assertEqual((record.job, record.attempt, record.request_id), (5, 2, "abc"))
        self.assertEqual(record.about, " [job 5, attempt 2, request_id abc]")

    def test_what_a_line_says_itself_goes_first(self) -> None:
        with logs.about(job=5):
            self.assertEqual(self.about(job=6).job, 6)

    def test_outside_nothing_is_told(self) -> None:
        with logs.about(job=5):
            pass
        self.assertEqual(self.about().about, "")


class FormTests(SimpleTestCase):
    def lines(self, code: str, **variables: str) -> list[str]:
        """What a process with these settings writes to its standard error."""
        with tempfile.TemporaryDirectory() as folder:
            told = load_settings(f"(__import__('django').setup(), exec({code!r}))", PHOTOLAB_DATA=folder, **variables)
        self.assertEqual(told.returncode, 0, told.stderr)
        return told.stderr.splitlines()

    SAY = (
        "import logging; from gallery import logs; log = logging.getLogger('worker.tasks')\n"
        "with logs.about(job=5, attempt=1):\n"
        "    log.info('Fetched')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: log.exception('Odd', extra={'request': 'GET /shared/secret/'})\n"
    )

    def test_lines_are_for_people(self) -> None:
        lines = self.lines(self.SAY)
        self.assertTrue(lines[0].endswith("INFO worker.tasks: Fetched [job 5, attempt 1]"), lines)

    def test_json_is_one_object_for_each_line(self) -> None:
        first, second = map(json.loads, self.lines(self.SAY, PHOTOLAB_LOG_FORMAT="json"))
        self.assertEqual(
            {name: first[name] for name in ("level", "logger", "message", "job", "attempt")},
            {"level": "INFO", "logger": "worker.tasks", "message": "Fetched", "job": 5, "attempt": 1},
        )
        self.assertRegex(first["at"], r"^\d{4}-\d\d-\d\dT")
        self.assertIn("ZeroDivisionError", second["traceback"])
        self.assertNotIn("secret", json.dumps(second))

    def test_another_word_is_refused_by_its_name(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            told = load_settings("settings.LOGGING", PHOTOLAB_DATA=folder, PHOTOLAB_LOG_FORMAT="xml")
        self.assertIn("PHOTOLAB_LOG_FORMAT: 'xml' is neither line nor json", told.stderr)
        with tempfile.TemporaryDirectory() as folder:
            told = load_settings("settings.LOGGING", PHOTOLAB_DATA=folder, PHOTOLAB_METRICS_FROM="10.0.0.1/8")
        self.assertIn("PHOTOLAB_METRICS_FROM: 10.0.0.1/8 has host bits set", told.stderr)

    def test_the_web_servers_own_list_of_paths_is_not_written(self) -> None:
        code = (
            "import logging, uvicorn; from django.conf import settings\n"
            "from django.utils.log import configure_logging\n"
            "uvicorn.Config('photolab_site.asgi:application', access_log=False)\n"
            "configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)\n"
            "logging.getLogger('uvicorn.access').info('GET /shared/secret/')\n"
            "logging.getLogger('uvicorn.error').info('Started')\n"
        )
        lines = self.lines(code, PHOTOLAB_LOG_FORMAT="json")
        self.assertEqual([json.loads(line)["message"] for line in lines], ["Started"])

    def test_celery_writes_in_the_same_form(self) -> None:
        code = (
            "from photolab_site.celery import app; import logging\n"
            "app.log.setup('INFO'); logging.getLogger('celery.worker').warning('Connected')\n"
        )
        line = json.loads(self.lines(code, PHOTOLAB_LOG_FORMAT="json")[-1])
        self.assertEqual((line["logger"], line["message"]), ("celery.worker", "Connected"))


class JobsTests(GalleryTestCase):
    def test_each_step_of_a_job_names_it_from_the_request_to_its_end(self) -> None:
        self.client.force_login(self.owner)
        output = StringIO()
        handler = logging.StreamHandler(output)
        handler.addFilter(logs.About())
        handler.setFormatter(logging.Formatter("%(message)s%(about)s"))
        root = logging.getLogger("gallery")
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)
        self.addCleanup(setattr, root, "propagate", root.propagate)
        self.addCleanup(root.setLevel, root.level)
        root.setLevel(logging.INFO)  # which makes loggers forget what they have found to be too little to write
        root.propagate = False
        self.client.post(
            reverse("upload"), {"file": as_upload(jpeg((64, 48)))}, headers={"X-Request-ID": "from-the-proxy"}
        )
        photo = self.owner.photos.get()
        claim = self.claimed(photo)
        services.finish(claim, self.stored_output(claim))
        number = claim.job_id
        lines = output.getvalue().splitlines()
        self.assertIn(f"Job {number} is ordered [job {number}, request_id from-the-proxy]", lines)
        self.assertIn(f"Job {number} is claimed [job {number}, attempt 1]", lines)
        self.assertIn(f"Job {number} is done [job {number}, attempt 1]", lines)

    def test_what_django_says_of_a_request_names_no_secret_link(self) -> None:
        visitor = Client(enforce_csrf_checks=True)
        with self.assertLogs("django.security.csrf", "WARNING") as written:
            visitor.post(reverse("shared", args=["a-secret-token"]))
        record = written.records[0]
        self.assertIn("secret", record.getMessage())
        logs.About().filter(record)
        self.assertRegex(record.getMessage(), r"^Forbidden .*: .*<.*token>")
        self.assertNotIn("secret", record.getMessage())

    def test_requests_are_told_by_view_and_never_by_path(self) -> None:
        with self.assertLogs("gallery.watched", "INFO") as written:
            self.client.get(reverse("shared", args=["a-secret-token"]), headers={"X-Request-ID": "no names\nlike this"})
        self.assertEqual(len(written.records), 1)
        self.assertEqual((written.records[0].view, written.records[0].status), ("shared", 404))
        self.assertNotIn("secret", written.output[0])
