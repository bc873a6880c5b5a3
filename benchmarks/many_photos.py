"""A great many photographs of one account, put straight into a site's data folder: rows, and files linked to a few.

For the benchmarks that need them; uploading two thousand takes a quarter of an hour.
"""

import io
import os
import random
from datetime import date
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from PIL import Image

from gallery import files
from gallery.keys import new_photo_keys, new_result_keys
from gallery.models import DatePrecision, Job, JobState, ModelVersion, Photo, Result
from gallery.services import active_version

SHAPES = ((3, 2), (2, 3), (4, 3), (1, 1), (5, 4), (16, 9))
BATCH = 1000
PREVIEW_SIDE, THUMB_SIDE = 1600, 480


def seed(user_name: str, count: int, *, side: int = 640, own_files: bool = True) -> None:
    """In color, by the active version; the long side has `side` pixels.

    Without `own_files` all rows name the same few files, so that a hundred thousand take seconds; delete none of them.
    """
    owner = User.objects.get(username=user_name)
    models = [_model_of(shape, side) for shape in SHAPES]
    chance, version = random.Random(1), active_version()
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        made = [_photo(owner, number, *models[chance.randrange(len(models))], own_files) for number in numbers]
        photos = Photo.objects.bulk_create(photo for photo, _ in made)
        jobs = Job.objects.bulk_create(Job(photo=photo, status=JobState.DONE) for photo in photos)
        Result.objects.bulk_create(
            _result(job, keys, version, own_files) for job, (_, keys) in zip(jobs, made, strict=True)
        )


def _model_of(shape: tuple[int, int], side: int) -> tuple[tuple[int, int], dict[str, str]]:
    """Size, and the storage names of one original, result, preview and thumbnail that the others are linked to."""
    across, down = shape
    size = (side, side * down // across) if across >= down else (side * across // down, side)
    noise = Image.effect_noise(size, 60)
    color = Image.merge("RGB", (noise, noise.rotate(180), noise))
    names = {}
    for kind, image, most in (
        ("original", noise, side),
        ("image", color, side),
        ("preview", color, PREVIEW_SIDE),
        ("thumb", color, THUMB_SIDE),
    ):
        small = image.copy()
        small.thumbnail((most, most))
        blob = io.BytesIO()
        small.save(blob, "JPEG", quality=85)
        names[kind] = new_photo_keys("jpg").original
        files.store(names[kind], blob.getvalue())
    return size, names


def _photo(
    owner: User, number: int, size: tuple[int, int], names: dict[str, str], own_files: bool
) -> tuple[Photo, dict[str, str]]:
    keys = new_photo_keys("jpg")
    photo = Photo(
        owner=owner,
        file_name=f"scan {number:05d}.jpg",
        title=f"Farm {number}" if number % 10 == 0 else "",
        taken_on=date(1900 + number % 90, 1, 1),
        taken_precision=DatePrecision.YEAR,
        digest=uuid4().hex * 2,
        format="JPEG",
        width=size[0],
        height=size[1],
        byte_size=_path(names["original"]).stat().st_size,
        has_color=False,
        original_key=_file(names["original"], keys.original, own_files),
        preview_key=_file(names["preview"], keys.preview, own_files),
        thumb_key=_file(names["thumb"], keys.thumb, own_files),
    )
    return photo, names


def _result(job: Job, names: dict[str, str], version: ModelVersion | None, own_files: bool) -> Result:
    keys = new_result_keys(job.pk, 1, "jpg")
    return Result(
        job=job,
        image_key=_file(names["image"], keys.image, own_files),
        preview_key=_file(names["preview"], keys.preview, own_files),
        thumb_key=_file(names["thumb"], keys.thumb, own_files),
        format="JPEG",
        width=job.photo.width,
        height=job.photo.height,
        byte_size=_path(names["image"]).stat().st_size,
        model_name=version.name if version else "none",
        model_digest=version.digest if version else "0" * 64,
        model_version=version,
        duration_s=0.5,
    )


def _path(key: str) -> Path:
    return Path(settings.MEDIA_ROOT) / key


def _file(source: str, name: str, own: bool) -> str:
    """Its storage name: `name`, as another name of the same file, or that of the source itself."""
    if not own:
        return source
    _path(name).parent.mkdir(parents=True, exist_ok=True)
    os.link(_path(source), _path(name))
    return name
