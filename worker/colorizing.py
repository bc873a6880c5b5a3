"""One claim from stored original to stored color picture. Rows are the tasks' and services' matter."""

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from gallery import files, images
from gallery.decoding import PREVIEW_SIDE, THUMB_SIDE, bounded
from gallery.keys import ResultKeys, attempt_folder, new_result_keys
from gallery.models import Cause
from gallery.services import Claim, ColoredFiles
from gallery.variants import VariantSettings
from worker import engine, meters

if TYPE_CHECKING:
    from PIL import Image

    from colorizer.inference import Settings

READER = "colorizer.scans"
STORAGE_AWAY = "The storage of this site did not answer for ten minutes. Your photo is safe; try again later."


def colorize(claim: Claim) -> ColoredFiles:
    """Raises what `in_words` can explain; `discard` removes what was stored until then."""
    from colorizer.file_to_file import color_scan, write_colored
    from colorizer.scans import load
    from colorizer.writing import Target, reduced

    loaded = engine.serving(claim.settings.model_version)
    stages = meters.Stages()
    with tempfile.TemporaryDirectory(dir=settings.PHOTOLAB_TMP) as name:
        folder = Path(name)
        with loaded.colorizer.batcher.coming():
            with stages.of("fetch"):
                original = _copy_original(claim.original_key, folder)
            with stages.of("decode"):
                # As many as this process colors at once, so nobody has to wait for a turn.
                images.read_in_child(READER, original, folder, in_turn=False)
                scan = load(folder)
            with stages.of("color"):
                colored = color_scan(loaded.colorizer, scan, settings=settings_of(claim.settings))
        target = Target(colored.scan.target_format)
        with stages.of("encode"):
            report = write_colored(colored, folder / "result", kind=target)
            preview = reduced(colored.pixels, bounded((report.width, report.height), PREVIEW_SIDE))
        keys = new_result_keys(claim.job_id, claim.attempt, images.EXTENSIONS[target.format])
        with stages.of("store"):
            _store(keys, folder / "result", preview)
    return ColoredFiles(
        image_key=keys.image,
        preview_key=keys.preview,
        thumb_key=keys.thumb,
        format=report.format,
        width=report.width,
        height=report.height,
        byte_size=report.byte_size,
        model_name=loaded.colorizer.card.name,
        model_digest=loaded.colorizer.digest,
        model_version_id=loaded.version.pk,
        settings=claim.settings.everything(),
        stage_s=stages.seconds,
    )


def _store(keys: ResultKeys, picture: Path, preview: "Image.Image") -> None:
    with picture.open("rb") as result:
        files.store(keys.image, File(result))
    files.store(keys.preview, images.encode_preview(preview, PREVIEW_SIDE))
    files.store(keys.thumb, images.encode_preview(preview, THUMB_SIDE))


def settings_of(asked: VariantSettings) -> "Settings":
    """What the colorizer is to be told."""
    from colorizer.hints import Hints
    from colorizer.inference import Settings

    told = asked.everything()
    return Settings(
        vividness=asked.vividness,
        warmth=asked.warmth,
        hints=Hints.parse({"hints": told["hints"], "keep_grey": told["keep_grey"]}),
        network_size=asked.network_size,
        flip_averaged=asked.flip_averaged,
    )


def discard(claim: Claim) -> None:
    """Remove whatever this attempt has stored."""
    files.delete_folder(attempt_folder(claim.job_id, claim.attempt))


def in_words(error: Exception) -> str:
    """Why the photo could not be colored and what to do about it, for its owner."""
    from colorizer import ColorizerError, DeviceFullError, OutOfMemoryError, WeightsError

    match error:
        case images.ImageRefused():
            return str(error)
        case DeviceFullError():
            return (
                "The device that colors had too little memory, even for one photo at a time. Try again later; "
                "if it happens again, tell whoever runs this site."
            )
        case MemoryError() | OutOfMemoryError():
            return "There was too little memory to color this photo. Upload a smaller copy of it."
        case WeightsError():
            return (
                "The trained colors are missing or damaged on this site. Tell whoever runs it; "
                "your photo is safe, and you can try again later."
            )
        case ColorizerError():
            return str(error)
        case SoftTimeLimitExceeded():
            return "Coloring this photo took too long and was stopped. Upload a smaller copy of it."
        case FileNotFoundError():
            return "The original file of this photo is no longer in the storage. Upload it again."
        case _ if files.is_outage(error):
            return STORAGE_AWAY
        case _:
            return (
                "Something unexpected went wrong while coloring this photo. Try again; "
                "if it happens again, tell whoever runs this site."
            )


def cause_of(error: Exception) -> Cause:
    """The same in one word, for whoever counts."""
    from colorizer import ColorizerError, OutOfMemoryError, WeightsError

    match error:
        case MemoryError() | OutOfMemoryError():
            return Cause.MEMORY
        case WeightsError():
            return Cause.WEIGHTS
        case images.ImageRefused() | ColorizerError():
            return Cause.FILE
        case SoftTimeLimitExceeded():
            return Cause.TIME
        case FileNotFoundError():
            return Cause.MISSING
        case _:
            return Cause.OTHER


def _copy_original(key: str, folder: Path) -> Path:
    copy = folder / "original"
    with default_storage.open(key, "rb") as stored, copy.open("wb") as target:
        shutil.copyfileobj(stored, target, 1 << 20)
    return copy
