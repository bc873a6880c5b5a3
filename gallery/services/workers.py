"""How a worker makes itself known, stays known and leaves."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Now

from gallery.models import Worker


@dataclass(frozen=True)
class WorkerFacts:
    id: UUID
    name: str
    queue: str
    device: str


def register_worker(facts: WorkerFacts) -> None:
    """Also brings back the row of a worker that was silent for so long that upkeep removed it."""
    Worker.objects.update_or_create(
        pk=facts.id,
        defaults={"name": facts.name, "queue": facts.queue, "device": facts.device, "beat_at": Now()},
    )


def beat(worker_id: UUID, *, model_name: str = "", model_digest: str = "") -> bool:
    """False: the row is gone, and the worker has to register again."""
    beaten = Worker.objects.filter(pk=worker_id)
    return beaten.update(beat_at=Now(), model_name=model_name, model_digest=model_digest) == 1


def retire_worker(worker_id: UUID) -> None:
    Worker.objects.filter(pk=worker_id).delete()
