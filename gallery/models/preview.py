"""Preview, a quick look at a photograph that an open page waits for. Its row lives for a minute, answered once."""

from django.db import models
from django.db.models.functions import Now

from gallery.models.photo import Photo
from gallery.models.state import PreviewQuerySet, PreviewState


class Preview(models.Model):
    class Kind(models.TextChoices):
        PICTURE = "picture", "The photograph in the colors that are asked for"
        PALETTE = "palette", "Colors that are likely at a place"
        DOUBT = "doubt", "Where the colors are a guess"

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="previews")
    kind = models.CharField(max_length=7, choices=Kind)
    asked = models.JSONField(default=dict, help_text="Settings, or the place of a palette: x and y in 0..1.")
    status = models.CharField(max_length=10, choices=PreviewState, default=PreviewState.WAITING, db_index=True)
    told = models.JSONField(default=dict, help_text="The answer, but for the picture.")
    picture = models.BinaryField(default=b"", help_text="JPEG, or PNG of a map; gone once it was fetched.")
    error = models.TextField(blank=True, help_text="In plain words, for the owner.")
    asked_at = models.DateTimeField(db_default=Now(), db_index=True)
    changed_at = models.DateTimeField(db_default=Now())

    objects = PreviewQuerySet.as_manager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.kind} of photo {self.photo_id}"
