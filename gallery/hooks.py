"""Sends webhooks, in upkeep's process: signed, with growing waits between tries, and never to where the site lives.

Signatures are those of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body.
"""

import json
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from socket import SHUT_RDWR, socket
from threading import Thread, current_thread
from time import monotonic

from django.conf import settings
from django.db import DataError
from django.db.models import QuerySet, Window
from django.db.models.functions import Now, RowNumber
from requests import RequestException
from requests_hardened import Config, HTTPSession, Manager
from requests_hardened.ip_filter import InvalidIPAddress
from standardwebhooks import Webhook as Signer
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from gallery.models import DeliveryState, WebhookDelivery

logger = logging.getLogger(__name__)

CONNECT_S, READ_S = 3, 7
LONGEST_S = 15.0  # READ_S counts anew with each byte of the headers
# After these waits since the try before; then it is given up, half a day after the event.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 9 * 3600))
AT_ONCE, AT_ONCE_FOR_EACH = 20, 5
TOO_SLOW = "The answer did not come in time."
FORBIDDEN = "This address leads into a private network, which is not allowed here."


def send_due() -> int:
    """How many deliveries were tried, all at once: a receiver that never ends its answer delays nobody for long."""
    sendings = [Sending(delivery) for delivery in _due() if _claim(delivery)]
    for sending in sendings:
        sending.start()
    ends_at = monotonic() + LONGEST_S
    outcomes = [(sending.delivery, *sending.end(ends_at)) for sending in sendings]
    for delivery, delivered, outcome in outcomes:
        try:
            _settle(delivery, delivered, outcome)
        except DataError:
            logger.exception("The outcome of webhook %s could not be kept", delivery.pk)
    return len(sendings)


def _due() -> QuerySet[WebhookDelivery]:
    """Webhooks take turns: one with a thousand deliveries to a silent host holds up nobody else's."""
    due = WebhookDelivery.objects.filter(state=DeliveryState.WAITING, next_at__lte=Now()).select_related("webhook")
    turn = Window(RowNumber(), partition_by="webhook", order_by="next_at")
    return due.annotate(turn=turn).filter(turn__lte=AT_ONCE_FOR_EACH).order_by("turn", "next_at")[:AT_ONCE]


def _claim(delivery: WebhookDelivery) -> bool:
    """False: another loop was quicker. The next try is set first, so a process that is killed loses nothing."""
    pause = WAITS[min(delivery.attempts, len(WAITS) - 1)]
    mine = WebhookDelivery.objects.filter(
        pk=delivery.pk, attempts=delivery.attempts, state=DeliveryState.WAITING, next_at__lte=Now()
    )
    return mine.update(attempts=delivery.attempts + 1, next_at=Now() + pause) == 1


def _settle(delivery: WebhookDelivery, delivered: bool, outcome: str) -> None:
    hopeless = delivery.attempts >= len(WAITS) or outcome == FORBIDDEN
    state = DeliveryState.DELIVERED if delivered else DeliveryState.GIVEN_UP if hopeless else DeliveryState.WAITING
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state, outcome=outcome[:200])


class Sending(Thread):
    """One delivery on its way. A daemon: a process that ends waits for nobody's server."""

    def __init__(self, delivery: WebhookDelivery) -> None:
        super().__init__(name="webhook", daemon=True)
        self.delivery = delivery
        self._outcome = (False, TOO_SLOW)
        self._line: socket | None = None
        self._is_over = False

    def run(self) -> None:
        self._outcome = _send(self.delivery)

    def hold(self, line: socket) -> None:
        """A handle of its own, since TLS takes the other's descriptor away."""
        self._line = line.dup()
        if self._is_over:
            self._cut()

    def end(self, at: float) -> tuple[bool, str]:
        """What became of it by then. If it is under way still, its line is cut, and so it ends."""
        self.join(max(0.0, at - monotonic()))
        outcome = self._outcome  # headers that are cut off look like whole ones afterwards
        self._is_over = True
        self._cut()
        return outcome

    def _cut(self) -> None:
        if self._line is not None:
            with suppress(OSError):  # it was closed by the other side
                self._line.shutdown(SHUT_RDWR)
            self._line.close()


def _send(delivery: WebhookDelivery) -> tuple[bool, str]:
    """Whether it arrived, and the outcome in words. Nothing of the answer but its status is read. No database here."""
    body = json.dumps(delivery.payload)
    now = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(delivery.webhook.secret).sign(str(delivery.pk), now, body),
    }
    try:
        with (
            _session() as session,
            session.post(delivery.webhook.url, data=body.encode(), headers=headers, stream=True) as answer,
        ):
            reason = "".join(filter(str.isprintable, answer.reason or ""))  # PostgreSQL keeps no NUL
            return 200 <= answer.status_code < 300, f"Answered {answer.status_code} {reason}".strip()
    except InvalidIPAddress:
        return False, FORBIDDEN
    except (RequestException, ValueError) as error:
        logger.info("Webhook %s: %s", delivery.pk, error)
        return False, _in_words(error)


def _session() -> HTTPSession:
    """The address is looked up once, looked at, and connected to: it cannot change in between."""
    config = Config(
        default_timeout=(CONNECT_S, READ_S),
        never_redirect=True,
        ip_filter_enable=not settings.PHOTOLAB_WEBHOOKS_TO_PRIVATE_HOSTS,
        ip_filter_allow_loopback_ips=False,
        user_agent_override="Photo-Lab",
    )
    session = Manager(config).get_session()
    session.trust_env = False  # neither proxies nor passwords of this machine are a visitor's
    for adapter in session.adapters.values():
        adapter.poolmanager.pool_classes_by_scheme = {"http": HeldPool, "https": HeldSecurePool}
    return session


class Held:
    """Of connections: their Sending can end them. urllib3 makes each socket in this method."""

    def _new_conn(self) -> socket:
        line = super()._new_conn()
        current_thread().hold(line)
        return line


class HeldConnection(Held, HTTPConnection):
    pass


class HeldSecureConnection(Held, HTTPSConnection):
    pass


class HeldPool(HTTPConnectionPool):
    ConnectionCls = HeldConnection


class HeldSecurePool(HTTPSConnectionPool):
    ConnectionCls = HeldSecureConnection


def _in_words(error: Exception) -> str:
    kind = type(error).__name__
    known = {
        "ConnectTimeout": "Nobody answered in time.",
        "ReadTimeout": TOO_SLOW,
        "SSLError": "The certificate of this address is not valid.",
        "ConnectionError": "The address could not be reached.",
    }
    return known.get(kind, f"It could not be sent ({kind}).")
