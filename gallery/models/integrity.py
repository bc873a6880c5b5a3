"""IntegrityCheck, one look at whether rows and stored files agree, and what it found."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery.models.state import CheckQuerySet, CheckState


class IntegrityCheck(models.Model):
    """Asked for by staff, made by upkeep or on the command line. While it runs, `changed_at` is its heart."""

    class Problem(models.TextChoices):
        """Values of `kind` in `problems`."""

        MISSING = "missing", _("The file is not in the storage")
        SIZE = "size", _("The file has another size than the row says")
        DAMAGED = "damaged", _("The bytes have another digest than the row says")
        NO_RESULT = "no_result", _("The job is done and has no result")
        NOT_DONE = "not_done", _("There is a result, and its job is not done")

    status = models.CharField(_("status"), max_length=7, choices=CheckState, default=CheckState.WAITING, db_index=True)
    attempt = models.PositiveSmallIntegerField(
        _("attempt"), default=0, help_text=_("Grows with each claim; what an older attempt reports is ignored.")
    )
    reads_bytes = models.BooleanField(
        _("reads bytes"),
        default=False,
        help_text=_("Also read originals, results and weights, and compare their SHA-256."),
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("None: it was started on the command line."),
        verbose_name=_("asked by"),
    )
    asked_at = models.DateTimeField(_("asked at"), db_default=Now())
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed at"), db_default=Now())
    files_named = models.PositiveBigIntegerField(_("files named"), default=0, help_text=_("By rows; looked at so far."))
    files_read = models.PositiveBigIntegerField(_("files read"), default=0)
    bytes_read = models.PositiveBigIntegerField(_("bytes read"), default=0)
    problem_count = models.PositiveIntegerField(_("problem count"), default=0)
    problems = models.JSONField(
        _("problems"), default=list, blank=True, help_text=_("The first of them: a list of {kind, row, key}.")
    )
    stray_count = models.PositiveIntegerField(
        _("stray count"), default=0, help_text=_("Stored files, older than an hour, that no row names.")
    )
    stray_bytes = models.PositiveBigIntegerField(_("stray bytes"), default=0)
    error = models.TextField(_("error"), blank=True, help_text=_("In plain words: why it could not be made."))

    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("integrity check")
        verbose_name_plural = _("integrity checks")
        constraints = (
            models.UniqueConstraint(
                fields=("status",), condition=models.Q(status=CheckState.RUNNING), name="one_running_check"
            ),
            models.UniqueConstraint(
                fields=("status",), condition=models.Q(status=CheckState.WAITING), name="one_waiting_check"
            ),
        )

    def __str__(self) -> str:
        return gettext("Integrity check %(number)s") % {"number": self.pk}

    @property
    def is_live(self) -> bool:
        return self.status in (CheckState.WAITING, CheckState.RUNNING)

    @property
    def found_nothing(self) -> bool:
        return self.status == CheckState.DONE and self.problem_count == 0
