"""What a run tells the site while it works: progress now and then, figures with samples, checkpoints, and trouble.

A storage that is away costs a training samples and checkpoints for a while, and never the run: what has to wait for
it is tried again for some minutes, and the run's page says so.
"""

import errno
import logging
import math
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import Error, close_old_connections
from django.utils import timezone
from PIL import Image

from colorizer import ColorizerError
from colorizer.config import HOLDOUT
from colorizer.reports import Evaluated, Progress
from colorizer.sheet import GAP, HEADER
from gallery import files, services
from gallery.decoding import PREVIEW_QUALITY, encode_jpeg
from gallery.keys import new_checkpoint_key, new_sample_keys
from gallery.services import Heard, RunClaim, TrainingRefused
from worker import trainer

TELL_EVERY_S = 2.0
# A training saves its state every minute, so what a killed one loses is less than two.
KEEP_EVERY_S = 45.0
PATIENCE_S = 60.0  # with a database that does not answer
STORAGE_PATIENCE_S, ASK_STORAGE_EVERY_S = 600.0, 5.0
PREPARING, COMPARING, STORING = "Preparing the pictures", "Comparing with the active version", "Storing"
LEARNING = "Learning"

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class ClaimLost(Exception):
    """The run was canceled, or another worker has it."""


def in_words(error: Exception) -> str:
    """Why a run failed, or cannot go on now, and what to do about it, for staff."""
    match error:
        case TrainingRefused() | ColorizerError():
            return str(error)
        case MemoryError():
            return trainer.NO_MEMORY
        case OSError(errno=errno.ENOSPC):
            return "The disk of the training worker's machine, or of the storage, is full: make room there."
        case FileNotFoundError():
            return f"A file that the run needs is not there any more ({error})."
        case _:
            return f"The storage or the disk cannot do what the run needs ({error})."


