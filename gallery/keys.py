"""The names under which files are stored. None is ever used twice, so a stored file never changes.

A photo's three files share one folder, and so do all files of one attempt at a job.
"""

import re
from dataclasses import dataclass
from uuid import uuid4

# In both each attempt at a training run has a folder of its own.
WEIGHTS_FOLDER, COMPARISONS_FOLDER = "models", "comparisons"
ATTEMPT = re.compile(r"(\d+)-(\d+)-[0-9a-f]{32}")


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


@dataclass(frozen=True)
class CollectedKeys:
    picture: str
    thumb: str


@dataclass(frozen=True)
class ComparisonKeys:
    candidate: str
    active: str
    grey: str


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


def new_collected_keys() -> CollectedKeys:
    folder = f"collected/{uuid4().hex}"
    return CollectedKeys(f"{folder}/picture.jpg", f"{folder}/thumb.jpg")


def new_shared_key(extension: str) -> str:
    """Of a file made for one link: what it shows may not be told from its name."""
    return f"shared/{uuid4().hex}/copy.{extension}"


def checkpoint_folder(run_id: int) -> str:
    """Whatever any attempt at the training run has stored to go on from; of use only while the run is live."""
    return f"training/{run_id}/checkpoints"


def new_checkpoint_key(run_id: int, attempt: int) -> str:
    return f"{checkpoint_folder(run_id)}/{attempt}-{uuid4().hex}"


def samples_folder(run_id: int) -> str:
    """In it each evaluation has a folder of its own, whose name begins with the attempt."""
    return f"training/{run_id}/samples"


def new_sample_keys(run_id: int, attempt: int, *, step: int, count: int) -> list[str]:
    """Of one evaluation, in the order of its photographs."""
    folder = f"{samples_folder(run_id)}/{attempt}-{step}-{uuid4().hex}"
    return [f"{folder}/{number}.jpg" for number in range(count)]


def new_weights_key(run_id: int, attempt: int) -> str:
    return f"{WEIGHTS_FOLDER}/{run_id}-{attempt}-{uuid4().hex}/weights.safetensors"


def new_shipped_key() -> str:
    """Of the weights that came with the product."""
    return f"{WEIGHTS_FOLDER}/shipped-{uuid4().hex}/weights.safetensors"


def new_comparison_keys(run_id: int, attempt: int, *, count: int) -> list[ComparisonKeys]:
    """Of a candidate's golden photographs, to be judged by eye. The names do not tell which picture is whose."""
    folder = f"{COMPARISONS_FOLDER}/{run_id}-{attempt}-{uuid4().hex}"
    return [ComparisonKeys(*(f"{folder}/{uuid4().hex}.jpg" for _ in range(3))) for _ in range(count)]


def attempt_in(folder: str) -> tuple[int, int] | None:
    """Which attempt at which run has made a folder of weights or comparisons, by its name; None: no attempt has."""
    found = ATTEMPT.fullmatch(folder)
    return found and (int(found[1]), int(found[2]))
