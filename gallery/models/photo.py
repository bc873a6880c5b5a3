"""Photo, the uploaded original, and Removal, the short-lived trace of a deleted one."""

from pathlib import PurePath
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.upload import UploadBatch

if TYPE_CHECKING:
    from gallery.models.job import Job, Result


class DatePrecision(models.TextChoices):
    """How much of a date is known."""

    YEAR = "year", _("Year")
    MONTH = "month", _("Month")
    DAY = "day", _("Day")


class PhotoQuerySet(models.QuerySet):
    def outside_trash(self) -> "PhotoQuerySet":
        return self.filter(trashed_at=None)

    def with_state(self) -> "PhotoQuerySet":
        """Loads what latest_job and results need: two queries for any number of photos."""
        from gallery.models.job import Job

        jobs = Job.objects.select_related("result__model_version").order_by("-id")
        return self.prefetch_related(models.Prefetch("jobs", queryset=jobs, to_attr="jobs_newest_first"))


class Photo(models.Model):
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="photos", verbose_name=_("owner")
    )
    file_name = models.CharField(_("file name"), max_length=255, help_text=_("As uploaded, cleaned."))
    title = models.CharField(
        _("title"), max_length=200, blank=True, help_text=_("By its owner; blank: the file's name stands for it.")
    )
    taken_on = models.DateField(
        _("taken on"), null=True, blank=True, help_text=_("The first day of the year or month, if no more is known.")
    )
    taken_precision = models.CharField(_("taken precision"), max_length=5, choices=DatePrecision, blank=True)
    digest = models.CharField(_("digest"), max_length=64, help_text=_("SHA-256 of the uploaded bytes."))
    format = models.CharField(_("format"), max_length=8)
    width = models.PositiveIntegerField(_("width"), help_text=_("After the orientation is applied."))
    height = models.PositiveIntegerField(_("height"))
    byte_size = models.PositiveBigIntegerField(_("byte size"))
    has_color = models.BooleanField(_("has color"), help_text=_("The upload is neither grey nor toned."))
    is_toned = models.BooleanField(
        _("is toned"), default=False, help_text=_("Its pixels have one tone, such as sepia, and no colors.")
    )
    original_key = models.CharField(_("original key"), max_length=200)
    preview_key = models.CharField(_("preview key"), max_length=200)
    thumb_key = models.CharField(_("thumb key"), max_length=200)
    uploaded_at = models.DateTimeField(_("uploaded at"), db_default=Now())
    batch = models.ForeignKey(
        UploadBatch, on_delete=models.SET_NULL, null=True, blank=True, related_name="photos", verbose_name=_("batch")
    )
    trashed_at = models.DateTimeField(
        _("trashed at"), null=True, blank=True, help_text=_("None: it is not in the trash.")
    )

    position: int | None = None  # in the queue; no column, set by waiting.number_waiting
    was_restored = False  # from the trash just now; no column, set by services.upload_photo

    objects = PhotoQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = (models.UniqueConstraint(fields=("owner", "digest"), name="one_photo_per_owner_and_digest"),)
        indexes = (
            models.Index(fields=("owner", "-id"), condition=models.Q(trashed_at=None), name="photo_owner_newest_first"),
            models.Index(
                fields=("owner", "-trashed_at"), condition=models.Q(trashed_at__isnull=False), name="photo_in_trash"
            ),
            models.Index(fields=("owner", "taken_on"), name="photo_owner_taken"),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def name(self) -> str:
        """What it is called on pages."""
        return self.title or self.stem

    @property
    def stem(self) -> str:
        return PurePath(self.file_name).stem or "photo"

    @property
    def file_keys(self) -> tuple[str, str, str]:
        return self.original_key, self.preview_key, self.thumb_key

    @property
    def all_jobs(self) -> list["Job"]:
        """Newest first; read once, whether with_state() has loaded them or not."""
        if not hasattr(self, "jobs_newest_first"):
            self.jobs_newest_first: list[Job] = list(self.jobs.select_related("result__model_version").order_by("-id"))
        return self.jobs_newest_first

    @property
    def latest_job(self) -> "Job | None":
        """It says what state the photo is in; proposals do not."""
        return next((job for job in self.all_jobs if not job.is_proposal), None)

    @property
    def results(self) -> list["Result"]:
        """The newest first, or the one that the owner went back to since; proposals that nobody chose come last."""
        results = [job.result for job in self.all_jobs if job.has_result]
        return sorted(results, key=lambda one: (not one.job.is_proposal, one.shown_at, one.pk), reverse=True)

    @property
    def shown_result(self) -> "Result | None":
        return next((result for result in self.results if not result.job.is_proposal), None)

    @property
    def other_results(self) -> list["Result"]:
        shown = self.shown_result
        return [result for result in self.results if result != shown]


class Removal(models.Model):
    """Tells the owner's open pages that a photo is gone; upkeep sweeps it away after a minute."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    photo_id = models.BigIntegerField(_("photo id"))
    removed_at = models.DateTimeField(_("removed at"), db_default=Now(), db_index=True)

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")

    def __str__(self) -> str:
        return gettext("photo %(number)s") % {"number": self.photo_id}
