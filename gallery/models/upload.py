"""What one person uploads together, and what has arrived of a large file so far."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class UploadBatch(models.Model):
    """Everything that one person uploads until all of it has ended. At most one of a person's is open."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="upload_batches")
    added_at = models.DateTimeField(db_default=Now(), help_text="When its latest photo arrived.")
    all_sent_at = models.DateTimeField(null=True, blank=True, help_text="When the page said that no more will come.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When no job of its photos was live any more.")
    colored = models.PositiveIntegerField(default=0, help_text="Photos in color when it was done.")
    not_colored = models.PositiveIntegerField(default=0, help_text="Photos without color when it was done.")
    mailed_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True, help_text="When its owner put the notice away.")

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "upload batches"
        constraints = (
            models.UniqueConstraint(
                fields=("owner",), condition=models.Q(done_at=None), name="one_open_batch_per_owner"
            ),
        )

    def __str__(self) -> str:
        return f"Batch {self.pk}"


class PartialUpload(models.Model):
    """A file that comes in pieces (tus). `offset` is the truth: bytes beyond it on disk do not count."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="partial_uploads")
    file_name = models.CharField(max_length=255, help_text="As sent, cleaned.")
    byte_size = models.PositiveBigIntegerField(help_text="Of the whole file, as announced.")
    offset = models.PositiveBigIntegerField(default=0, help_text="Bytes that have arrived and are on disk.")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        ordering = ("-changed_at",)

    def __str__(self) -> str:
        return f"{self.file_name}, {self.offset} of {self.byte_size} bytes"
