"""Colors a folder of photographs for an account, through the site's own queue: what manage.py colorize_folder does.

The queue's workers have the generator loaded already, the active version colors, and visitors go first. Whoever wants
no site colors directly, with `python -m colorizer colorize`. A run that was ended goes on: what is in the output
folder is passed over, and what was uploaded is known by its bytes.
"""

import os
import shutil
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.core.files.storage import default_storage

from gallery import images, services
from gallery.models import Job, JobState, Priority, Result, Worker
from gallery.queue import QUEUE_COLORIZE
from gallery.variants import SettingsRefused, VariantSettings

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif"})
SAME_FORMAT = {".jpeg": "jpg", ".tiff": "tif", ".heif": "heic"}
AHEAD = 8  # uploaded while the first of them is colored: workers are busy, and little waits when the run is ended
ASK_EVERY_S = 0.3
WITHOUT_WORKER_S = 60.0


class NoWorker(Exception):
    """Nobody colors; what was uploaded waits."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file. `trouble` is empty when the output is there."""

    source: Path
    target: Path | None = None
    trouble: str = ""
    was_there: bool = False


def colorize_folder(
    owner: AbstractBaseUser, source: Path, target: Path, *, recursive: bool, wanted: VariantSettings
) -> Iterator[Outcome]:
    """One outcome for each photograph, by the order of names. Raises NoWorker."""
    under_way: deque[tuple[Path, Job]] = deque()
    for path in photographs_in(source, recursive=recursive):
        place = target / path.relative_to(source)
        if there := written_already(place):
            yield Outcome(path, there, was_there=True)
            continue
        try:
            under_way.append((path, _order(owner, path, wanted)))
        except (images.ImageRefused, SettingsRefused, OSError) as trouble:
            yield Outcome(path, trouble=str(trouble))
        if len(under_way) >= AHEAD:
            yield _collect(*under_way.popleft(), source, target)
    services.say_all_sent(owner)
    while under_way:
        yield _collect(*under_way.popleft(), source, target)


def photographs_in(folder: Path, *, recursive: bool) -> list[Path]:
    found = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(path for path in found if path.suffix.lower() in ENDINGS and not path.name.startswith("."))


def written_already(place: Path) -> Path | None:
    """The output of an earlier run, in the source's own format or, after its name, in another."""
    candidates = [place, *(place.with_name(f"{place.name}.{ending}") for ending in images.EXTENSIONS.values())]
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _order(owner: AbstractBaseUser, path: Path, wanted: VariantSettings) -> Job:
    """A job that is done or live; of a photo that is there, the newest with these settings that has not failed."""
    with path.open("rb") as file:
        uploaded = services.upload_photo(owner, File(file, name=path.name), wanted=wanted, priority=Priority.BATCH)
    useful = (JobState.DONE, JobState.QUEUED, JobState.RUNNING)
    jobs = uploaded.photo.jobs.filter(settings_digest=wanted.digest, status__in=useful)
    return jobs.order_by("-pk").first() or services.order_variant(uploaded.photo, wanted)


def _collect(path: Path, job: Job, source: Path, target: Path) -> Outcome:
    """Waits for the job, and writes its result."""
    seen_at = time.monotonic()
    while (job := Job.objects.filter(pk=job.pk).first()) and job.is_live:
        if Worker.objects.serving(QUEUE_COLORIZE).exists():
            seen_at = time.monotonic()
        elif time.monotonic() - seen_at > WITHOUT_WORKER_S:
            raise NoWorker
        time.sleep(ASK_EVERY_S)
    if job is None or job.status != JobState.DONE:
        return Outcome(path, trouble=(job and job.error) or "It was canceled or deleted meanwhile.")
    return Outcome(path, _write(Result.objects.get(job=job), path, target / path.relative_to(source)))


def _write(result: Result, path: Path, place: Path) -> Path:
    """Whole or not at all."""
    ending = images.EXTENSIONS[result.format]
    own = path.suffix.lower()
    if SAME_FORMAT.get(own, own[1:]) != ending:
        place = place.with_name(f"{place.name}.{ending}")
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}.part")
    with default_storage.open(result.image_key, "rb") as stored, partial.open("wb") as file:
        shutil.copyfileobj(stored, file, 1 << 20)
    os.replace(partial, place)
    return place
