"""Album, photos that belong together in an order of their owner's, and AlbumEntry, the place of one in it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.photo import Photo


class Album(models.Model):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="albums", verbose_name=_("owner")
    )
    title = models.CharField(_("title"), max_length=200)
    cover = models.ForeignKey(
        Photo,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None, or a photo that is not in the album any more: its first photo stands for it."),
        verbose_name=_("cover"),
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    photos = models.ManyToManyField(Photo, through="AlbumEntry", related_name="albums", verbose_name=_("photos"))

    class Meta:
        ordering = ("-id",)
        verbose_name = _("album")
        verbose_name_plural = _("albums")

    def __str__(self) -> str:
        return self.title


class AlbumEntry(models.Model):
    """A photo in the trash keeps its place."""

    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="entries", verbose_name=_("album"))
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="album_entries", verbose_name=_("photo"))
    position = models.PositiveIntegerField(
        _("position"), help_text=_("Grows along the album; numbers may be missing, none is twice.")
    )

    class Meta:
        ordering = ("position", "id")
        verbose_name = _("album entry")
        verbose_name_plural = _("album entries")
        constraints = (models.UniqueConstraint(fields=("album", "photo"), name="a_photo_once_in_an_album"),)
        indexes = (models.Index(fields=("album", "position"), name="album_in_order"),)

    def __str__(self) -> str:
        return gettext("photo %(photo)s in album %(album)s") % {"photo": self.photo_id, "album": self.album_id}
