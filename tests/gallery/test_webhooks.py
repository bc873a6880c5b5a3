"""Webhooks: what is told, how it is signed, where nothing is ever sent, and what happens when nobody answers."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest.mock import patch

from django.db import DataError, connection
from django.db.models.functions import Now
from django.test import override_settings
from django.urls import reverse
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from gallery import hooks, services
from gallery.models import DeliveryState, UploadBatch, Webhook, WebhookDelivery
from gallery.services.batches import BETWEEN_FILES
from tests import pictures
from tests.base import GalleryRaceTestCase, GalleryTestCase, as_upload

TO_PRIVATE = override_settings(PHOTOLAB_WEBHOOKS_TO_PRIVATE_HOSTS=True)
TLS_RECORD = b"\x16\x03\x03\x40\x00"  # says that 16 KB follow


class Receiver(HTTPServer):
    """A server of the owner's, which answers with `status` and `reason`, and remembers what it got."""

    def __init__(self, status: int, reason: str | None) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(status, reason)
                self.send_header("Location", f"http://127.0.0.1:{receiver.server_port}/elsewhere")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


@contextmanager
def receiver(status: int = 204, reason: str | None = None) -> Iterator[Receiver]:
    server = Receiver(status, reason)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class Dripping:
    """A server that never ends its answer. `served` are the threads that were sending when it was called."""

    def __init__(self, line: socket.socket, first: bytes) -> None:
        self.line, self.first = line, first
        self.port = line.getsockname()[1]
        self.served: list[threading.Thread] = []

    def serve(self) -> None:
        caller, _ = self.line.accept()
        self.served = [thread for thread in threading.enumerate() if thread.name.startswith("webhook")]
        with caller, suppress(OSError):
            caller.sendall(self.first)
            while True:
                caller.sendall(b"x")
                time.sleep(0.05)


@contextmanager
def dripping(first: bytes) -> Iterator[Dripping]:
    with socket.create_server(("127.0.0.1", 0)) as line:
        server = Dripping(line, first)
        threading.Thread(target=server.serve, daemon=True).start()
        yield server


class WebhookTestCase(GalleryTestCase):
    def webhook(self, url: str = "https://hooks.example.org/x") -> Webhook:
        return services.set_webhook(self.owner, url)

    def events(self) -> list[str]:
        return sorted(WebhookDelivery.objects.values_list("event", flat=True))


class EventTests(WebhookTestCase):
    def test_colored_failed_and_done_together_are_told_with_what_a_program_needs(self) -> None:
        self.webhook()
        photos = [services.upload_photo(self.owner, as_upload(pictures.jpeg(mark=mark))).photo for mark in (1, 2)]
        claim = self.claimed(photos[0])
        services.finish(claim, self.stored_output(claim))
        services.fail(self.claimed(photos[1]), "There was not enough memory.")
        UploadBatch.objects.update(added_at=Now() - BETWEEN_FILES, all_sent_at=Now())
        services.close_batches()
        self.assertEqual(self.events(), ["batch.done", "photo.colored", "photo.failed"])
        failed = WebhookDelivery.objects.get(event="photo.failed").payload
        self.assertEqual(failed["type"], "photo.failed")
        self.assertEqual(failed["data"]["error"], "There was not enough memory.")
        self.assertEqual((failed["data"]["photo_id"], failed["data"]["name"]), (photos[1].pk, "photo.jpg"))
        done = WebhookDelivery.objects.get(event="batch.done").payload["data"]
        self.assertEqual((done["photo_ids"], done["colored"]), ([photo.pk for photo in photos], 1))

    def test_nobody_hears_of_anothers_photos(self) -> None:
        services.set_webhook(self.stranger, "https://hooks.example.org/x")
        self.make_colored(self.owner)
        self.assertEqual(self.events(), [])


