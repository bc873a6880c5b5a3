"""The rows of the gallery. Rules that span rows live in gallery/services."""

from gallery.models.collected import Admission, CollectedImage, KeptOut, Origin, TrainingConsent
from gallery.models.job import Job, Priority, Result
from gallery.models.photo import Photo, Removal
from gallery.models.run import Side, SnapshotEntry, TrainingEvaluation, TrainingPoint, TrainingRun
from gallery.models.state import MAX_ATTEMPTS, JobState, RunState, VersionState
from gallery.models.version import ModelVersion, VersionEvent, Vote
from gallery.models.worker import Worker

__all__ = [
    "MAX_ATTEMPTS",
    "Admission",
    "CollectedImage",
    "Job",
    "JobState",
    "KeptOut",
    "ModelVersion",
    "Origin",
    "Photo",
    "Priority",
    "Removal",
    "Result",
    "RunState",
    "Side",
    "SnapshotEntry",
    "TrainingConsent",
    "TrainingEvaluation",
    "TrainingPoint",
    "TrainingRun",
    "VersionEvent",
    "VersionState",
    "Vote",
    "Worker",
]
