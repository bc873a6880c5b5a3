"""Share, a link that opens a photo or an album for whoever has it, and SharedCopy, a file that was made for one."""

import secrets

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.album import Album
from gallery.models.photo import Photo

SIGNER = Signer(salt="gallery.share", sep=".")


def new_code() -> str:
    """72 bits, so that no two links are ever the same; what keeps a link from being guessed is its signature."""
    return secrets.token_urlsafe(9)


class ShareQuerySet(models.QuerySet):
    def live(self) -> "ShareQuerySet":
        """Those that open something now."""
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=Now()),
            models.Q(photo=None) | models.Q(photo__trashed_at=None),
            revoked_at=None,
            owner__is_active=True,
        )

    def with_token(self, token: str) -> "ShareQuerySet":
        """One at most; none for a token that this site did not sign."""
        try:
            return self.filter(code=SIGNER.unsign(token))
        except BadSignature:
            return self.none()


class Share(models.Model):
    """Its token is `code`, signed with the site's secret key: the owner can be shown it at any time, and the database
    alone, or a copy of it, opens nothing."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares", verbose_name=_("owner")
    )
    photo = models.ForeignKey(
        Photo, on_delete=models.CASCADE, null=True, blank=True, related_name="shares", verbose_name=_("photo")
    )
    album = models.ForeignKey(
        Album, on_delete=models.CASCADE, null=True, blank=True, related_name="shares", verbose_name=_("album")
    )
    code = models.CharField(_("code"), max_length=12, unique=True, default=new_code)
    expires_at = models.DateTimeField(
        _("expires at"), null=True, blank=True, help_text=_("None: never, which its owner has chosen.")
    )
    password = models.CharField(
        _("password"), max_length=128, blank=True, help_text=_("Hashed; blank: none is asked for.")
    )
    allow_download = models.BooleanField(_("allow download"), default=True)
    show_location = models.BooleanField(
        _("show location"), default=False, help_text=_("Files go out as they are, with all their notes.")
    )
    mark = models.BooleanField(_("mark"), default=False, help_text=_("Colored pictures have a mark in the corner."))
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    opened_count = models.PositiveIntegerField(_("opened count"), default=0)
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True, help_text=_("The last time."))

    objects = ShareQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(photo=None) ^ models.Q(album=None), name="a_share_is_of_a_photo_or_an_album"
            ),
        )

    def __str__(self) -> str:
        return gettext("Share %(number)s") % {"number": self.pk}

    @property
    def token(self) -> str:
        return SIGNER.sign(self.code)

    @property
    def title(self) -> str:
        return self.album.title if self.album else self.photo.name


class SharedCopy(models.Model):
    """Made of a stored file when somebody first asked for it. That file's key names it: a stored file never changes."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="copies", verbose_name=_("share"))
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="shared_copies", verbose_name=_("photo"))
    source_key = models.CharField(_("source key"), max_length=200)
    key = models.CharField(_("key"), max_length=200)
    format = models.CharField(_("format"), max_length=8)

    class Meta:
        verbose_name = _("shared copy")
        verbose_name_plural = _("shared copies")
        constraints = (models.UniqueConstraint(fields=("share", "source_key"), name="one_copy_per_share_and_file"),)

    def __str__(self) -> str:
        return gettext("copy for share %(number)s") % {"number": self.share_id}
