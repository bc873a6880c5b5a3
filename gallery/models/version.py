"""ModelVersion, one trained generator; VersionEvent, the log of what was done with it; Vote, one judgment by eye."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.run import TrainingRun
from gallery.models.state import VersionQuerySet, VersionState


class ModelVersion(models.Model):
    number = models.PositiveIntegerField(_("number"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(_("digest"), max_length=64, unique=True, help_text=_("SHA-256 of the weights file."))
    weights_key = models.CharField(
        _("weights key"),
        max_length=200,
        blank=True,
        help_text=_("Blank: the file that PHOTOLAB_WEIGHTS names, or removed since."),
    )
    weights_removed_at = models.DateTimeField(_("weights removed at"), null=True, blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    run = models.OneToOneField(
        TrainingRun,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="version",
        help_text=_("None: shipped."),
        verbose_name=_("run"),
    )
    status = models.CharField(
        _("status"), max_length=9, choices=VersionState, default=VersionState.CANDIDATE, db_index=True
    )
    metrics = models.JSONField(_("metrics"), default=dict, blank=True)
    gate = models.JSONField(
        _("gate"),
        default=list,
        blank=True,
        help_text=_("A list of {rule, candidate, active, passed}; passed is null if not applied."),
    )
    comparisons = models.JSONField(
        _("comparisons"),
        default=list,
        blank=True,
        help_text=_("Golden photographs in both versions' colors; see services.NewVersion."),
    )
    compared_with = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Which version the gate and the comparisons call active."),
        verbose_name=_("compared with"),
    )
    card = models.JSONField(_("card"), default=dict, blank=True)
    activated_at = models.DateTimeField(_("activated at"), null=True, blank=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    changed_at = models.DateTimeField(_("changed at"), db_default=Now())

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        permissions = (("promote_version", "Can promote, roll back and reject model versions"),)
        constraints = (
            models.UniqueConstraint(
                fields=("status",), condition=models.Q(status=VersionState.ACTIVE), name="one_active_version"
            ),
        )

    def __str__(self) -> str:
        return gettext("version %(number)s (%(name)s)") % {"number": self.number, "name": self.name}

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

    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="events", verbose_name=_("version")
    )
    action = models.CharField(_("action"), max_length=15, choices=Action)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    reason = models.TextField(_("reason"), blank=True)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        ordering = ("-id",)
        verbose_name = _("version event")
        verbose_name_plural = _("version events")

    def __str__(self) -> str:
        return f"{self.version}: {self.get_action_display()}"


class Vote(models.Model):
    """Which of two colorings of one golden photograph somebody liked better, not knowing which was which."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="votes", verbose_name=_("version"))
    against = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+", verbose_name=_("against"))
    photograph = models.CharField(_("photograph"), max_length=200, help_text=_("Its name in the golden set."))
    prefers_version = models.BooleanField(
        _("prefers version"), help_text=_("The version, or else the one that it stood against.")
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        ordering = ("-id",)
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        constraints = (
            models.UniqueConstraint(
                fields=("version", "against", "photograph", "by"), name="one_vote_per_person_and_photograph"
            ),
        )

    def __str__(self) -> str:
        return f"{self.photograph}: {self.version if self.prefers_version else self.against}"
