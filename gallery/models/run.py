"""TrainingRun, one retraining; its snapshot, picture by picture; and what it told about its progress."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.collected import CollectedImage
from gallery.models.state import LIVE_RUN_STATES, RunQuerySet, RunState
from gallery.models.worker import Worker


class Side(models.TextChoices):
    TRAIN = "train", _("Learned from")
    HOLDOUT = "holdout", _("Held out")


class TrainingRun(models.Model):
    status = models.CharField(_("status"), max_length=10, choices=RunState, default=RunState.QUEUED, db_index=True)
    attempt = models.PositiveSmallIntegerField(
        _("attempt"), default=0, help_text=_("Grows with each claim; what an older attempt reports is ignored.")
    )
    given_back = models.PositiveSmallIntegerField(
        _("given back"),
        default=0,
        help_text=_("How many of the attempts ended since their worker was told to stop; those do not count."),
    )
    worker = models.ForeignKey(
        Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs", verbose_name=_("worker")
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("started by"),
    )
    note = models.TextField(_("note"), blank=True)
    base_version = models.ForeignKey(
        "gallery.ModelVersion",
        on_delete=models.PROTECT,
        related_name="runs_from_it",
        help_text=_(
            "Where it starts from; of a run that only judges, the version that was active when it was asked for."
        ),
        verbose_name=_("base version"),
    )
    judges = models.ForeignKey(
        "gallery.ModelVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="judging_runs",
        help_text=_("A candidate that is put to the gate again. Such a run trains nothing; its steps are photographs."),
        verbose_name=_("judges"),
    )
    settings = models.JSONField(_("settings"), help_text=_("services.RunSettings, frozen at the start."))
    takes_all = models.BooleanField(
        _("takes all"), help_text=_("All included pictures at the claim, or else the selected ones alone.")
    )
    selected = models.ManyToManyField(CollectedImage, blank=True, related_name="+", verbose_name=_("selected"))
    snapshot_digest = models.CharField(
        _("snapshot digest"), max_length=64, blank=True, help_text=_("SHA-256 of the manifest, once frozen.")
    )

    stage = models.CharField(_("stage"), max_length=100, blank=True)
    step = models.PositiveIntegerField(_("step"), default=0)
    steps = models.PositiveIntegerField(_("steps"), help_text=_("How many there will be in all."))
    pictures_per_s = models.FloatField(_("pictures per s"), null=True, blank=True)
    eta_s = models.FloatField(_("eta s"), null=True, blank=True)
    checkpoint_key = models.CharField(
        _("checkpoint key"), max_length=200, blank=True, help_text=_("Where the next attempt goes on from.")
    )
    trouble = models.TextField(
        _("trouble"), blank=True, help_text=_("In plain words: what does not work now and is tried again.")
    )
    error = models.TextField(
        _("error"), blank=True, help_text=_("In plain words: why it failed, or ended early with what it had.")
    )

    queued_at = models.DateTimeField(_("queued at"), db_default=Now())
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True, help_text=_("By the newest attempt."))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed at"), db_default=Now(), db_index=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        permissions = (("start_training", "Can start and cancel training runs"),)
        constraints = (
            models.UniqueConstraint(
                fields=("status",), condition=models.Q(status=RunState.RUNNING), name="one_running_training"
            ),
            models.UniqueConstraint(
                fields=("status",), condition=models.Q(status=RunState.QUEUED), name="one_queued_training"
            ),
        )

    def __str__(self) -> str:
        words = gettext("Training run %(number)s") if self.judges_id is None else gettext("Gate run %(number)s")
        return words % {"number": self.pk}

    @property
    def state_in_words(self) -> str:
        is_comparing = self.judges_id is not None and self.status == RunState.RUNNING
        return gettext("Comparing") if is_comparing else self.get_status_display()

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_RUN_STATES


class SnapshotEntry(models.Model):
    """One picture of a run's frozen snapshot. When the picture is withdrawn, its digest is all that stays."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="snapshot", verbose_name=_("run"))
    digest = models.CharField(_("digest"), max_length=64, db_index=True)
    side = models.CharField(_("side"), max_length=7, choices=Side)
    collected = models.ForeignKey(
        CollectedImage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="snapshots",
        help_text=_("None once the picture is withdrawn or deleted."),
        verbose_name=_("collected"),
    )

    class Meta:
        ordering = ("digest",)
        verbose_name = _("snapshot entry")
        verbose_name_plural = _("snapshot entries")
        constraints = (models.UniqueConstraint(fields=("run", "digest"), name="one_entry_per_run_and_digest"),)

    def __str__(self) -> str:
        return f"{self.digest[:12]} ({self.side})"


class TrainingPoint(models.Model):
    """Losses at one step, for the curves; services.runs keeps their number bounded."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="points", verbose_name=_("run"))
    step = models.PositiveIntegerField(_("step"))
    losses = models.JSONField(_("losses"), help_text=_("Name of the loss: value."))
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        ordering = ("step",)
        verbose_name = _("training point")
        verbose_name_plural = _("training points")
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="one_point_per_run_and_step"),)

    def __str__(self) -> str:
        return gettext("step %(step)s") % {"step": self.step}


class TrainingEvaluation(models.Model):
    """The figures at one step, and the same few photographs as they were colored there."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="evaluations", verbose_name=_("run"))
    step = models.PositiveIntegerField(_("step"))
    figures = models.JSONField(_("figures"), help_text=_("Name of the figure: value."))
    sample_keys = models.JSONField(
        _("sample keys"), help_text=_("Storage names of JPEG pictures, always in the same order.")
    )
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        ordering = ("step",)
        verbose_name = _("training evaluation")
        verbose_name_plural = _("training evaluations")
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="one_evaluation_per_run_and_step"),)

    def __str__(self) -> str:
        return gettext("evaluation at step %(step)s") % {"step": self.step}
