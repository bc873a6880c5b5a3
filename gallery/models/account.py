"""What belongs to an account: its preferences, the keys of its programs, and answers kept for programs that repeat."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken


class Scope(models.TextChoices):
    """What a key may do. The words are shown where keys are made."""

    READ = "read", _("See photographs, results and albums, and download them")
    UPLOAD = "upload", _("Add, change, order and delete photographs and albums")
    COLOR = "color", _("Have photographs colored, and cancel that")
    SHARE = "share", _("Make and revoke links for others")
    TRAIN = "train", _("Training and model versions (staff)")


def every_scope() -> list[str]:
    return list(Scope.values)


class ApiKey(AbstractAuthToken):
    """A token of django-rest-knox, which keeps only its digest, with a name and bounds."""

    name = models.CharField(max_length=100, default="Login from a program")
    scopes = models.JSONField(default=every_scope)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return self.name


class AccountPreferences(models.Model):
    """Without a row, everything is as at first."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences")
    mail_batches = models.BooleanField(default=False, help_text="One mail when everything uploaded together is done.")
    language = models.CharField(max_length=10, blank=True, help_text="Of mails; blank: none was chosen.")

    class Meta:
        verbose_name_plural = "account preferences"

    def __str__(self) -> str:
        return f"Preferences of {self.owner}"


class KeptAnswer(models.Model):
    """What was answered to a call with an Idempotency-Key. No status: the call is under way."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=64, help_text="SHA-256 of address and body.")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="one_answer_per_owner_and_key"),)

    def __str__(self) -> str:
        return self.key
