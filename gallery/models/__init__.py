"""The rows of the gallery. Rules that span rows live in gallery/services."""

from gallery.models.account import AccountLimits, AccountPreferences, ApiKey, KeptAnswer, Scope
from gallery.models.album import Album, AlbumEntry
from gallery.models.collected import Admission, CollectedImage, KeptOut, Origin, TrainingConsent
from gallery.models.integrity import IntegrityCheck
from gallery.models.job import Job, Priority, Result
from gallery.models.photo import DatePrecision, Photo, Removal
from gallery.models.preview import Preview
from gallery.models.run import Side, SnapshotEntry, TrainingEvaluation, TrainingPoint, TrainingRun
from gallery.models.share import Share, SharedCopy
from gallery.models.state import MAX_ATTEMPTS, Cause, CheckState, JobState, PreviewState, RunState, VersionState
from gallery.models.upload import PartialUpload, UploadBatch
from gallery.models.version import ModelVersion, VersionEvent, Vote
from gallery.models.webhook import DeliveryState, Webhook, WebhookDelivery, WebhookEvent
from gallery.models.worker import QueuePause, Worker

__all__ = [
    "MAX_ATTEMPTS",
    "AccountLimits",
    "AccountPreferences",
    "Admission",
    "Album",
    "AlbumEntry",
    "ApiKey",
    "Cause",
    "CheckState",
    "CollectedImage",
    "DatePrecision",
    "DeliveryState",
    "IntegrityCheck",
    "Job",
    "JobState",
    "KeptAnswer",
    "KeptOut",
    "ModelVersion",
    "Origin",
    "PartialUpload",
    "Photo",
    "Preview",
    "PreviewState",
    "Priority",
    "QueuePause",
    "Removal",
    "Result",
    "RunState",
    "Scope",
    "Share",
    "SharedCopy",
    "Side",
    "SnapshotEntry",
    "TrainingConsent",
    "TrainingEvaluation",
    "TrainingPoint",
    "TrainingRun",
    "UploadBatch",
    "VersionEvent",
    "VersionState",
    "Vote",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "Worker",
]