def patiently(ask: Callable[[], Answer]) -> Answer:
    """A database that is away for a moment costs time, never the run. Raises django.db.Error after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            close_old_connections()
            return ask()
        except Error as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("The database does not answer, and is asked again (%s)", error)
            time.sleep(1)


@dataclass(frozen=True)
class Evaluation:
    """What a training found out at one step. `samples` are JPEG pictures, still to be stored."""

    step: int
    figures: dict[str, float]
    samples: list[bytes]


class Teller:
    """Speaks for one claim; whatever it says, it raises ClaimLost once the claim is lost."""

    def __init__(self, claim: RunClaim, folder: Path) -> None:
        """`folder` is the training's own, where its state will be."""
        self._claim, self._folder = claim, folder
        # Where it judges, steps are photographs, and how many there are is not known yet.
        self._step, self._steps = 0, claim.settings.steps if claim.judges is None else 0
        self._stage, self._trouble = "", ""
        self._told_at = -math.inf
        self._kept_at, self._kept = time.monotonic(), 0
        self._untold: list[Evaluation] = []

    def begin(self, stage: str, *, eta_s: float = math.nan) -> None:
        """What is done while no step is: the pictures are prepared, the outcome is judged."""
        self._tell(services.Progress(stage, self._step, self._steps, math.nan, eta_s, {}, self._trouble))

    def step_done(self, report: Progress) -> None:
        self._step, self._steps = report.step, report.steps
        if time.monotonic() - self._told_at >= TELL_EVERY_S or report.step == report.steps:
            rate, left = report.pictures_per_s, report.seconds_left
            self._tell(services.Progress(LEARNING, report.step, report.steps, rate, left, report.losses, self._trouble))
        if time.monotonic() - self._kept_at >= KEEP_EVERY_S:
            self._kept_at = time.monotonic()
            self._try(self._store_all)

    def compared(self, done: int, total: int, *, began: float) -> None:
        """Photographs that the gate has looked at since `began`, by time.monotonic()."""
        if self._claim.judges is not None:
            self._step, self._steps = done, total
        if time.monotonic() - self._told_at >= TELL_EVERY_S or done == total:
            self.begin(COMPARING, eta_s=(time.monotonic() - began) * (total - done) / done)

    def evaluated(self, report: Evaluated) -> None:
        figures, samples = report.figures[HOLDOUT]["generator"], cut(report.sheets[HOLDOUT])
        self._untold.append(Evaluation(report.step, figures, samples))
        self._try(self._record_evaluations)

    def settle(self) -> None:
        """At the end of a training: store what still waits to be, and what another worker can judge."""
        self.insist(self._store_all)

    def insist(self, act: Callable[[], Answer]) -> Answer:
        """Do what the run cannot go on without. Raises the storage's errors after minutes; a missing file's at once."""
        deadline, until = time.monotonic() + STORAGE_PATIENCE_S, timezone.now() + timedelta(seconds=STORAGE_PATIENCE_S)
        while True:
            try:
                answer = act()
            except FileNotFoundError:
                raise
            except files.storage_errors() as error:
                if time.monotonic() > deadline:
                    raise
                logger.warning("The storage is asked again (%s)", error)
                self._trouble = f"{in_words(error)} It is tried again until {until:%H:%M} UTC."
                self.begin(self._stage)
                time.sleep(ASK_STORAGE_EVERY_S)
            else:
                self._trouble = ""
                return answer

    def _try(self, act: Callable[[], None]) -> None:
        """What can wait is tried again at the next checkpoint."""
        try:
            act()
        except files.storage_errors() as error:
            logger.warning("The training goes on without the storage (%s)", error)
            self._trouble = f"{in_words(error)} The training goes on; samples and checkpoints wait for the storage."
        else:
            self._trouble = ""

    def _store_all(self) -> None:
        self._record_evaluations()
        self._keep()

    def _record_evaluations(self) -> None:
        while self._untold:
            self._record(self._untold[0])
            del self._untold[0]

    def _record(self, one: Evaluation) -> None:
        keys = new_sample_keys(self._claim.run_id, self._claim.attempt, step=one.step, count=len(one.samples))
        with files.gone_unless_done(keys):
            for key, sample in zip(keys, one.samples, strict=True):
                files.store(key, sample)
            if not patiently(
                lambda: services.record_evaluation(self._claim, one.step, figures=one.figures, sample_keys=keys)
            ):
                raise ClaimLost

    def _keep(self) -> None:
        """Store what another worker can go on from, if there is something new."""
        state = self._folder / "state.safetensors"
        saved = state.stat().st_mtime_ns if state.exists() else 0
        if saved == self._kept:
            return
        key = new_checkpoint_key(self._claim.run_id, self._claim.attempt)
        with files.gone_unless_done([key]):
            with pack(self._folder).open("rb") as packed:
                files.store(key, File(packed))
            if not patiently(lambda: services.keep_checkpoint(self._claim, key)):
                raise ClaimLost
        self._kept = saved

    def _tell(self, progress: services.Progress) -> None:
        if patiently(lambda: services.report_progress(self._claim, progress)) is not Heard.GO_ON:
            raise ClaimLost
        self._stage, self._told_at = progress.stage, time.monotonic()


def pack(folder: Path) -> Path:
    """One file of what a training goes on from: its state, what it began with, its newest checkpoint."""
    made = sorted(folder.glob("step-*.safetensors"), key=lambda path: int(path.stem.removeprefix("step-")))
    names = [folder / "state.safetensors", folder / "log.jsonl", folder / "step-00000.json"]
    if made:
        names += [made[-1], made[-1].with_suffix(".json")]
    packed = folder / "checkpoint.tar"
    with tarfile.open(packed, "w") as archive:
        for path in dict.fromkeys(names):
            if path.exists():
                archive.add(path, path.name)
    return packed


def unpack(key: str, folder: Path) -> None:
    """Raises the storage's errors, and tarfile.TarError."""
    folder.mkdir(parents=True, exist_ok=True)
    with default_storage.open(key, "rb") as stored, tarfile.open(fileobj=stored, mode="r:") as archive:
        archive.extractall(folder, filter="data")


def cut(sheet: Path) -> list[bytes]:
    """Each photograph of a sheet as a JPEG: grey, colored and true side by side."""
    with Image.open(sheet) as image:
        margin = GAP if image.width % 3 else 0  # a sheet of one photograph has none
        side = (image.width - 2 * margin) // 3
        tops = range(HEADER + margin, image.height - side + 1, side + GAP)
        return [
            encode_jpeg(image.crop((margin, top, image.width - margin, top + side)), PREVIEW_QUALITY) for top in tops
        ]
