"""How often one may ask: counted by all web processes together, by each alone while the broker is away."""

import subprocess
import sys
import time
from unittest.mock import patch

from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from django.urls import reverse

from gallery import limits, services
from gallery.models import PartialUpload, Photo
from gallery.shared_cache import server_at
from tests import pictures
from tests.base import PASSWORD, GalleryTestCase, as_upload
from tests.broker import RealBroker

ANOTHER_PROCESS = """
import django; django.setup()
from gallery.limits import seconds_to_wait
import gallery.limits; gallery.limits.WINDOW_S = 10_000_000
print([seconds_to_wait("uploads", "7", 3) > 0 for _ in range(2)])
"""


class EndlessWindow:
    """No window ends while a test counts."""

    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)
        endless = patch.object(limits, "WINDOW_S", 10_000_000)
        endless.start()
        self.addCleanup(endless.stop)


class SharedCountTests(EndlessWindow, RealBroker, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.address = f"unix://{self._socket}"
        shared = override_settings(CACHES={"default": {**settings.SHARED_CACHE, "LOCATION": self.address}})
        shared.enable()
        self.addCleanup(shared.disable)
        self.server = server_at(self.address, **settings.SHARED_CACHE["OPTIONS"])

    def log_in(self, password: str) -> int:
        return self.client.post(reverse("account_login"), {"login": "olga", "password": password}).status_code

    def test_another_process_counts_the_same(self) -> None:
        waits = [limits.seconds_to_wait("uploads", "7", 3) for _ in range(2)]
        self.assertEqual(waits, [0, 0])
        environment = {
            "DJANGO_SETTINGS_MODULE": "photolab_site.settings",
            "PHOTOLAB_DATA": str(self._socket.parent),
            "REDIS_URL": f"redis+socket://{self._socket}",
        }
        other = subprocess.run(
            [sys.executable, "-c", ANOTHER_PROCESS],
            cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.assertEqual(other.stdout.strip(), "[False, True]")
        self.assertGreater(limits.seconds_to_wait("uploads", "7", 3), 0)
        self.assertEqual(limits.seconds_to_wait("uploads", "8", 3), 0)

    def test_without_the_broker_nobody_is_locked_out_and_guesses_count_all_the_same(self) -> None:
        self.broker_goes_away()
        began = time.monotonic()
        with self.assertLogs("gallery.shared_cache", "WARNING") as told:
            self.assertEqual(self.log_in(PASSWORD), 302)
        self.client.post(reverse("account_logout"))
        self.assertEqual([self.log_in("a guess") for _ in range(6)], [200] * 5 + [429])
        self.assertLess(time.monotonic() - began, 3)
        self.assertEqual(len(told.records), 1)

    def test_when_it_is_back_it_counts_again(self) -> None:
        self.broker_goes_away()
        with self.assertLogs("gallery.shared_cache", "WARNING"):
            limits.seconds_to_wait("uploads", "7", 3)
        self.broker_comes_back()
        self.server.ask_again_at = 0
        limits.seconds_to_wait("uploads", "7", 3)
        self.assertEqual(len(self._client().keys("*photolab:*")), 1)

    def test_clearing_leaves_the_brokers_messages(self) -> None:
        self._client().lpush("colorize", "a message")
        cache.clear()
        self.assertEqual(self.messages(), 1)


class WindowTests(GalleryTestCase):
    def test_the_wait_is_until_the_next_minute_and_then_it_goes_on(self) -> None:
        with patch.object(limits.time, "time", return_value=1_000_000_020.0 + 45):
            waits = [limits.seconds_to_wait("calls", "window", 2) for _ in range(3)]
        self.assertEqual(waits, [0, 0, 15])
        with patch.object(limits.time, "time", return_value=1_000_000_020.0 + 60):
            self.assertEqual(limits.seconds_to_wait("calls", "window", 2), 0)

    def test_none_is_no_limit(self) -> None:
        self.assertEqual({limits.seconds_to_wait("calls", "none", 0) for _ in range(3)}, {0})


@override_settings(PHOTOLAB_UPLOADS_PER_MINUTE=1)
class UploadTests(EndlessWindow, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)
        _, self.key = services.make_key(self.owner, "scanner", scopes=["upload"], valid_for=None)
        limits.seconds_to_wait("uploads", str(self.owner.pk), 1)

    def assert_refused(self, answer: object) -> None:
        self.assertEqual(answer.status_code, 429)
        self.assertGreater(int(answer["Retry-After"]), 0)
        self.assertFalse(Photo.objects.exists() or PartialUpload.objects.exists())

    def test_pages_are_refused_as_a_page_and_to_scripts_as_a_sentence(self) -> None:
        for address in (reverse("upload"), reverse("upload_sample")):
            answer = self.client.post(address, {"file": as_upload(pictures.jpeg())})
            self.assert_refused(answer)
            self.assertContains(answer, "<h1>Too many at once</h1>", status_code=429)
        file = {"file": as_upload(pictures.jpeg())}
        answer = self.client.post(reverse("upload"), file, headers={"Accept": "application/json"})
        self.assert_refused(answer)
        self.assertIn("It goes on in", answer.json()["error"])

    def test_large_files_and_calls_are_refused(self) -> None:
        sizes = {"Upload-Length": "9", "Tus-Resumable": "1.0.0"}
        self.assert_refused(self.client.post(reverse("resumable_uploads"), headers=sizes))
        answer = self.client.post(
            reverse("api-photos"),
            {"file": as_upload(pictures.jpeg())},
            headers={"Authorization": f"Bearer {self.key}"},
        )
        self.assert_refused(answer)
        self.assertEqual(list(answer.json()), ["error"])

    def test_somebody_else_goes_on(self) -> None:
        self.client.force_login(self.friend)
        answer = self.client.post(reverse("upload"), {"file": as_upload(pictures.jpeg())})
        self.assertRedirects(answer, reverse("gallery"))

    @override_settings(PHOTOLAB_UPLOADS_PER_MINUTE=3)
    def test_each_file_of_a_form_counts(self) -> None:
        two = [as_upload(pictures.jpeg(mark=mark), f"{mark}.jpg") for mark in (1, 2)]
        self.assertEqual(self.client.post(reverse("upload"), {"file": two}).status_code, 302)
        self.assertEqual(self.client.post(reverse("upload_sample")).status_code, 429)


class CallTests(EndlessWindow, GalleryTestCase):
    @override_settings(PHOTOLAB_API_CALLS_PER_MINUTE=2)
    def test_calls_of_one_account_are_limited_whatever_its_keys(self) -> None:
        keys = [services.make_key(self.owner, name, scopes=["read"], valid_for=None)[1] for name in "ab"]
        keys.append(services.make_key(self.friend, "c", scopes=["read"], valid_for=None)[1])
        answers = [
            self.client.get(reverse("api-photos"), headers={"Authorization": f"Bearer {keys[number]}"})
            for number in (0, 1, 0, 2)
        ]
        self.assertEqual([answer.status_code for answer in answers], [200, 200, 429, 200])
        self.assertIn("Retry-After", answers[2])

    def test_behind_a_proxy_the_visitors_address_counts(self) -> None:
        def ask(address: str) -> int:
            data, headers = {"username": "nobody", "password": "x"}, {"X-Forwarded-For": address}
            return self.client.post("/api/v1/tokens", data, headers=headers).status_code

        with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1), patch("gallery.api.permits.TOKENS_PER_ADDRESS", 1):
            self.assertEqual([ask("10.0.0.1"), ask("10.0.0.1"), ask("10.0.0.2")], [401, 429, 401])


class LockOutTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)

    def test_the_login_says_when_to_come_again(self) -> None:
        data = {"login": "olga", "password": "a guess"}
        for _ in range(5):
            self.assertEqual(self.client.post(reverse("account_login"), data).status_code, 200)
        answer = self.client.post(reverse("account_login"), data)
        self.assertEqual((answer.status_code, answer["Retry-After"]), (429, "300"))
        self.assertContains(answer, "Too many failed login attempts", status_code=429)
        answer = self.client.post("/api/v1/tokens", {"username": "olga", "password": PASSWORD})
        self.assertEqual((answer.status_code, answer["Retry-After"]), (429, "300"))

    @override_settings(ACCOUNT_RATE_LIMITS={"signup": "1/m/ip"})
    def test_accounts_are_not_made_by_the_dozen(self) -> None:
        answers = [self.client.post(reverse("account_signup"), {"username": "x"}) for _ in range(2)]
        self.assertEqual([answer.status_code for answer in answers], [200, 429])
        self.assertEqual(answers[1]["Retry-After"], "60")
        self.assertContains(answers[1], "<h1>Too many at once</h1>", status_code=429)
