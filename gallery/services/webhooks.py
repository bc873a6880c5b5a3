"""Webhooks: which events are told to whom. Deliveries are rows; gallery/hooks.py sends them, in upkeep's process."""

import base64
import secrets
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models.functions import Now

from gallery.models import (
    DeliveryState,
    Job,
    JobState,
    UploadBatch,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)

KEPT_DELIVERIES, MOST_WAITING = 50, 1000  # for each webhook
SECRET_BYTES = 32
BY_STATE = {JobState.DONE: WebhookEvent.PHOTO_COLORED, JobState.FAILED: WebhookEvent.PHOTO_FAILED}


def set_webhook(owner: AbstractBaseUser, url: str) -> Webhook:
    """A new address keeps the secret; without one yet, a secret is made."""
    webhook, _ = Webhook.objects.update_or_create(
        owner=owner, defaults={"url": url}, create_defaults={"url": url, "secret": new_secret()}
    )
    return webhook


def new_secret() -> str:
    """As Standard Webhooks writes secrets, so that its libraries take it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def renew_secret(webhook: Webhook) -> None:
    Webhook.objects.filter(pk=webhook.pk).update(secret=new_secret())


def remove_webhook(owner: AbstractBaseUser) -> None:
    Webhook.objects.filter(owner=owner).delete()


def tell_of_job(job_id: int) -> None:
    """Inside the transaction that ends the job. Proposals, of which four are made at once, are not told."""
    webhook = Webhook.objects.filter(owner__photos__jobs=job_id).first()
    if webhook is None:
        return
    job = Job.objects.select_related("photo").get(pk=job_id)
    if job.is_proposal:
        return
    data = {"photo_id": job.photo_id, "name": job.photo.file_name, "job_id": job.pk, "error": job.error or None}
    _add(webhook, BY_STATE[JobState(job.status)], data)


def tell_of_batch(batch: UploadBatch) -> None:
    webhook = Webhook.objects.filter(owner=batch.owner_id).first()
    if webhook is None:
        return
    photo_ids = list(batch.photos.outside_trash().order_by("pk").values_list("pk", flat=True))
    data = {
        "batch_id": batch.pk,
        "photo_ids": photo_ids,
        "colored": batch.colored,
        "not_colored": batch.not_colored,
    }
    _add(webhook, WebhookEvent.BATCH_DONE, data)


def send_test(webhook: Webhook) -> WebhookDelivery:
    return _add(webhook, WebhookEvent.TEST, {"message": "Photo-Lab can reach this address."})


def send_again(delivery: WebhookDelivery) -> None:
    """One more try at once, of one that was given up or still waits."""
    again = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.DELIVERED)
    again.update(state=DeliveryState.WAITING, attempts=0, next_at=Now())


def _add(webhook: Webhook, event: WebhookEvent, data: dict[str, Any]) -> WebhookDelivery:
    delivery = WebhookDelivery.objects.create(webhook=webhook, event=event, payload={})
    delivery = WebhookDelivery.objects.get(pk=delivery.pk)
    delivery.payload = {"type": str(event), "timestamp": delivery.created_at.isoformat(), "data": data}
    delivery.save(update_fields=["payload"])
    _trim(webhook)
    return delivery


def _trim(webhook: Webhook) -> None:
    """Those that wait, too: no account fills the table by a server that never answers."""
    waiting = webhook.deliveries.filter(state=DeliveryState.WAITING)
    ended = webhook.deliveries.exclude(state=DeliveryState.WAITING)
    for some, most in ((waiting, MOST_WAITING), (ended, KEPT_DELIVERIES)):
        oldest = list(some.order_by("-created_at").values_list("pk", flat=True)[most:])
        webhook.deliveries.filter(pk__in=oldest).delete()
