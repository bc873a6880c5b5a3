"""Worker: one process that colors photos or trains, known by its heartbeat."""

from datetime import timedelta
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

SILENT_AFTER = timedelta(seconds=10)


class WorkerQuerySet(models.QuerySet):
    def live(self) -> "WorkerQuerySet":
        return self.filter(beat_at__gte=Now() - SILENT_AFTER)

    def serving(self, queue: str) -> "WorkerQuerySet":
        """Live ones that take from a queue of gallery.queue."""
        return self.live().filter(queue=queue)


class Worker(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=255, help_text="host:process")
    queue = models.CharField(max_length=50)
    device = models.CharField(max_length=50)
    model_name = models.CharField(max_length=100, blank=True, help_text="Blank until the generator is loaded.")
    model_digest = models.CharField(max_length=64, blank=True)
    model_number = models.PositiveIntegerField(null=True, blank=True, help_text="Of the version that it colors with.")
    weights_error = models.TextField(
        blank=True, help_text="Why it colors with another version than the active one, in plain words."
    )
    free_memory_bytes = models.PositiveBigIntegerField(null=True, blank=True, help_text="Told where it trains.")
    free_disk_bytes = models.PositiveBigIntegerField(null=True, blank=True, help_text="Of its data folder.")
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now(), db_index=True)
    jobs_done = models.PositiveIntegerField(default=0)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("-beat_at",)

    def __str__(self) -> str:
        return self.name
