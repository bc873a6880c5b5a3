"""What training may learn from: CollectedImage; TrainingConsent, what people said about their photos; KeptOut."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.photo import Photo


class Origin(models.TextChoices):
    COLOR_UPLOAD = "upload", _("Upload in color")
    STAFF_UPLOAD = "staff", _("Uploaded by staff for training")
    ACCEPTED_RESULT = "result", _("Result that its owner accepted")


class Admission(models.TextChoices):
    INCLUDED = "included", _("Included")
    SET_ASIDE = "set_aside", _("Set aside")
    EXCLUDED = "excluded", _("Excluded by staff")


class TrainingConsent(models.Model):
    """One word said by a user, about one of their photos or, without a photo, about the whole account.

    Rows are only added: who said what and when stays on record. gallery.services.consent says what they add up to.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="training_consents", verbose_name=_("user")
    )
    photo = models.ForeignKey(
        Photo,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="training_consents",
        verbose_name=_("photo"),
    )
    is_given = models.BooleanField(_("is given"), help_text=_("Given, or else revoked."))
    said_at = models.DateTimeField(_("said at"), db_default=Now())

    class Meta:
        ordering = ("-id",)
        verbose_name = _("training consent")
        verbose_name_plural = _("training consents")
        indexes = (models.Index(fields=("user", "photo", "-id"), name="newest_consent"),)

    def __str__(self) -> str:
        if self.photo_id is None:
            return gettext("yes for the account") if self.is_given else gettext("no for the account")
        words = gettext("yes for photo %(photo)s") if self.is_given else gettext("no for photo %(photo)s")
        return words % {"photo": self.photo_id}


class CollectedImage(models.Model):
    """A color picture admitted to training, or set aside with the reason.

    What is stored is a copy for training: JPEG, upright, sRGB, short side at most admission.TRAINING_SIDE pixels. It
    belongs to this row alone and dies with it, whatever becomes of the photo's own files.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collected_images", verbose_name=_("owner")
    )
    photo = models.ForeignKey(
        Photo,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="collected_images",
        help_text=_("None for what staff uploaded for training."),
        verbose_name=_("photo"),
    )
    origin = models.CharField(_("origin"), max_length=6, choices=Origin)
    digest = models.CharField(
        _("digest"), max_length=64, help_text=_("SHA-256 of the bytes as they were uploaded or made.")
    )
    phash = models.CharField(
        _("phash"), max_length=16, blank=True, help_text=_("64 bits in hexadecimal; near pictures differ in few.")
    )
    colorfulness = models.FloatField(
        _("colorfulness"), help_text=_("Hasler and Süsstrunk 2003: 0 none, 15 slight, 33 moderate, 59 strong.")
    )
    width = models.PositiveIntegerField(_("width"), help_text=_("Of the original, after the orientation is applied."))
    height = models.PositiveIntegerField(_("height"))
    file_key = models.CharField(
        _("file key"), max_length=200, blank=True, help_text=_("Blank when the picture could not be read.")
    )
    thumb_key = models.CharField(_("thumb key"), max_length=200, blank=True)
    byte_size = models.PositiveBigIntegerField(_("byte size"), help_text=_("Of the stored copy."))
    consented_at = models.DateTimeField(_("consented at"))
    status = models.CharField(_("status"), max_length=9, choices=Admission, db_index=True)
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it is set aside or excluded, in plain words."))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who of the staff included or excluded it; none when the rules decided."),
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    class Meta:
        ordering = ("-id",)
        verbose_name = _("collected image")
        verbose_name_plural = _("collected images")
        constraints = (
            models.UniqueConstraint(fields=("owner", "digest"), name="one_collected_image_per_owner_and_digest"),
        )

    def __str__(self) -> str:
        return gettext("picture %(number)s") % {"number": self.pk}

    @property
    def file_keys(self) -> tuple[str, ...]:
        return tuple(key for key in (self.file_key, self.thumb_key) if key)


class KeptOut(models.Model):
    """A picture of a visitor that staff have ruled out, by its digest: whatever its owner allows, it is not collected.

    It outlives the picture, and goes with its owner's account or when staff take it back.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    digest = models.CharField(
        _("digest"), max_length=64, help_text=_("SHA-256 of the bytes as they were uploaded or made.")
    )
    reason = models.TextField(_("reason"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), db_default=Now())

    class Meta:
        ordering = ("-id",)
        verbose_name = _("picture kept out")
        verbose_name_plural = _("pictures kept out")
        constraints = (models.UniqueConstraint(fields=("owner", "digest"), name="one_kept_out_per_owner_and_digest"),)

    def __str__(self) -> str:
        return gettext("picture %(digest)s of %(owner)s") % {"digest": self.digest[:12], "owner": self.owner}
