"""Sends webhooks, in upkeep's process: signed, with growing waits between tries, and never to where the site lives.

Signatures are those of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body.
"""

import json
import logging
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models.functions import Now
from requests import RequestException
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress
from standardwebhooks import Webhook as Signer

from gallery.models import DeliveryState, WebhookDelivery

logger = logging.getLogger(__name__)

CONNECT_S, READ_S = 3, 7
LONGEST_S = 15.0  # a receiver may send its headers byte by byte
# After these waits since the try before; then it is given up, half a day after the event.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 9 * 3600))
AT_ONCE = 20
TOO_SLOW = "The answer did not come in time."
FORBIDDEN = "This address leads into a private network, which is not allowed here."


def send_due() -> int:
    """How many deliveries were tried, all at once: a receiver that never ends its answer delays nobody for long."""
    due = WebhookDelivery.objects.filter(state=DeliveryState.WAITING, next_at__lte=Now()).order_by("next_at")
    claimed = [delivery for delivery in due.select_related("webhook")[:AT_ONCE] if _claim(delivery)]
    if not claimed:
        return 0
    pool = ThreadPoolExecutor(len(claimed), thread_name_prefix="webhook")
    sending = [(delivery, pool.submit(_send, delivery)) for delivery in claimed]
    wait([future for _, future in sending], timeout=LONGEST_S)
    for delivery, future in sending:
        _settle(delivery, *(future.result() if future.done() else (False, TOO_SLOW)))
    pool.shutdown(wait=False)
    return len(claimed)


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
        with _client().get_session() as session:
            session.trust_env = False  # neither proxies nor passwords of this machine are a visitor's
            with session.post(delivery.webhook.url, data=body.encode(), headers=headers, stream=True) as answer:
                return 200 <= answer.status_code < 300, f"Answered {answer.status_code} {answer.reason}".strip()
    except InvalidIPAddress:
        return False, FORBIDDEN
    except (RequestException, ValueError) as error:
        logger.info("Webhook %s: %s", delivery.pk, error)
        return False, _in_words(error)


def _client() -> Manager:
    """The address is looked up once, looked at, and connected to: it cannot change in between."""
    return Manager(
        Config(
            default_timeout=(CONNECT_S, READ_S),
            never_redirect=True,
            ip_filter_enable=not settings.PHOTOLAB_WEBHOOKS_TO_PRIVATE_HOSTS,
            ip_filter_allow_loopback_ips=False,
            user_agent_override="Photo-Lab",
        )
    )


def _in_words(error: Exception) -> str:
    kind = type(error).__name__
    known = {
        "ConnectTimeout": "Nobody answered in time.",
        "ReadTimeout": TOO_SLOW,
        "SSLError": "The certificate of this address is not valid.",
        "ConnectionError": "The address could not be reached.",
    }
    return known.get(kind, f"It could not be sent ({kind}).")
