"""Starting and canceling a training run. What its worker says of it is runs.py's matter."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from gallery import files, queue
from gallery.keys import checkpoint_folder
from gallery.models import Admission, CollectedImage, ModelVersion, RunState, Side, TrainingRun, VersionState
from gallery.models.state import LIVE_RUN_STATES
from gallery.services.snapshots import choose_sides

# A third of fewer would leave one picture to judge by.
FEWEST_PICTURES = 8
MOST_STEPS, HIGHEST_LEARNING_RATE, HIGHEST_BASE_SHARE = 1_000_000, 0.01, 0.95
ONE_WAITS = "A training run waits already. Cancel it, or wait until it has begun."


class TrainingRefused(Exception):
    """str() is one plain sentence: what is missing, in numbers where there are any."""


@dataclass(frozen=True)
class RunSettings:
    steps: int = 1500
    learning_rate: float = 1e-4
    adversarial: bool = False
    base_share: float = 0.5  # of each batch, from the corpus that must not be forgotten; 0 to 0.95
    seed: int = 0

    @classmethod
    def of_row(cls, run: TrainingRun) -> "RunSettings":
        return cls(**run.settings)


@dataclass(frozen=True)
class RunPlan:
    """What a start would do. With `problems` it would be refused; each is a sentence to show."""

    base: ModelVersion | None
    selected: int
    usable: int  # included, and no picture twice
    train: int
    holdout: int
    problems: tuple[str, ...]


def plan_run(settings: RunSettings, *, image_ids: Iterable[int] | None = None) -> RunPlan:
    """`image_ids`: the selected CollectedImages; None stands for all that are included when the run begins."""
    selected = _selected(image_ids)
    sides = list(choose_sides(selected.filter(status=Admission.INCLUDED)).values())
    base = ModelVersion.objects.filter(status=VersionState.ACTIVE).first()
    train, holdout = sides.count(Side.TRAIN), sides.count(Side.HOLDOUT)
    problems = [*_why_not_with(settings), *why_not_enough(train, holdout)]
    if base is None:
        problems.append(
            "There is no active model to start from. Start a worker once, so that it names the shipped one."
        )
    if TrainingRun.objects.filter(status=RunState.QUEUED).exists():
        problems.append(ONE_WAITS)
    return RunPlan(base, selected.count(), len(sides), train, holdout, tuple(problems))


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
        raise TrainingRefused(ONE_WAITS) from error
    return run


def cancel_run(run_id: int) -> bool:
    """False: it had ended already. A worker that holds it finds its claim lost at its next report."""
    with transaction.atomic():
        canceled = TrainingRun.objects.filter(pk=run_id).move(
            RunState.CANCELLED, only_if=LIVE_RUN_STATES, ended_at=Now(), checkpoint_key=""
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
        return [f"Only {usable} of the pictures are usable; at least {FEWEST_PICTURES} are needed."]
    if not holdout:
        return ["All of these pictures were learned from before, so none is left to judge by. Add new ones."]
    if not train:
        return ["All of these pictures are held out for judging, so none is left to learn from. Add new ones."]
    return []


def _selected(image_ids: Iterable[int] | None) -> QuerySet[CollectedImage]:
    everything = CollectedImage.objects.all()
    return everything if image_ids is None else everything.filter(pk__in=list(image_ids))


def _why_not_with(settings: RunSettings) -> list[str]:
    bounds: Mapping[str, bool] = {
        f"The number of steps must be between 1 and {MOST_STEPS}.": 1 <= settings.steps <= MOST_STEPS,
        f"The learning rate must be above 0 and at most {HIGHEST_LEARNING_RATE:g}.": (
            0 < settings.learning_rate <= HIGHEST_LEARNING_RATE
        ),
        f"The share of the base corpus must be between 0 and {HIGHEST_BASE_SHARE:g}.": (
            0 <= settings.base_share <= HIGHEST_BASE_SHARE
        ),
    }
    return [sentence for sentence, holds in bounds.items() if not holds]
