"""What the product does, one use case = one transaction. Pages, API, admin and worker all come here."""

from gallery.services.jobs import (
    Attempt,
    Claim,
    ColoredFiles,
    cancel,
    claim,
    claim_next,
    fail,
    finish,
    requeue,
    retry_photo,
)
from gallery.services.photos import (
    Uploaded,
    delete_account,
    delete_jobs,
    delete_photos,
    upload_photo,
)
from gallery.services.workers import WorkerFacts, beat, register_worker, retire_worker

__all__ = [
    "Attempt",
    "Claim",
    "ColoredFiles",
    "Uploaded",
    "WorkerFacts",
    "beat",
    "cancel",
    "claim",
    "claim_next",
    "delete_account",
    "delete_jobs",
    "delete_photos",
    "fail",
    "finish",
    "register_worker",
    "requeue",
    "retire_worker",
    "retry_photo",
    "upload_photo",
]
