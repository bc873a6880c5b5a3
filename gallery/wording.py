"""Retraining in words that the start page and the terminal share: a plan to read, a selection of pictures to give."""

from gallery.models import Worker
from gallery.queue import QUEUE_TRAIN
from gallery.services import RunPlan
from gallery.templatetags.gallery_display import about_time

ALL = "all"
NOT_A_SELECTION = 'Give "all", or numbers of collected images with commas between them: 3,5,8.'
NO_TRAINER = "No training worker is running: the run waits until one is started."


def describe_plan(plan: RunPlan) -> list[tuple[str, str]]:
    """Name and value of each fact."""
    return [
        ("Starts from", str(plan.base) if plan.base else "nothing: no version is active"),
        ("Pictures selected", str(plan.selected)),
        ("Usable", f"{plan.usable} (included, and none twice)"),
        ("To learn from", str(plan.train)),
        ("Held out to judge by", str(plan.holdout)),
        ("Expected time", about_time(plan.seconds)),
        ("Memory needed", f"{plan.memory_bytes / 1e9:.1f} GB"),
        ("Disk needed", f"{plan.disk_bytes / 1e9:.1f} GB"),
    ]


def read_selection(text: str) -> list[int] | None:
    """None stands for all. Raises ValueError, whose str() is one plain sentence."""
    if text.strip() == ALL:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise ValueError(NOT_A_SELECTION)
    return [int(part) for part in parts]


def write_selection(image_ids: list[int] | None) -> str:
    """What read_selection reads."""
    return ALL if image_ids is None else ",".join(map(str, image_ids))


def why_it_may_wait() -> str:
    """Empty while a training worker is live."""
    return "" if Worker.objects.serving(QUEUE_TRAIN).exists() else NO_TRAINER
