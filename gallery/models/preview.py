"""Preview, a quick look at a photograph that an open page waits for. Its row lives for a minute, answered once."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.photo import Photo
from gallery.models.state import PreviewQuerySet, PreviewState


class Preview(models.Model):
    class Kind(models.TextChoices):
        PICTURE = "picture", _("The photograph in the colors that are asked for")
        PALETTE = "palette", _("Colors that are likely at a place")
        DOUBT = "doubt", _("Where the colors are a guess")

    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="previews", verbose_name=_("photo"))
    kind = models.CharField(_("kind"), max_length=7, choices=Kind)
    asked = models.JSONField(
        _("asked"), default=dict, help_text=_("Settings, or the place of a palette: x and y in 0..1.")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=PreviewState, default=PreviewState.WAITING, db_index=True
    )
    told = models.JSONField(_("told"), default=dict, help_text=_("The answer, but for the picture."))
    picture = models.BinaryField(
        _("picture"), default=b"", help_text=_("JPEG, or PNG of a map; gone once it was fetched.")
    )
    error = models.TextField(_("error"), blank=True, help_text=_("In plain words, for the owner."))
    asked_at = models.DateTimeField(_("asked at"), db_default=Now(), db_index=True)
    changed_at = models.DateTimeField(_("changed at"), db_default=Now())

    objects = PreviewQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        verbose_name = _("preview")
        verbose_name_plural = _("previews")

    def __str__(self) -> str:
        words = {
            self.Kind.PICTURE: gettext("picture of photo %(photo)s"),
            self.Kind.PALETTE: gettext("palette of photo %(photo)s"),
            self.Kind.DOUBT: gettext("doubt of photo %(photo)s"),
        }
        return words[self.Kind(self.kind)] % {"photo": self.photo_id}
