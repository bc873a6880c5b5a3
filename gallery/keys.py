"""The names under which files are stored. None is ever used twice, so a stored file never changes.

A photo's three files share one folder, and so do all files of one attempt at a job.
"""

from dataclasses import dataclass
from uuid import uuid4


@dataclass(frozen=True)
class PhotoKeys:
    original: str
    preview: str
    thumb: str


@dataclass(frozen=True)
class ResultKeys:
    image: str
    preview: str
    thumb: str


def new_photo_keys(extension: str) -> PhotoKeys:
    """`extension` comes from the bytes (images.EXTENSIONS), never from the uploaded name."""
    folder = f"photos/{uuid4().hex}"
    return PhotoKeys(f"{folder}/original.{extension}", f"{folder}/preview.jpg", f"{folder}/thumb.jpg")


def new_result_keys(job_id: int, attempt: int, extension: str) -> ResultKeys:
    folder = f"{attempt_folder(job_id, attempt)}/{uuid4().hex}"
    return ResultKeys(f"{folder}/image.{extension}", f"{folder}/preview.jpg", f"{folder}/thumb.jpg")


def attempt_folder(job_id: int, attempt: int) -> str:
    return f"{job_folder(job_id)}/{attempt}"


def job_folder(job_id: int) -> str:
    """Below it lies whatever any attempt at the job has stored, whether it became a Result or not."""
    return f"results/{job_id}"
