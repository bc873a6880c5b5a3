"""Webhook, where an account wants to be told of events, and WebhookDelivery, one event on its way there."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class WebhookEvent(models.TextChoices):
    PHOTO_COLORED = "photo.colored", _("A photograph is in color")
    PHOTO_FAILED = "photo.failed", _("A photograph could not be colored")
    BATCH_DONE = "batch.done", _("Everything uploaded together is done")
    TEST = "test", _("Sent by the test button")


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("On its way")
    DELIVERED = "delivered", _("Delivered")
    GIVEN_UP = "given_up", _("Given up")


class Webhook(models.Model):
    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook", verbose_name=_("owner")
    )
    url = models.URLField(_("url"), max_length=500)
    secret = models.CharField(_("secret"), max_length=100, help_text=_("whsec_ and base64; both sides sign with it."))
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    id = models.UUIDField(_("id"), primary_key=True, default=uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    event = models.CharField(_("event"), max_length=20, choices=WebhookEvent)
    payload = models.JSONField(_("payload"))
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    outcome = models.CharField(
        _("outcome"), max_length=200, blank=True, help_text=_("Of the latest attempt, in plain words.")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    next_at = models.DateTimeField(
        _("next at"), db_default=Now(), help_text=_("When it is tried next; pushed on before each attempt.")
    )

    class Meta:
        ordering = ("-created_at",)
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = (models.Index(fields=("state", "next_at"), name="delivery_due"),)

    def __str__(self) -> str:
        return gettext("%(event)s to %(webhook)s") % {"event": self.event, "webhook": self.webhook}
