"""What training may learn from: CollectedImage; TrainingConsent, what people said about their photos; KeptOut."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from gallery.models.photo import Photo


class Origin(models.TextChoices):
    COLOR_UPLOAD = "upload", "Upload in color"
    STAFF_UPLOAD = "staff", "Uploaded by staff for training"
    ACCEPTED_RESULT = "result", "Result that its owner accepted"


class Admission(models.TextChoices):
    INCLUDED = "included", "Included"
    SET_ASIDE = "set_aside", "Set aside"
    EXCLUDED = "excluded", "Excluded by staff"


class TrainingConsent(models.Model):
    """One word said by a user, about one of their photos or, without a photo, about the whole account.

    Rows are only added: who said what and when stays on record. gallery.services.consent says what they add up to.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="training_consents")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, null=True, blank=True, related_name="training_consents")
    is_given = models.BooleanField(help_text="Given, or else revoked.")
    said_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("user", "photo", "-id"), name="newest_consent"),)

    def __str__(self) -> str:
        about = f"photo {self.photo_id}" if self.photo_id else "the account"
        return f"{'yes' if self.is_given else 'no'} for {about}"


class CollectedImage(models.Model):
    """A color picture admitted to training, or set aside with the reason.

    What is stored is a copy for training: JPEG, upright, sRGB, short side at most admission.TRAINING_SIDE pixels. It
    belongs to this row alone and dies with it, whatever becomes of the photo's own files.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="collected_images")
    photo = models.ForeignKey(
        Photo,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="collected_images",
        help_text="None for what staff uploaded for training.",
    )
    origin = models.CharField(max_length=6, choices=Origin)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes as they were uploaded or made.")
    phash = models.CharField(
        max_length=16, blank=True, help_text="64 bits in hexadecimal; near pictures differ in few."
    )
    colorfulness = models.FloatField(help_text="Hasler and Süsstrunk 2003: 0 none, 15 slight, 33 moderate, 59 strong.")
    width = models.PositiveIntegerField(help_text="Of the original, after the orientation is applied.")
    height = models.PositiveIntegerField()
    file_key = models.CharField(max_length=200, blank=True, help_text="Blank when the picture could not be read.")
    thumb_key = models.CharField(max_length=200, blank=True)
    byte_size = models.PositiveBigIntegerField(help_text="Of the stored copy.")
    consented_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=Admission, db_index=True)
    reason = models.TextField(blank=True, help_text="Why it is set aside or excluded, in plain words.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who of the staff included or excluded it; none when the rules decided.",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("owner", "digest"), name="one_collected_image_per_owner_and_digest"),
        )

    def __str__(self) -> str:
        return f"picture {self.pk}"

    @property
    def file_keys(self) -> tuple[str, ...]:
        return tuple(key for key in (self.file_key, self.thumb_key) if key)


class KeptOut(models.Model):
    """A picture of a visitor that staff have ruled out, by its digest: whatever its owner allows, it is not collected.

    It outlives the picture, and goes with its owner's account or when staff take it back.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes as they were uploaded or made.")
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        verbose_name = "picture kept out"
        verbose_name_plural = "pictures kept out"
        constraints = (models.UniqueConstraint(fields=("owner", "digest"), name="one_kept_out_per_owner_and_digest"),)

    def __str__(self) -> str:
        return f"picture {self.digest[:12]} of {self.owner}"
