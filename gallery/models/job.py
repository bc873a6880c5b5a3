"""Job, one order to color one photo, and Result, the color picture that it made."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.photo import Photo
from gallery.models.state import LIVE_STATES, Cause, JobQuerySet, JobState
from gallery.models.version import ModelVersion
from gallery.models.worker import Worker


class Priority(models.IntegerChoices):
    """The smaller number is colored first; among equals, whose turn it is (services.turns)."""

    INTERACTIVE = 0, _("Somebody waits for it")
    BATCH = 10, _("When nobody waits")


class Job(models.Model):
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="jobs", verbose_name=_("photo"))
    status = models.CharField(_("status"), max_length=10, choices=JobState, default=JobState.QUEUED, db_index=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.INTERACTIVE)
    turn = models.PositiveIntegerField(
        _("turn"), default=0, help_text=_("Accounts take turns: the smaller number first, then the older job.")
    )
    attempt = models.PositiveSmallIntegerField(
        _("attempt"), default=0, help_text=_("Grows with each claim; what an older attempt reports is ignored.")
    )
    settings = models.JSONField(
        _("settings"),
        default=dict,
        blank=True,
        help_text=_("What gallery.variants.VariantSettings.as_json gives: empty is as usual."),
    )
    settings_digest = models.CharField(
        _("settings digest"),
        max_length=64,
        blank=True,
        default="",
        help_text=_("Names the settings; blank for the usual ones."),
    )
    is_proposal = models.BooleanField(
        _("is proposal"),
        default=False,
        help_text=_("One of several to choose from: its result is not shown before somebody chooses it."),
    )
    worker = models.ForeignKey(
        Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs", verbose_name=_("worker")
    )
    error = models.TextField(_("error"), blank=True, help_text=_("In plain words, for the owner."))
    cause = models.CharField(_("cause"), max_length=8, choices=Cause, blank=True, help_text=_("Of a job that failed."))
    queued_at = models.DateTimeField(_("queued at"), db_default=Now())
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed at"), db_default=Now(), db_index=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = (
            models.UniqueConstraint(
                fields=("photo", "settings_digest"),
                condition=models.Q(status__in=LIVE_STATES),
                name="one_live_job_per_photo_and_settings",
            ),
        )
        # Not one of waiting jobs alone: SQLite would not see that a query with parameters may use it.
        indexes = (models.Index(fields=("status", "priority", "turn", "id"), name="job_in_line"),)

    def __str__(self) -> str:
        return gettext("Job %(number)s") % {"number": self.pk}

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_STATES

    @property
    def has_result(self) -> bool:
        return self.status == JobState.DONE and hasattr(self, "result")


class Result(models.Model):
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="result", verbose_name=_("job"))
    image_key = models.CharField(_("image key"), max_length=200)
    preview_key = models.CharField(_("preview key"), max_length=200)
    thumb_key = models.CharField(_("thumb key"), max_length=200)
    format = models.CharField(_("format"), max_length=8)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    byte_size = models.PositiveBigIntegerField(_("byte size"))
    model_name = models.CharField(_("model name"), max_length=100)
    model_digest = models.CharField(_("model digest"), max_length=64)
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="results",
        help_text=_("None: older than the list of versions."),
        verbose_name=_("model version"),
    )
    settings = models.JSONField(
        _("settings"), default=dict, blank=True, help_text=_("What the generator was told: name and value.")
    )
    duration_s = models.FloatField(_("duration s"), help_text=_("From claim to finish."))
    stage_s = models.JSONField(
        _("stage s"), default=dict, blank=True, help_text=_("Seconds in each stage of the work: name and value.")
    )
    digest = models.CharField(
        _("digest"), max_length=64, blank=True, help_text=_("SHA-256 of the image, once it was collected.")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    shown_at = models.DateTimeField(
        _("shown at"), db_default=Now(), help_text=_("A photo shows the result where this is the latest.")
    )
    accepted_at = models.DateTimeField(
        _("accepted at"), null=True, blank=True, help_text=_("When the owner said that these colors are right.")
    )

    class Meta:
        ordering = ("-id",)
        verbose_name = _("result")
        verbose_name_plural = _("results")

    def __str__(self) -> str:
        return gettext("Result of job %(number)s") % {"number": self.job_id}

    @property
    def is_corrected(self) -> bool:
        """Its owner told colors, or what has none. More or less vivid, warm or fine is no correction."""
        return any(self.job.settings.get(name) for name in ("hints", "keep_grey"))

    @property
    def file_keys(self) -> tuple[str, str, str]:
        return self.image_key, self.preview_key, self.thumb_key
