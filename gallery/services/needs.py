"""What a training run takes in time, memory and disk, reckoned without torch; and what speaks against it here.

Time is told by the last whole run; until there was one, by what was measured on a machine with two cores, of which a
training takes one. The worker reckons memory and disk anew when it knows the network, and refuses too.
"""

from dataclasses import dataclass

from django.conf import settings as site
from django.utils.translation import gettext as _

from gallery.figures import written
from gallery.models import RunState, TrainingRun, Worker
from gallery.queue import QUEUE_TRAIN
from gallery.services.run_settings import RunSettings

# As colorizer.finetuning reckons it; a test compares.
PROCESS_BYTES, PIXEL_BYTES = 1.3e9, 1600.0
RUN_BYTES = 450_000_000  # of the run's folder, for the largest network that is shipped
CHECKPOINT_BYTES = 2 * 250_000_000  # stored to go on from: a new one before the old one goes
# Seconds of one processor with the shipped network: for a million pixels of training pictures, without and with a
# discriminator; for a picture that is evaluated, and one that the gate looks at; for all the rest, about.
PIXELS_S, ADVERSARIAL_PIXELS_S, EVALUATED_S, JUDGED_S, REST_S = 5.3, 6.1, 0.45, 0.5, 30.0
EVALUATIONS, MOST_EVALUATED, MOST_JUDGED = 9, 64, 128  # the worker's


@dataclass(frozen=True)
class Needs:
    seconds: float
    memory_bytes: int
    disk_bytes: int


def what_it_needs(settings: RunSettings, *, holdout: int, pictures_bytes: int) -> Needs:
    """With so many pictures held out, and all pictures of so many bytes."""
    pixels = settings.batch_size * settings.crop**2
    return Needs(
        seconds=_seconds(settings, holdout),
        memory_bytes=round(PROCESS_BYTES + PIXEL_BYTES * pixels),
        disk_bytes=RUN_BYTES + CHECKPOINT_BYTES + pictures_bytes,
    )


def why_no_room(needs: Needs) -> list[str]:
    """By what the newest training worker tells. Nobody knows without one, nor of memory while another run has it."""
    trainer = Worker.objects.serving(QUEUE_TRAIN).order_by("-beat_at").first()
    if trainer is None:
        return []
    memory = None if _another_runs() else trainer.free_memory_bytes
    return what_is_too_little(memory=(needs.memory_bytes, memory), disk=(needs.disk_bytes, trainer.free_disk_bytes))


def what_is_too_little(*, memory: tuple[int, int | None], disk: tuple[int, int | None]) -> list[str]:
    """A sentence for each, with the numbers. Both are bytes: needed, and free, or None where nobody can tell."""
    problems = []
    for (needed, free), told in (
        (
            memory,
            _("Training needs %(needed)s GB of memory, and %(free)s GB are free: lower the batch size or the crop."),
        ),
        (disk, _("Training needs %(needed)s GB of disk, and %(free)s GB are free: make room first.")),
    ):
        if free is not None and free < needed:
            problems.append(told % {"needed": written(needed / 1e9, 1), "free": written(free / 1e9, 1)})
    return problems


def _seconds(settings: RunSettings, holdout: int) -> float:
    """As the last whole run of this kind took: each step, and all that is no training."""
    whole = TrainingRun.objects.filter(status=RunState.SUCCEEDED, attempt=1, error="", version__isnull=False)
    for run in whole.select_related("version").order_by("-pk")[:20]:
        chosen, training_s = RunSettings.of_row(run), run.version.card.get("recipe", {}).get("training_s")
        if training_s and chosen.adversarial == settings.adversarial:
            rest_s = max(0.0, (run.ended_at - run.claimed_at).total_seconds() - training_s)
            return training_s * _megapixels(settings) / _megapixels(chosen) + rest_s
    judged = min(holdout, MOST_JUDGED) + (MOST_JUDGED if site.PHOTOLAB_GOLDEN else 0)
    evaluated = EVALUATIONS * min(holdout, MOST_EVALUATED)
    pixels_s = ADVERSARIAL_PIXELS_S if settings.adversarial else PIXELS_S
    return _megapixels(settings) * pixels_s + evaluated * EVALUATED_S + judged * JUDGED_S + REST_S


def _megapixels(settings: RunSettings) -> float:
    return settings.steps * settings.batch_size * settings.crop**2 / 1e6


def _another_runs() -> bool:
    return TrainingRun.objects.filter(status=RunState.RUNNING).exists()
