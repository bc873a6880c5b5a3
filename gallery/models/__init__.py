"""The rows of the gallery. Rules that span rows live in gallery/services."""

from gallery.models.job import Job, Result
from gallery.models.photo import Photo, Removal
from gallery.models.state import MAX_ATTEMPTS, JobState
from gallery.models.worker import Worker

__all__ = ["MAX_ATTEMPTS", "Job", "JobState", "Photo", "Removal", "Result", "Worker"]
