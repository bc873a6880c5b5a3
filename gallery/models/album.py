"""Album, photos that belong together in an order of their owner's, and AlbumEntry, the place of one in it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from gallery.models.photo import Photo


class Album(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="albums")
    title = models.CharField(max_length=200)
    cover = models.ForeignKey(
        Photo,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="None, or a photo that is not in the album any more: its first photo stands for it.",
    )
    created_at = models.DateTimeField(db_default=Now())
    photos = models.ManyToManyField(Photo, through="AlbumEntry", related_name="albums")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.title


class AlbumEntry(models.Model):
    """A photo in the trash keeps its place."""

    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="entries")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="album_entries")
    position = models.PositiveIntegerField(help_text="Grows along the album; numbers may be missing, none is twice.")

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("album", "photo"), name="a_photo_once_in_an_album"),)
        indexes = (models.Index(fields=("album", "position"), name="album_in_order"),)

    def __str__(self) -> str:
        return f"photo {self.photo_id} in album {self.album_id}"
