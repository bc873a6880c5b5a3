"""What a training run takes in time, memory and disk, reckoned without torch; and what speaks against it here.

Time is told by the last whole run; until there was one, by constants that were measured on two cores. The worker
reckons memory and disk anew when it knows the network, and refuses too.
"""

from dataclasses import dataclass

from gallery.models import RunState, TrainingRun, Worker
from gallery.queue import QUEUE_TRAIN
from gallery.services.run_settings import RunSettings

# As colorizer.finetuning reckons it; a test compares.
PROCESS_BYTES, PIXEL_BYTES = 1.3e9, 1600.0
RUN_BYTES = 450_000_000  # of the run's folder, for the largest network that is shipped
CHECKPOINT_BYTES = 2 * 250_000_000  # stored to go on from: a new one before the old one goes
# Seconds for each million pixels of training pictures, without and with an adversarial stage, and all the rest.
PIXELS_S, ADVERSARIAL_PIXELS_S, REST_S = 4.0, 5.0, 240.0


@dataclass(frozen=True)
class Needs:
    seconds: float
    memory_bytes: int
    disk_bytes: int


def what_it_needs(settings: RunSettings, pictures_bytes: int) -> Needs:
    """With pictures that take so many bytes where they are stored."""
    pixels = settings.batch_size * settings.crop**2
    return Needs(
        seconds=_seconds(settings),
        memory_bytes=round(PROCESS_BYTES + PIXEL_BYTES * pixels),
        disk_bytes=RUN_BYTES + CHECKPOINT_BYTES + pictures_bytes,
    )


def why_no_room(needs: Needs) -> list[str]:
    """By what the newest training worker tells. Nobody knows without one, nor of memory while another run has it."""
    trainer = Worker.objects.serving(QUEUE_TRAIN).order_by("-beat_at").first()
    if trainer is None:
        return []
    problems = []
    memory, disk = trainer.free_memory_bytes, trainer.free_disk_bytes
    if memory is not None and memory < needs.memory_bytes and not _another_runs():
        problems.append(
            f"Training needs {_gigabytes(needs.memory_bytes)} of memory, and {_gigabytes(memory)} are free: "
            "lower the batch size or the crop."
        )
    if disk is not None and disk < needs.disk_bytes:
        problems.append(
            f"Training needs {_gigabytes(needs.disk_bytes)} of disk, and {_gigabytes(disk)} are free: make room first."
        )
    return problems


def _seconds(settings: RunSettings) -> float:
    megapixels = settings.steps * settings.batch_size * settings.crop**2 / 1e6
    pixels_s, rest_s = _pace(settings)
    return megapixels * pixels_s + rest_s


def _pace(settings: RunSettings) -> tuple[float, float]:
    """Seconds for a million pixels, and for all that is no training, of the last whole run of this kind."""
    whole = TrainingRun.objects.filter(status=RunState.SUCCEEDED, attempt=1, error="", version__isnull=False)
    for run in whole.select_related("version").order_by("-pk")[:20]:
        chosen, training_s = RunSettings.of_row(run), run.version.card.get("recipe", {}).get("training_s")
        if training_s and chosen.adversarial == settings.adversarial:
            megapixels = chosen.steps * chosen.batch_size * chosen.crop**2 / 1e6
            return training_s / megapixels, max(0.0, (run.ended_at - run.claimed_at).total_seconds() - training_s)
    return (ADVERSARIAL_PIXELS_S if settings.adversarial else PIXELS_S), REST_S


def _another_runs() -> bool:
    return TrainingRun.objects.filter(status=RunState.RUNNING).exists()


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
