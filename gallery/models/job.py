"""Job, one order to color one photo, and Result, the color picture that it made."""

from django.db import models
from django.db.models.functions import Now

from gallery.models.photo import Photo
from gallery.models.state import LIVE_STATES, JobQuerySet, JobState
from gallery.models.version import ModelVersion
from gallery.models.worker import Worker


class Priority(models.IntegerChoices):
    """The smaller number is colored first; among equals, the older job."""

    INTERACTIVE = 0, "Somebody waits for it"
    BATCH = 10, "When nobody waits"


class Job(models.Model):
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="jobs")
    status = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED, db_index=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.INTERACTIVE)
    attempt = models.PositiveSmallIntegerField(
        default=0, help_text="Grows with each claim; what an older attempt reports is ignored."
    )
    settings = models.JSONField(
        default=dict, blank=True, help_text="What gallery.variants.VariantSettings.as_json gives: empty is as usual."
    )
    settings_digest = models.CharField(
        max_length=64, blank=True, default="", help_text="Names the settings; blank for the usual ones."
    )
    is_proposal = models.BooleanField(
        default=False, help_text="One of several to choose from: its result is not shown before somebody chooses it."
    )
    worker = models.ForeignKey(Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs")
    error = models.TextField(blank=True, help_text="In plain words, for the owner.")
    queued_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now(), db_index=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("photo", "settings_digest"),
                condition=models.Q(status__in=LIVE_STATES),
                name="one_live_job_per_photo_and_settings",
            ),
        )

    def __str__(self) -> str:
        return f"Job {self.pk}"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_STATES

    @property
    def has_result(self) -> bool:
        return self.status == JobState.DONE and hasattr(self, "result")


class Result(models.Model):
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="result")
    image_key = models.CharField(max_length=200)
    preview_key = models.CharField(max_length=200)
    thumb_key = models.CharField(max_length=200)
    format = models.CharField(max_length=8)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    byte_size = models.PositiveBigIntegerField()
    model_name = models.CharField(max_length=100)
    model_digest = models.CharField(max_length=64)
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="results",
        help_text="None: older than the list of versions.",
    )
    settings = models.JSONField(default=dict, blank=True, help_text="What the generator was told: name and value.")
    duration_s = models.FloatField(help_text="From claim to finish.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the image, once it was collected.")
    created_at = models.DateTimeField(db_default=Now())
    shown_at = models.DateTimeField(db_default=Now(), help_text="A photo shows the result where this is the latest.")
    accepted_at = models.DateTimeField(
        null=True, blank=True, help_text="When the owner said that these colors are right."
    )

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"Result of job {self.job_id}"

    @property
    def file_keys(self) -> tuple[str, str, str]:
        return self.image_key, self.preview_key, self.thumb_key
