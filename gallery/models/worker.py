"""Worker, one process that colors photos or trains, known by its heartbeat, and QueuePause, which stops them."""

from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

SILENT_AFTER = timedelta(seconds=10)


class WorkerQuerySet(models.QuerySet):
    def live(self) -> "WorkerQuerySet":
        """A beat from the future is none: the database's clock was set back, and a living worker beats again soon."""
        return self.filter(beat_at__gte=Now() - SILENT_AFTER, beat_at__lte=Now() + SILENT_AFTER)

    def serving(self, queue: str) -> "WorkerQuerySet":
        """Live ones that take from a queue of gallery.queue."""
        return self.live().filter(queue=queue)

    def taking(self, queue: str) -> "WorkerQuerySet":
        """Those of them that are not drained."""
        return self.serving(queue).filter(drained_at=None)


class Worker(models.Model):
    id = models.UUIDField(_("id"), primary_key=True, default=uuid4, editable=False)
    name = models.CharField(_("name"), max_length=255, help_text=_("host:process"))
    queue = models.CharField(_("queue"), max_length=50)
    device = models.CharField(_("device"), max_length=50)
    model_name = models.CharField(
        _("model name"), max_length=100, blank=True, help_text=_("Blank until the generator is loaded.")
    )
    model_digest = models.CharField(_("model digest"), max_length=64, blank=True)
    model_number = models.PositiveIntegerField(
        _("model number"), null=True, blank=True, help_text=_("Of the version that it colors with.")
    )
    weights_error = models.TextField(
        _("weights error"),
        blank=True,
        help_text=_("Why it colors with another version than the active one, in plain words."),
    )
    free_memory_bytes = models.PositiveBigIntegerField(
        _("free memory bytes"), null=True, blank=True, help_text=_("Told where it trains.")
    )
    free_disk_bytes = models.PositiveBigIntegerField(
        _("free disk bytes"), null=True, blank=True, help_text=_("Of its data folder.")
    )
    memory_bytes = models.PositiveBigIntegerField(
        _("memory bytes"), null=True, blank=True, help_text=_("What its process holds.")
    )
    device_memory_bytes = models.PositiveBigIntegerField(
        _("device memory bytes"), null=True, blank=True, help_text=_("What it holds on a device with its own memory.")
    )
    at_once = models.PositiveSmallIntegerField(
        _("at once"), default=1, help_text=_("How many photos it takes through the network together, at most.")
    )
    drained_at = models.DateTimeField(
        _("drained at"),
        null=True,
        blank=True,
        help_text=_("Since then it takes nothing new, so that it can be stopped."),
    )
    started_at = models.DateTimeField(_("started at"), db_default=Now())
    beat_at = models.DateTimeField(_("beat at"), db_default=Now(), db_index=True)
    samples = models.JSONField(
        _("samples"), default=list, editable=False, help_text=_("What its process counts, for gallery.metrics.")
    )
    jobs_done = models.PositiveIntegerField(_("jobs done"), default=0)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("-beat_at",)
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        permissions = (("run_queues", "Can pause queues and drain workers"),)

    def __str__(self) -> str:
        return self.name


class QueuePause(models.Model):
    """While the row is there, no worker takes anything from the queue; what has begun goes on."""

    queue = models.CharField(_("queue"), max_length=50, unique=True)
    paused_at = models.DateTimeField(_("paused at"), db_default=Now())
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("paused by")
    )

    class Meta:
        verbose_name = _("pause of a queue")
        verbose_name_plural = _("pauses of queues")

    def __str__(self) -> str:
        return self.queue
