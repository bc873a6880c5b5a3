"""What belongs to an account: its preferences, the keys of its programs, and answers kept for programs that repeat."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
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

    name = models.CharField(_("name"), max_length=100, default="Login from a program")
    scopes = models.JSONField(_("scopes"), default=every_scope)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)

    class Meta:
        ordering = ("-created",)
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name


# Fields of the library have no words of their own.
ApiKey._meta.get_field("digest").verbose_name = _("digest")
ApiKey._meta.get_field("token_key").verbose_name = _("token key")
ApiKey._meta.get_field("user").verbose_name = _("user")
ApiKey._meta.get_field("created").verbose_name = _("created")
ApiKey._meta.get_field("expiry").verbose_name = _("expiry")


class AccountPreferences(models.Model):
    """Without a row, everything is as at first."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences", verbose_name=_("owner")
    )
    mail_batches = models.BooleanField(
        _("mail batches"), default=False, help_text=_("One mail when everything uploaded together is done.")
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("Of mails; blank: none was chosen.")
    )

    class Meta:
        verbose_name = _("account preferences")
        verbose_name_plural = _("account preferences")

    def __str__(self) -> str:
        return gettext("Preferences of %(owner)s") % {"owner": self.owner}


class AccountLimits(models.Model):
    """What staff have set for one account. What is blank is as the settings say; 0 is no limit."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="limits", verbose_name=_("owner")
    )
    storage_mb = models.PositiveIntegerField(
        _("storage in MB"), null=True, blank=True, help_text=_("Blank: as for everybody. 0: no limit.")
    )
    photos_per_day = models.PositiveIntegerField(
        _("photos in 24 hours"), null=True, blank=True, help_text=_("Blank: as for everybody. 0: no limit.")
    )

    class Meta:
        verbose_name = _("limits of an account")
        verbose_name_plural = _("limits of accounts")

    def __str__(self) -> str:
        return gettext("Limits of %(owner)s") % {"owner": self.owner}


class KeptAnswer(models.Model):
    """What was answered to a call with an Idempotency-Key. No status: the call is under way."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    key = models.CharField(_("key"), max_length=255)
    body_digest = models.CharField(_("body digest"), max_length=64, help_text=_("SHA-256 of address and body."))
    status = models.PositiveSmallIntegerField(_("status"), null=True, blank=True)
    body = models.JSONField(_("body"), default=dict)
    created_at = models.DateTimeField(_("created at"), db_default=Now(), db_index=True)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="one_answer_per_owner_and_key"),)

    def __str__(self) -> str:
        return self.key
