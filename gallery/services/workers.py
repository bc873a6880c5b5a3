"""How a worker makes itself known, stays known and leaves."""

from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from gallery.models import Worker


@dataclass(frozen=True)
class WorkerFacts:
    id: UUID
    name: str
    queue: str
    device: str


@dataclass(frozen=True)
class WorkerState:
    """What a worker tells with each beat; None and blank where it does not know, or it is not its matter."""

    model_name: str = ""
    model_digest: str = ""
    model_number: int | None = None
    weights_error: str = ""
    free_memory_bytes: int | None = None
    free_disk_bytes: int | None = None
    memory_bytes: int | None = None
    device_memory_bytes: int | None = None
    at_once: int = 1
    samples: list[dict[str, Any]] = field(default_factory=list)


def register_worker(facts: WorkerFacts) -> None:
    """Also brings back the row of a worker that was silent for so long that upkeep removed it."""
    Worker.objects.update_or_create(
        pk=facts.id,
        defaults={"name": facts.name, "queue": facts.queue, "device": facts.device, "beat_at": Now()},
    )


def beat(worker_id: UUID, told: WorkerState) -> bool:
    """False: the row is gone, and the worker has to register again."""
    return Worker.objects.filter(pk=worker_id).update(beat_at=Now(), **asdict(told)) == 1


def retire_worker(worker_id: UUID) -> None:
    Worker.objects.filter(pk=worker_id).delete()
