"""Retraining in words that the start page and the terminal share: a plan to read, a selection of pictures to give."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from gallery.figures import written
from gallery.models import TrainingRun, Worker
from gallery.queue import QUEUE_TRAIN
from gallery.services import RunPlan
from gallery.templatetags.gallery_display import about_time

ALL = "all"
NOT_A_SELECTION = gettext_noop('Give "all", or numbers of collected images with commas between them: 3,5,8.')
NO_TRAINER = gettext_noop("No training worker is running: the run waits until one is started.")


def describe_plan(plan: RunPlan) -> list[tuple[str, str]]:
    """Name and value of each fact."""
    return [
        (_("Starts from"), str(plan.base) if plan.base else _("nothing: no version is active")),
        (_("Pictures selected"), str(plan.selected)),
        (_("Usable"), _("%(count)d (included, and none twice)") % {"count": plan.usable}),
        (_("To learn from"), str(plan.train)),
        (_("Held out to judge by"), str(plan.holdout)),
        (_("Expected time"), about_time(plan.seconds)),
        (_("Memory needed"), f"{written(plan.memory_bytes / 1e9, 1)} GB"),
        (_("Disk needed"), f"{written(plan.disk_bytes / 1e9, 1)} GB"),
    ]


def read_selection(text: str) -> list[int] | None:
    """None stands for all. Raises ValueError, whose str() is one plain sentence."""
    if text.strip() == ALL:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise ValueError(_(NOT_A_SELECTION))
    return [int(part) for part in parts]


def write_selection(image_ids: list[int] | None) -> str:
    """What read_selection reads."""
    return ALL if image_ids is None else ",".join(map(str, image_ids))


def why_it_may_wait() -> str:
    """Empty while a training worker is live."""
    return "" if Worker.objects.serving(QUEUE_TRAIN).exists() else _(NO_TRAINER)


def is_in_the_queue(run: TrainingRun) -> str:
    """What is told after a start."""
    told = _("%(run)s is in the queue.") % {"run": run}
    return f"{told} {why_it_may_wait()}"
