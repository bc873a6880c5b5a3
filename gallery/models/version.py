"""ModelVersion, one trained generator; VersionEvent, the log of what was done with it; Vote, one judgment by eye."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from gallery.models.run import TrainingRun
from gallery.models.state import VersionQuerySet, VersionState


class ModelVersion(models.Model):
    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the weights file.")
    weights_key = models.CharField(
        max_length=200, blank=True, help_text="Blank: the file that PHOTOLAB_WEIGHTS names, or removed since."
    )
    weights_removed_at = models.DateTimeField(null=True, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    run = models.OneToOneField(
        TrainingRun, on_delete=models.PROTECT, null=True, blank=True, related_name="version", help_text="None: shipped."
    )
    status = models.CharField(max_length=9, choices=VersionState, default=VersionState.CANDIDATE, db_index=True)
    metrics = models.JSONField(default=dict, blank=True)
    gate = models.JSONField(
        default=list,
        blank=True,
        help_text="A list of {rule, candidate, active, passed}; passed is null if not applied.",
    )
    comparisons = models.JSONField(
        default=list, blank=True, help_text="Golden photographs in both versions' colors; see services.NewVersion."
    )
    compared_with = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Which version the gate and the comparisons call active.",
    )
    card = models.JSONField(default=dict, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        permissions = (("promote_version", "Can promote, roll back and reject model versions"),)
        constraints = (
            models.UniqueConstraint(
                fields=("status",), condition=models.Q(status=VersionState.ACTIVE), name="one_active_version"
            ),
        )

    def __str__(self) -> str:
        return f"version {self.number} ({self.name})"

    @property
    def failed_rules(self) -> list[dict]:
        """A rule whose figure is not defined here (no skin, no golden set) has `passed` None, and is not failed."""
        return [rule for rule in self.gate if rule["passed"] is False]

    @property
    def passed_gate(self) -> bool:
        """A version that was never put to the gate has not passed it."""
        return any(rule["passed"] for rule in self.gate) and not self.failed_rules


class VersionEvent(models.Model):
    """Rows are only added: who did what with a version, when and why."""

    class Action(models.TextChoices):
        SHIPPED = "shipped", _("Shipped")
        TRAINED = "trained", _("Trained")
        JUDGED = "judged", _("Put to the gate again")
        PROMOTED = "promoted", _("Promoted")
        ROLLED_BACK = "rolled_back", _("Rolled back to")
        REJECTED = "rejected", _("Rejected")
        WEIGHTS_REMOVED = "weights_removed", _("Weights removed")

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="events")
    action = models.CharField(max_length=15, choices=Action)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.version}: {self.get_action_display()}"


class Vote(models.Model):
    """Which of two colorings of one golden photograph somebody liked better, not knowing which was which."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="votes")
    against = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")
    photograph = models.CharField(max_length=200, help_text="Its name in the golden set.")
    prefers_version = models.BooleanField(help_text="The version, or else the one that it stood against.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("version", "against", "photograph", "by"), name="one_vote_per_person_and_photograph"
            ),
        )

    def __str__(self) -> str:
        return f"{self.photograph}: {self.version if self.prefers_version else self.against}"