class SendingTests(WebhookTestCase):
    @TO_PRIVATE
    def test_a_delivery_is_signed_over_id_time_and_body(self) -> None:
        with receiver() as server:
            webhook = self.webhook(server.url)
            services.send_test(webhook)
            self.assertEqual(hooks.send_due(), 1)
        ((headers, body),) = server.got
        verified = Verifier(webhook.secret).verify(body, headers)
        self.assertEqual((verified["type"], headers["Content-Type"]), ("test", "application/json"))
        with self.assertRaises(WebhookVerificationError):
            Verifier(webhook.secret).verify(body + b" ", headers)
        delivery = WebhookDelivery.objects.get()
        self.assertEqual((delivery.state, delivery.outcome), (DeliveryState.DELIVERED, "Answered 204 No Content"))
        self.assertEqual(headers["webhook-id"], str(delivery.pk))

    @TO_PRIVATE
    def test_what_is_not_taken_is_sent_again_after_growing_waits_and_given_up_at_last(self) -> None:
        with receiver(500) as server:
            services.send_test(self.webhook(server.url))
            for number in range(len(hooks.WAITS) + 1):
                self.assertEqual(hooks.send_due(), 1, number)
                self.assertEqual(hooks.send_due(), 0, "not before the wait is over")
                WebhookDelivery.objects.update(next_at=Now() - timedelta(seconds=1))
        delivery = WebhookDelivery.objects.get()
        self.assertEqual((delivery.state, len(server.got)), (DeliveryState.GIVEN_UP, len(hooks.WAITS) + 1))
        self.assertIn("500", delivery.outcome)
        self.assertEqual(len({json.loads(body)["timestamp"] for _, body in server.got}), 1)
        self.assertEqual(sorted(hooks.WAITS), list(hooks.WAITS))

    @TO_PRIVATE
    def test_a_redirect_is_not_followed(self) -> None:
        with receiver(307) as server:
            services.send_test(self.webhook(server.url))
            hooks.send_due()
        self.assertEqual(len(server.got), 1)
        self.assertEqual(WebhookDelivery.objects.get().state, DeliveryState.WAITING)

    @TO_PRIVATE
    def test_where_nobody_listens_is_told_in_words(self) -> None:
        with receiver() as server:
            url = server.url
        services.send_test(self.webhook(url))
        hooks.send_due()
        self.assertEqual(WebhookDelivery.objects.get().outcome, "The address could not be reached.")

    @TO_PRIVATE
    def test_a_receiver_that_never_ends_its_answer_holds_up_nobody_else(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent, receiver() as server:
            services.send_test(self.webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/"))
            services.send_test(services.set_webhook(self.friend, server.url))
            with patch.object(hooks, "LONGEST_S", 1.0):
                self.assertEqual(hooks.send_due(), 2)
        outcomes = dict(WebhookDelivery.objects.values_list("webhook__owner__username", "outcome"))
        self.assertEqual(outcomes, {"olga": hooks.TOO_SLOW, "frida": "Answered 204 No Content"})

    @TO_PRIVATE
    def test_who_answers_byte_by_byte_is_cut_off_and_keeps_no_process_from_ending(self) -> None:
        for scheme, first in (("http", b"HTTP/1.1 200 OK\r\nX-Slow: "), ("https", TLS_RECORD)):
            with self.subTest(scheme), dripping(first) as server, patch.object(hooks, "LONGEST_S", 0.5):
                delivery = services.send_test(self.webhook(f"{scheme}://127.0.0.1:{server.port}/"))
                self.assertEqual(hooks.send_due(), 1)
                delivery.refresh_from_db()
                self.assertEqual((delivery.state, delivery.outcome), (DeliveryState.WAITING, hooks.TOO_SLOW))
                self.assertTrue(server.served)
                for thread in server.served:
                    thread.join(1)
                    self.assertEqual((thread.daemon, thread.is_alive()), (True, False))

    @TO_PRIVATE
    def test_many_deliveries_of_one_webhook_hold_up_nobody_elses(self) -> None:
        with receiver() as server:
            for _ in range(hooks.AT_ONCE + 1):
                services.send_test(self.webhook(server.url))
            mine = services.send_test(services.set_webhook(self.friend, server.url))
            self.assertEqual(hooks.send_due(), hooks.AT_ONCE_FOR_EACH + 1)
        mine.refresh_from_db()
        self.assertEqual(mine.state, DeliveryState.DELIVERED)

    @TO_PRIVATE
    def test_of_an_answer_only_what_can_be_shown_is_kept(self) -> None:
        with receiver(200, "O\0K\x1b") as server:
            services.send_test(self.webhook(server.url))
            hooks.send_due()
        self.assertEqual(WebhookDelivery.objects.get().outcome, "Answered 200 OK")


class RefusedTests(GalleryRaceTestCase):
    @TO_PRIVATE
    def test_an_outcome_that_the_database_refuses_spoils_no_other(self) -> None:
        def refuse(execute: Callable, sql: str, params: object, *more: object) -> object:
            if '"outcome" = ' in sql and first.pk.hex in str(params).replace("-", ""):
                raise DataError
            return execute(sql, params, *more)

        with receiver() as server:
            webhook = services.set_webhook(self.owner, server.url)
            first, second = [services.send_test(webhook) for _ in range(2)]
            with connection.execute_wrapper(refuse), self.assertLogs("gallery.hooks", "ERROR"):
                self.assertEqual(hooks.send_due(), 2)
        second.refresh_from_db()
        self.assertEqual(second.state, DeliveryState.DELIVERED)


class KeepingTests(WebhookTestCase):
    @patch.multiple("gallery.services.webhooks", MOST_WAITING=3, KEPT_DELIVERIES=2)
    def test_of_those_that_wait_and_of_those_that_ended_the_latest_are_kept(self) -> None:
        webhook = self.webhook()
        for state in (DeliveryState.GIVEN_UP, DeliveryState.WAITING):
            for hours in (9, 8, 7, 6):
                delivery = services.send_test(webhook)
                at = Now() - timedelta(hours=hours)
                WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state, created_at=at)
        newest = services.send_test(webhook)
        kept = WebhookDelivery.objects.order_by("created_at")
        self.assertEqual(kept.filter(state=DeliveryState.GIVEN_UP).count(), 2)
        self.assertEqual(kept.filter(state=DeliveryState.WAITING).count(), 3)
        self.assertEqual(kept.last(), newest)


class PrivateNetworkTests(WebhookTestCase):
    def test_nothing_is_sent_to_where_the_site_lives(self) -> None:
        with receiver() as server:
            port = server.server_port
            hosts = ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "[::ffff:127.0.0.1]")
            elsewhere = ("10.0.0.1", "192.168.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "100.64.0.1")
            for host in (*hosts, *elsewhere):
                with self.subTest(host):
                    WebhookDelivery.objects.all().delete()
                    services.send_test(self.webhook(f"http://{host}:{port}/hook"))
                    hooks.send_due()
                    delivery = WebhookDelivery.objects.get()
                    self.assertEqual((delivery.outcome, delivery.state), (hooks.FORBIDDEN, DeliveryState.GIVEN_UP))
        self.assertEqual(server.got, [])


class PageTests(WebhookTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def test_an_address_is_set_tested_and_removed(self) -> None:
        self.client.post(reverse("webhook"), {"url": "https://hooks.example.org/x"})
        webhook = Webhook.objects.get()
        self.assertContains(self.client.get(reverse("webhook")), webhook.secret)
        self.client.post(reverse("webhook_act"), {"do": "test"})
        self.assertContains(self.client.get(reverse("webhook")), "On its way")
        self.client.post(reverse("webhook_act"), {"do": "secret"})
        self.assertNotEqual(Webhook.objects.get().secret, webhook.secret)
        self.client.post(reverse("webhook"), {"url": "https://hooks.example.org/y"})
        self.assertEqual(Webhook.objects.get().url, "https://hooks.example.org/y")
        self.client.post(reverse("webhook_act"), {"do": "remove"})
        self.assertFalse(Webhook.objects.exists() or WebhookDelivery.objects.exists())

    def test_addresses_of_another_kind_are_refused(self) -> None:
        for url in ("ftp://example.org", "file:///etc/passwd", "https://a:b@example.org/", "no address"):
            with self.subTest(url):
                self.assertEqual(self.client.post(reverse("webhook"), {"url": url}).status_code, 422)
        self.assertFalse(Webhook.objects.exists())

    def test_what_was_given_up_is_tried_again_by_its_owner_alone(self) -> None:
        delivery = services.send_test(self.webhook())
        WebhookDelivery.objects.update(state=DeliveryState.GIVEN_UP, attempts=7)
        again = reverse("delivery_again", args=[delivery.pk])
        self.client.force_login(self.stranger)
        self.assertEqual(self.client.post(again).status_code, 404)
        self.assertEqual(self.client.post(reverse("webhook_act"), {"do": "test"}).status_code, 404)
        self.assertNotContains(self.client.get(reverse("webhook")), "example.org")
        self.client.force_login(self.owner)
        self.client.post(again)
        self.assertEqual(WebhookDelivery.objects.get().state, DeliveryState.WAITING)
