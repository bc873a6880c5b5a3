"""Starting and canceling a training run. What its worker says of it is runs.py's matter."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from gallery import files, queue
from gallery.keys import checkpoint_folder
from gallery.models import Admission, CollectedImage, ModelVersion, RunState, Side, TrainingRun, VersionState
from gallery.models.state import LIVE_RUN_STATES
from gallery.services.needs import what_it_needs, why_no_room
from gallery.services.run_settings import RunSettings, what_is_not_named
from gallery.services.snapshots import choose_sides

# A third of fewer would leave one picture to judge by.
FEWEST_PICTURES = 8
ONE_WAITS = gettext_noop("A training run waits already. Cancel it, or wait until it has begun.")


class TrainingRefused(Exception):
    """str() is one plain sentence: what is missing, in numbers where there are any."""


@dataclass(frozen=True)
class RunPlan:
    """What a start would do. With `problems` it would be refused; each is a sentence to show."""

    base: ModelVersion | None
    selected: int
    usable: int  # included, and no picture twice
    train: int
    holdout: int
    seconds: float
    memory_bytes: int
    disk_bytes: int
    notes: tuple[str, ...]  # what is not as it could be, and refuses nothing
    problems: tuple[str, ...]


def plan_run(settings: RunSettings, *, image_ids: Iterable[int] | None = None) -> RunPlan:
    """`image_ids`: the selected CollectedImages; None stands for all that are included when the run begins."""
    selected = _selected(image_ids)
    included = selected.filter(status=Admission.INCLUDED)
    sides = list(choose_sides(included).values())
    base = ModelVersion.objects.filter(status=VersionState.ACTIVE).first()
    train, holdout = sides.count(Side.TRAIN), sides.count(Side.HOLDOUT)
    pictures_bytes = included.aggregate(total=Sum("byte_size"))["total"] or 0
    needs = what_it_needs(settings, holdout=holdout, pictures_bytes=pictures_bytes)
    problems = [*settings.problems(), *why_not_enough(train, holdout), *why_no_room(needs)]
    if base is None:
        problems.append(
            _("There is no active model to start from. Start a worker once, so that it names the shipped one.")
        )
    if TrainingRun.objects.filter(status=RunState.QUEUED).exists():
        problems.append(_(ONE_WAITS))
    return RunPlan(
        base=base,
        selected=selected.count(),
        usable=len(sides),
        train=train,
        holdout=holdout,
        seconds=needs.seconds,
        memory_bytes=needs.memory_bytes,
        disk_bytes=needs.disk_bytes,
        notes=tuple(what_is_not_named(settings)),
        problems=tuple(problems),
    )


def start_run(
    by: AbstractBaseUser | None, settings: RunSettings, *, image_ids: Iterable[int] | None = None, note: str = ""
) -> TrainingRun:
    """A run that waits; while another runs, it begins after it. Raises TrainingRefused with the first problem.

    It starts from the version that is active now, even if another is promoted before it begins.
    """
    ids = None if image_ids is None else sorted(set(image_ids))
    plan = plan_run(settings, image_ids=ids)
    if plan.problems:
        raise TrainingRefused(plan.problems[0])
    try:
        with transaction.atomic():
            run = TrainingRun.objects.create(
                started_by=by,
                note=note.strip(),
                base_version=plan.base,
                settings=asdict(settings),
                steps=settings.steps,
                takes_all=ids is None,
            )
            if ids is not None:
                run.selected.set(_selected(ids))
            queue.ring_trainer_after_commit()
    except IntegrityError as error:
        raise TrainingRefused(_(ONE_WAITS)) from error
    return run


def cancel_run(run_id: int) -> bool:
    """False: it had ended already. A worker that holds it finds its claim lost at its next report."""
    with transaction.atomic():
        canceled = TrainingRun.objects.filter(pk=run_id).move(
            RunState.CANCELLED, only_if=LIVE_RUN_STATES, ended_at=Now(), checkpoint_key="", trouble="", eta_s=None
        )
        if canceled:
            files.delete_folder_after_commit(checkpoint_folder(run_id))
            queue.ring_trainer_after_commit()
    return canceled


def included_images(run: TrainingRun) -> QuerySet[CollectedImage]:
    """What a snapshot taken now would be made of."""
    images = CollectedImage.objects.all() if run.takes_all else run.selected.all()
    return images.filter(status=Admission.INCLUDED)


def why_not_enough(train: int, holdout: int) -> list[str]:
    usable = train + holdout
    if usable < FEWEST_PICTURES:
        told = _("Only %(usable)s of the pictures are usable; at least %(fewest)s are needed.")
        return [told % {"usable": usable, "fewest": FEWEST_PICTURES}]
    if not holdout:
        return [_("All of these pictures were learned from before, so none is left to judge by. Add new ones.")]
    if not train:
        return [_("All of these pictures are held out for judging, so none is left to learn from. Add new ones.")]
    return []


def _selected(image_ids: Iterable[int] | None) -> QuerySet[CollectedImage]:
    everything = CollectedImage.objects.all()
    return everything if image_ids is None else everything.filter(pk__in=list(image_ids))
