"""TrainingRun, one retraining; its snapshot, picture by picture; and what it told about its progress."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from gallery.models.collected import CollectedImage
from gallery.models.state import LIVE_RUN_STATES, RunQuerySet, RunState
from gallery.models.worker import Worker


class Side(models.TextChoices):
    TRAIN = "train", "Learned from"
    HOLDOUT = "holdout", "Held out"


class TrainingRun(models.Model):
    status = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED, db_index=True)
    attempt = models.PositiveSmallIntegerField(
        default=0, help_text="Grows with each claim; what an older attempt reports is ignored."
    )
    given_back = models.PositiveSmallIntegerField(
        default=0, help_text="How many of the attempts ended since their worker was told to stop; those do not count."
    )
    worker = models.ForeignKey(Worker, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True)
    base_version = models.ForeignKey(
        "gallery.ModelVersion",
        on_delete=models.PROTECT,
        related_name="runs_from_it",
        help_text="Where it starts from; of a run that only judges, the version that was active when it was asked for.",
    )
    judges = models.ForeignKey(
        "gallery.ModelVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="judging_runs",
        help_text="A candidate that is put to the gate again. Such a run trains nothing; its steps are photographs.",
    )
    settings = models.JSONField(help_text="services.RunSettings, frozen at the start.")
    takes_all = models.BooleanField(help_text="All included pictures at the claim, or else the selected ones alone.")
    selected = models.ManyToManyField(CollectedImage, blank=True, related_name="+")
    snapshot_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the manifest, once frozen.")

    stage = models.CharField(max_length=100, blank=True)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(help_text="How many there will be in all.")
    pictures_per_s = models.FloatField(null=True, blank=True)
    eta_s = models.FloatField(null=True, blank=True)
    checkpoint_key = models.CharField(max_length=200, blank=True, help_text="Where the next attempt goes on from.")
    trouble = models.TextField(blank=True, help_text="In plain words: what does not work now and is tried again.")
    error = models.TextField(blank=True, help_text="In plain words: why it failed, or ended early with what it had.")

    queued_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="By the newest attempt.")
    ended_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now(), db_index=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
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
        return f"Training run {self.pk}" if self.judges_id is None else f"Gate run {self.pk}"

    @property
    def state_in_words(self) -> str:
        is_comparing = self.judges_id is not None and self.status == RunState.RUNNING
        return "Comparing" if is_comparing else self.get_status_display()

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_RUN_STATES


class SnapshotEntry(models.Model):
    """One picture of a run's frozen snapshot. When the picture is withdrawn, its digest is all that stays."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="snapshot")
    digest = models.CharField(max_length=64, db_index=True)
    side = models.CharField(max_length=7, choices=Side)
    collected = models.ForeignKey(
        CollectedImage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="snapshots",
        help_text="None once the picture is withdrawn or deleted.",
    )

    class Meta:
        ordering = ("digest",)
        verbose_name_plural = "snapshot entries"
        constraints = (models.UniqueConstraint(fields=("run", "digest"), name="one_entry_per_run_and_digest"),)

    def __str__(self) -> str:
        return f"{self.digest[:12]} ({self.side})"


class TrainingPoint(models.Model):
    """Losses at one step, for the curves; services.runs keeps their number bounded."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="points")
    step = models.PositiveIntegerField()
    losses = models.JSONField(help_text="Name of the loss: value.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("step",)
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="one_point_per_run_and_step"),)

    def __str__(self) -> str:
        return f"step {self.step}"


class TrainingEvaluation(models.Model):
    """The figures at one step, and the same few photographs as they were colored there."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="evaluations")
    step = models.PositiveIntegerField()
    figures = models.JSONField(help_text="Name of the figure: value.")
    sample_keys = models.JSONField(help_text="Storage names of JPEG pictures, always in the same order.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("step",)
        constraints = (models.UniqueConstraint(fields=("run", "step"), name="one_evaluation_per_run_and_step"),)

    def __str__(self) -> str:
        return f"evaluation at step {self.step}"
