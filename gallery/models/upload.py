"""What one person uploads together, and what has arrived of a large file so far."""

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class UploadBatch(models.Model):
    """Everything that one person uploads until all of it has ended. At most one of a person's is open."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="upload_batches", verbose_name=_("owner")
    )
    added_at = models.DateTimeField(_("added at"), db_default=Now(), help_text=_("When its latest photo arrived."))
    all_sent_at = models.DateTimeField(
        _("all sent at"), null=True, blank=True, help_text=_("When the page said that no more will come.")
    )
    done_at = models.DateTimeField(
        _("done at"), null=True, blank=True, help_text=_("When no job of its photos was live any more.")
    )
    colored = models.PositiveIntegerField(_("colored"), default=0, help_text=_("Photos in color when it was done."))
    not_colored = models.PositiveIntegerField(
        _("not colored"), default=0, help_text=_("Photos without color when it was done.")
    )
    mailed_at = models.DateTimeField(_("mailed at"), null=True, blank=True)
    dismissed_at = models.DateTimeField(
        _("dismissed at"), null=True, blank=True, help_text=_("When its owner put the notice away.")
    )

    class Meta:
        ordering = ("-id",)
        verbose_name = _("upload batch")
        verbose_name_plural = _("upload batches")
        constraints = (
            models.UniqueConstraint(
                fields=("owner",), condition=models.Q(done_at=None), name="one_open_batch_per_owner"
            ),
        )

    def __str__(self) -> str:
        return gettext("Batch %(number)s") % {"number": self.pk}


class PartialUpload(models.Model):
    """A file that comes in pieces (tus). `offset` is the truth: bytes beyond it on disk do not count."""

    id = models.UUIDField(_("id"), primary_key=True, default=uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="partial_uploads", verbose_name=_("owner")
    )
    file_name = models.CharField(_("file name"), max_length=255, help_text=_("As sent, cleaned."))
    byte_size = models.PositiveBigIntegerField(_("byte size"), help_text=_("Of the whole file, as announced."))
    offset = models.PositiveBigIntegerField(
        _("offset"), default=0, help_text=_("Bytes that have arrived and are on disk.")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    changed_at = models.DateTimeField(_("changed at"), db_default=Now(), db_index=True)

    class Meta:
        ordering = ("-changed_at",)
        verbose_name = _("partial upload")
        verbose_name_plural = _("partial uploads")

    def __str__(self) -> str:
        told = {"name": self.file_name, "offset": self.offset, "size": self.byte_size}
        return gettext("%(name)s, %(offset)s of %(size)s bytes") % told

    @property
    def path(self) -> Path:
        return settings.PHOTOLAB_PARTIAL / str(self.pk)
